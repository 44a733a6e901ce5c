#include "drill/check/host.h"

#include <glib/gstdio.h>
#include <string.h>

static void test_logs(void)
{
	static char *forbid[] = {(char *)"PANIC|FATAL", NULL},
		    *allow[] = {(char *)"harmless", NULL};
	g_autofree char *endless = g_strnfill(20000, 'x');
	g_autofree char *long_line = g_strconcat(endless, " FATAL: far behind\n", NULL);
	const struct {
		const char *text;
		gssize size;
		enum drill_check_status status;
	} cases[] = {
		{"all is well\n", -1, DRILL_CHECK_PASS},
		{"FATAL: no\n", -1, DRILL_CHECK_FAIL},
		{"FATAL: harmless\n", -1, DRILL_CHECK_PASS},
		{"FATAL: the last line", -1, DRILL_CHECK_FAIL},
		{"all is\0 FATAL: well\n", 20, DRILL_CHECK_FAIL},
		{"\xff\xfe FATAL: no text\n", -1, DRILL_CHECK_FAIL},
		{long_line, -1, DRILL_CHECK_FAIL},
		{"", 0, DRILL_CHECK_UNASSESSED},
	};
	g_autofree char *path = g_build_filename(g_get_tmp_dir(), "odr-test-host.log", NULL);
	const struct plan_check check = {
		.name = (char *)"log", .type = PLAN_CHECK_LOG, .forbid = forbid, .allow = allow};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(DrillCheckResult) result = drill_check_result_new(&check, NULL, NULL);

		g_assert_true(g_file_set_contents(path, cases[i].text, cases[i].size, NULL));
		drill_check_log(path, NULL, result);
		g_assert_cmpint(result->status, ==, cases[i].status);
	}
	g_unlink(path);

	g_autoptr(DrillCheckResult) result = drill_check_result_new(&check, NULL, NULL);

	drill_check_log(path, NULL, result);
	g_assert_cmpint(result->status, ==, DRILL_CHECK_UNASSESSED);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/host/whatever-a-log-holds-is-looked-at", test_logs);
	return g_test_run();
}
