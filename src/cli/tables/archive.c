/* The two commands that PostgreSQL calls: of all tables, the small program has this one alone. */
#include "base/error.h"
#include "cli/line/command.h"
#include "cli/line/commands.h"

static const struct command_option push_options[] = {
	{"service", 0, OPTION_TEXT, "NAME", "service the WAL is of"},
	{NULL},
};

static const struct command_option get_options[] = {
	{"service", 0, OPTION_TEXT, "NAME", "service the WAL is of"},
	{"as-of", 0, OPTION_TEXT, "TIME", "leave out what was stored later"},
	{"feeder", 0, OPTION_TEXT, "SOCKET", "ask the drill that listens there"},
	{NULL},
};

/* PostgreSQL's archiver takes more than 125 for a fatal error and starts anew. */
static int push_failure_status(const GError *error)
{
	int status = odr_error_exit_status(error);

	return status > 125 ? 1 : status;
}

/* PostgreSQL takes any status from 1 to 125 for "no such file" and ends recovery: fail louder. */
static int get_failure_status(const GError *error)
{
	(void)error;
	return 126;
}

/* clang-format off */
const struct command archive_commands[] = {
	{"archive-push", "[--service NAME] PATH", "store a WAL file: PostgreSQL's archive_command",
	 "-c " SETTINGS_FILE " archive-push --service erp-prod %p",
	 "odrbackup-archive(1)", 1, 1, push_options, cmd_archive_push, push_failure_status},
	{"archive-get", "[--service NAME] [--as-of TIME | --feeder SOCKET] FILE DEST", "fetch a WAL file: PostgreSQL's restore_command",
	 "-c " SETTINGS_FILE " archive-get --service erp-prod %f %p",
	 "odrbackup-archive(1)", 2, 2, get_options, cmd_archive_get, get_failure_status},
	{NULL},
};
/* clang-format on */

static const struct command_section sections[] = {
	{"Called by PostgreSQL", archive_commands},
	{NULL},
};
const struct command_set archive_set = {sections, global_options};
