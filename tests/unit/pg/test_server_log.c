#include "pg/server_log.h"

#include "base/file.h"

#include <string.h>

static char *folder;

static void times(void)
{
	g_assert_cmpint(server_log_time("2026-11-28 03:14:37.123 UTC [12] LOG:  x"), ==,
			1795835677123000);
	g_assert_cmpint(server_log_time("2026-11-28 03:14:37.123 CET [12] LOG:  x"), ==, 0);
	g_assert_cmpint(server_log_time("\tat character 15"), ==, 0);
	g_assert_cmpint(server_log_time(""), ==, 0);
}

static void recovery(void)
{
	static const char text[] =
		"2026-11-28 03:14:37.100 UTC [7] LOG:  starting PostgreSQL 17.2\n"
		"2026-11-28 03:14:37.200 UTC [9] LOG:  redo starts at 0/2000028\n"
		"2026-11-28 03:14:37.300 UTC [9] LOG:  consistent recovery state reached at 0/2000100\n"
		"2026-11-28 03:14:38.000 UTC [9] LOG:  recovery stopping before commit of transaction "
		"745, time 2026-11-28 03:10:00.5+00\n"
		"2026-11-28 03:14:38.001 UTC [9] LOG:  pausing at the end of recovery\n"
		"2026-11-28 03:14:39.000 UTC [9] LOG:  selected new timeline ID: 12\n"
		"2026-11-28 03:14:39.500 UTC [9] LOG:  archive recovery complete\n"
		"2026-11-28 03:14:39.600 UTC [7] LOG:  database system is ready to accept connections\n";
	g_autofree char *path = g_build_filename(folder, "log", NULL);
	struct server_log_recovery got;
	g_autoptr(GError) error = NULL;
	usec_t second = server_log_time("2026-11-28 03:14:37.000 UTC ");

	g_assert_true(g_file_set_contents(path, text, (gssize)strlen(text), NULL));
	g_assert_true(server_log_recovery(path, &got, &error));
	g_assert_cmpint(got.began - second, ==, 100000);
	g_assert_cmpint(got.redo_began - second, ==, 200000);
	g_assert_cmpint(got.consistent - second, ==, 300000);
	g_assert_cmpint(got.stopped - second, ==, 1000000);
	g_assert_cmpint(got.pausing - second, ==, 1001000);
	g_assert_cmpint(got.promoted - second, ==, 2500000);
	g_assert_cmpint(got.ready - second, ==, 2600000);
	g_assert_cmpuint(got.timeline, ==, 12);
	g_assert_cmpstr(got.stop, ==,
			"recovery stopping before commit of transaction 745, time 2026-11-28 "
			"03:10:00.5+00");
	server_log_recovery_clear(&got);
}

static void no_log(void)
{
	struct server_log_recovery got;
	g_autoptr(GError) error = NULL;

	g_assert_false(server_log_recovery("/nonexistent/log", &got, &error));
	g_assert_cmpstr(error->message, ==,
			"cannot read '/nonexistent/log': No such file or directory");
}

int main(int argc, char **argv)
{
	int result;

	g_test_init(&argc, &argv, NULL);
	folder = g_dir_make_tmp("odr-server-log-XXXXXX", NULL);
	g_test_add_func("/pg/server-log/times", times);
	g_test_add_func("/pg/server-log/recovery", recovery);
	g_test_add_func("/pg/server-log/no-log", no_log);
	result = g_test_run();
	file_remove_tree(folder, NULL);
	g_free(folder);
	return result;
}
