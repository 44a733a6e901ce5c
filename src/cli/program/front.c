/*
 * The programs that start quickly. PostgreSQL calls archive-push and archive-get for every segment: they run
 * here, without libpq, SQLite and libarchive, and for a repository that is a folder without curl (front_folder.c).
 * All else is handed on (program.h).
 */
#include "base/error.h"
#include "base/log.h"
#include "cli/line/command.h"
#include "cli/line/commands.h"
#include "cli/program/program.h"
#include "crypto/secret.h"
#include "ops/archive/choice.h"
#include "store/store.h"

#include <string.h>

/* Sets are JSON, and rarely asked. */
archive_find_sets *const archive_sets = NULL;

static const struct command *archive_command(int argc, char **argv)
{
	const char *word = arguments_command_word(&archive_set, argc, argv);
	const struct command *command = archive_commands;

	while (word && command->name && strcmp(command->name, word) != 0)
		command++;
	return word && command->name ? command : NULL;
}

static void tell(const struct command *command, int status, const GError *error)
{
	const bool push = strcmp(command->name, "archive-push") == 0;
	const struct log_event event = {
		.name = push ? "wal.failed" : NULL, .exited = true, .exit_status = status};

	log_write(LOG_LEVEL_ERROR, &event, "%s: %s", command->name, error->message);
}

/* Whatever goes wrong, also before the command line is understood, has the status the command promises. */
static int run_archive_command(const struct command *command, int argc, char **argv)
{
	g_auto(Arguments) arguments = {0};
	g_autoptr(GError) error = NULL;
	bool understood = arguments_parse(&archive_set, argc, argv, &arguments, &error);
	int status;

	if (understood && (!arguments.command || arguments_flag(&arguments, "help") ||
			   arguments_flag(&arguments, "version")))
		return program_hand_over(PROGRAM_MAIN, argv);
	if (understood && program_begin(&arguments, &error))
		status = program_run(&arguments, &error);
	else
		status = command->failure_status(error);
	if (error)
		tell(command, status, error);
	return status;
}

int main(int argc, char **argv)
{
	const struct command *command = archive_command(argc, argv);

	/* TLS looks algorithms up by their names. */
	if (!store_type_known("s3"))
		crypto_alone();
	return command ? run_archive_command(command, argc, argv)
		       : program_hand_over(PROGRAM_MAIN, argv);
}
