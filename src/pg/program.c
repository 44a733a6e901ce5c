#include "pg/program.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/process.h"

#include <string.h>

#define DEBIAN_FOLDER	 "/usr/lib/postgresql"
#define NEWEST_MAJOR	 18
#define ANSWER_WITHIN_US (10 * USEC_PER_SEC)

int pg_program_major(const char *version)
{
	const char *number = strstr(version, "(PostgreSQL) ");
	char *end;
	guint64 major;

	if (!number)
		return 0;
	number += strlen("(PostgreSQL) ");
	major = g_ascii_strtoull(number, &end, 10);
	return end > number && major <= 999 ? (int)major : 0;
}

static int major_of(const char *path)
{
	struct process_result result = {0};
	int major = 0;

	if (process_run(&(struct process_request){.argv = (const char *const[]){path, "--version",
										NULL},
						  .timeout_us = ANSWER_WITHIN_US},
			&result, NULL) &&
	    result.status == 0)
		major = pg_program_major(result.out);
	process_result_clear(&result);
	return major;
}

static bool fits(const struct pg_program *wanted, const char *path)
{
	int major = g_file_test(path, G_FILE_TEST_IS_EXECUTABLE) ? major_of(path) : 0;

	return wanted->exactly ? major == wanted->major : major >= wanted->major;
}

/* The oldest that fits: nearest to what wrote the data. */
static char *find_debian(const struct pg_program *wanted)
{
	int newest = wanted->exactly ? wanted->major : MAX(wanted->major, NEWEST_MAJOR);

	for (int major = wanted->major; major <= newest; major++) {
		g_autofree char *path =
			g_strdup_printf(DEBIAN_FOLDER "/%d/bin/%s", major, wanted->name);

		if (fits(wanted, path))
			return g_steal_pointer(&path);
	}
	return NULL;
}

static char *find_anywhere(const struct pg_program *wanted)
{
	char *path = find_debian(wanted);
	g_autofree char *along = path ? NULL : g_find_program_in_path(wanted->name);

	return along && fits(wanted, along) ? g_steal_pointer(&along) : path;
}

char *pg_program_find(const struct pg_program *wanted, GError **error)
{
	const char *newer = wanted->exactly ? "" : " or newer";
	g_autofree char *path = wanted->folder
					? g_build_filename(wanted->folder, wanted->name, NULL)
					: find_anywhere(wanted);

	if (path && (!wanted->folder || fits(wanted, path)))
		return g_steal_pointer(&path);
	if (wanted->folder)
		odr_fail(error, ODR_ERROR_NOT_FOUND, "'%s' is no %s of PostgreSQL %d%s", path,
			 wanted->name, wanted->major, newer);
	else
		odr_fail(error, ODR_ERROR_NOT_FOUND,
			 "no %s of PostgreSQL %d%s was found in " DEBIAN_FOLDER
			 " or along PATH; install it, or name its folder with --postgres-bin",
			 wanted->name, wanted->major, newer);
	return NULL;
}
