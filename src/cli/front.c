/*
 * The small program. PostgreSQL calls archive-push and archive-get for every segment: they run here,
 * started in a few milliseconds, without libpq, SQLite, jansson and curl. All else, and what needs a store that is not a folder, is handed to odrbackup-main.
 */
#include "base/error.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "crypto/secret.h"
#include "ops/archive/choice.h"
#include "store/driver.h"

#include <string.h>

/* What this program is linked with: curl alone would double its start. */
const struct store_class *const store_classes[] = {&store_posix, NULL};
archive_find_sets *const archive_sets = NULL;

static const struct command *archive_command(int argc, char **argv)
{
	const char *word = arguments_command_word(&archive_set, argc, argv);
	const struct command *command = archive_commands;

	while (word && command->name && strcmp(command->name, word) != 0)
		command++;
	return word && command->name ? command : NULL;
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
		return program_hand_over(argv);
	if (understood && program_begin(&arguments, &error))
		status = program_run(&arguments, &error);
	else
		status = command->failure_status(error);
	if (error)
		log_error("%s: %s", command->name, error->message);
	return status;
}

int main(int argc, char **argv)
{
	const struct command *command = archive_command(argc, argv);

	crypto_alone();
	return command ? run_archive_command(command, argc, argv) : program_hand_over(argv);
}
