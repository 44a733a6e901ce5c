#include "cli/line/arguments.h"
#include "cli/settings/settings.h"

const struct command_option global_options[] = {
	{"config", 'c', OPTION_TEXT, "FILE", "configuration (" SETTINGS_FILE ")"},
	{"kit", 0, OPTION_TEXT, "FILE", "recovery kit, instead of configuration and identity"},
	{"repository", 0, OPTION_TEXT, "NAME", "only this repository of the service"},
	{"identity", 0, OPTION_TEXT, "FILE", "file with the key that opens sets"},
	{"passphrase-file", 0, OPTION_TEXT, "FILE", "take the passphrase from here, do not ask"},
	{"json", 0, OPTION_FLAG, NULL, "results as JSON"},
	{"quiet", 'q', OPTION_FLAG, NULL, "say nothing unless it fails"},
	{"verbose", 'v', OPTION_FLAG, NULL, "say more"},
	{"no-input", 0, OPTION_FLAG, NULL, "never ask; fail where an answer is needed"},
	{"confirm", 0, OPTION_TEXT, "SERVICE", "confirm a destructive step without being asked"},
	{"lock-wait", 0, OPTION_TEXT, "DURATION", "how long to wait for another run (10min)"},
	{"progress", 0, OPTION_TEXT, "auto|none|plain|json", "how progress is shown (auto)"},
	{"no-color", 0, OPTION_FLAG, NULL, "no colours, as with NO_COLOR in the environment"},
	{"log-format", 0, OPTION_TEXT, "text|json|journal", "form of messages on stderr (text)"},
	{"log-file", 0, OPTION_TEXT, "FILE", "append messages to this file instead of stderr"},
	{"help", 'h', OPTION_FLAG, NULL, "show help of the command and end"},
	{"version", 0, OPTION_FLAG, NULL, "show the version and end"},
	{"dump-options", 0, OPTION_FLAG, NULL, NULL},
	{"dump-completion", 0, OPTION_FLAG, NULL, NULL},
	{NULL},
};
