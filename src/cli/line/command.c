#include "cli/line/command.h"

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/line/help.h"
#include "cli/line/output.h"
#include "cli/program/program.h"
#include "cli/tables/tables.h"

#include <stdio.h>
#include <string.h>

static const struct command_section sections[] = {
	{"Set up", setting_up},
	{"Protect", protecting},
	{"Called by PostgreSQL", archive_commands},
	{"Recover", recovering},
	{"Incident", incidents},
	{"Watch", watching},
	{"Drill", drilling},
	{"Report", reporting},
	{"Prove", proving},
	{NULL},
};
const struct command_set all_commands = {sections, global_options};

/* A question about the tool itself; what it prints is the result. */
static int answer(const struct arguments *arguments)
{
	if (arguments_flag(arguments, "version"))
		puts(PACKAGE_STRING);
	else if (arguments_flag(arguments, "dump-options"))
		help_dump_options(&all_commands, stdout);
	else if (arguments_flag(arguments, "dump-completion"))
		help_dump_completion(&all_commands, stdout);
	else if (arguments->command)
		help_command(&all_commands, arguments->command, stdout);
	else if (arguments->positional->len == 0 ||
		 !help_family(&all_commands, arguments->positional, stdout))
		help_overview(&all_commands, stdout);
	return fflush(stdout) == 0 ? 0 : 1;
}

static bool asks(const struct arguments *arguments)
{
	return !arguments->command || arguments_flag(arguments, "help") ||
	       arguments_flag(arguments, "version") || arguments_flag(arguments, "dump-options") ||
	       arguments_flag(arguments, "dump-completion");
}

static void report(const GError *error, int status, bool as_json)
{
	log_error("%s", error->message);
	if (!as_json)
		return;

	g_autoptr(JsonValue) document = json_object();

	json_set_int(document, "code", status);
	json_set_string(document, "message", error->message);

	g_autofree char *text = json_print(document);

	/* The type first, as in the lines on stdout. */
	fprintf(stderr, "{\"message_type\":\"exit_error\",%s\n", text + 1);
}

/* PostgreSQL takes 2 for "no such file": where archive-get may have been meant, be louder. */
static int unparsed_status(int argc, char **argv, const GError *error)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "archive-get") == 0)
			return 126;
	}
	return odr_error_exit_status(error);
}

static bool wants_json(int argc, char **argv)
{
	return g_strv_contains((const char *const *)argv + (argc > 0), "--json");
}

int command_main(int argc, char **argv)
{
	g_auto(Arguments) arguments = {0};
	g_autoptr(GError) error = NULL;
	int status;

	if (argc <= 1) {
		help_overview(&all_commands, stderr);
		return 2;
	}
	if (!arguments_parse(&all_commands, argc, argv, &arguments, &error)) {
		status = unparsed_status(argc, argv, error);
		report(error, status, wants_json(argc, argv));
		return status;
	}
	if (asks(&arguments))
		return answer(&arguments);
	output_begin(&arguments);
	status = program_begin(&arguments, &error) ? program_run(&arguments, &error)
						   : program_failure_status(&arguments, error);
	if (error)
		report(error, status, arguments_flag(&arguments, "json"));
	return status;
}
