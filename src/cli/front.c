/*
 * The small program. PostgreSQL calls archive-push and archive-get for every segment: they run here,
 * started in a few milliseconds, without libpq, SQLite and jansson. All else is handed to odrbackup-main.
 */
#include "base/error.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* It lies below ../libexec when installed, and beside this one in the build tree. */
static int run_big_program(char **argv)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *directory = g_path_get_dirname(self ? self : "odrbackup");
	g_autofree char *installed =
		g_build_filename(directory, "../libexec/odrbackup/odrbackup-main", NULL);
	g_autofree char *beside = g_build_filename(directory, "odrbackup-main", NULL);
	const char *const places[] = {installed, beside, ODR_PKGLIBEXECDIR "/odrbackup-main"};

	for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
		execv(places[i], argv);
	fprintf(stderr, "odrbackup: error: cannot run odrbackup-main: %s\n", g_strerror(errno));
	return 126;
}

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
		return run_big_program(argv);
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

	return command ? run_archive_command(command, argc, argv) : run_big_program(argv);
}
