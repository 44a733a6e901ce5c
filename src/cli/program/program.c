#include "cli/program/program.h"

#include "base/error.h"
#include "base/log.h"
#include "base/stop.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* systemd tells by "DEVICE:INODE" that stderr leads to the journal. */
static bool stderr_is_journal(void)
{
	const char *stream = g_getenv("JOURNAL_STREAM");
	struct stat status;

	if (!stream || fstat(STDERR_FILENO, &status) != 0)
		return false;

	g_autofree char *own =
		g_strdup_printf("%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);

	return strcmp(stream, own) == 0;
}

static enum log_format log_format_of(const struct arguments *arguments)
{
	const char *text = arguments_text(arguments, "log-format");

	if (text && strcmp(text, "json") == 0)
		return LOG_FORMAT_JSON;
	if (text && strcmp(text, "text") == 0)
		return LOG_FORMAT_TEXT;
	if (stderr_is_journal())
		return LOG_FORMAT_JOURNAL;
	return text ? LOG_FORMAT_PREFIX : LOG_FORMAT_TEXT;
}

bool program_begin(const struct arguments *arguments, GError **error)
{
	bool quiet = arguments_flag(arguments, "quiet");
	bool verbose = arguments_flag(arguments, "verbose");
	struct log_settings settings = {
		.level = quiet	   ? LOG_LEVEL_ERROR
			 : verbose ? LOG_LEVEL_DEBUG
				   : LOG_LEVEL_INFO,
		.format = log_format_of(arguments),
		.file = arguments_text(arguments, "log-file"),
	};

	if (quiet && verbose)
		return odr_fail(error, ODR_ERROR_USAGE, "--quiet and --verbose exclude each other");
	stop_install();
	return log_open(&settings, error);
}

int program_failure_status(const struct arguments *arguments, const GError *error)
{
	if (arguments->command && arguments->command->failure_status)
		return arguments->command->failure_status(error);
	return odr_error_exit_status(error);
}

int program_run(struct arguments *arguments, GError **error)
{
	int status = 0;

	arguments->exit_status = &status;
	arguments->program_path = program_path();
	if (!arguments->command->run(arguments, error))
		return program_failure_status(arguments, *error);
	/* A full disk behind stdout must not look like success. */
	if (fflush(stdout) != 0) {
		odr_fail(error, ODR_ERROR_SYSTEM, "cannot write the result");
		return program_failure_status(arguments, *error);
	}
	return status;
}

char *program_path(void)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *directory = g_path_get_dirname(self ? self : "odrbackup");
	const char *const places[] = {"odrbackup", "../../bin/odrbackup"};

	for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
		g_autofree char *place = g_build_filename(directory, places[i], NULL);

		if (g_file_test(place, G_FILE_TEST_IS_EXECUTABLE) &&
		    !g_file_test(place, G_FILE_TEST_IS_DIR))
			return g_canonicalize_filename(place, NULL);
	}
	return g_strdup("odrbackup");
}

char *program_checks_folder(void)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *directory = g_path_get_dirname(self ? self : "odrbackup");
	g_autofree char *installed =
		g_build_filename(directory, "../../share/odrbackup/checks", NULL);

	return g_file_test(installed, G_FILE_TEST_IS_DIR) ? g_canonicalize_filename(installed, NULL)
							  : g_strdup(ODR_PKGDATADIR "/checks");
}

/* The others lie below ../libexec when installed, and beside this one in the build tree. */
int program_hand_over(const char *program, char **argv)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *directory = g_path_get_dirname(self ? self : "odrbackup");
	g_autofree char *installed =
		g_build_filename(directory, "../libexec/odrbackup", program, NULL);
	g_autofree char *beside = g_build_filename(directory, program, NULL);
	g_autofree char *configured = g_build_filename(ODR_PKGLIBEXECDIR, program, NULL);
	const char *const places[] = {installed, beside, configured};

	for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
		execv(places[i], argv);
	fprintf(stderr, "odrbackup: error: cannot run %s: %s\n", program, g_strerror(errno));
	return 126;
}
