#include "base/error.h"

#include "base/stop.h"

#include <errno.h>
#include <signal.h>

static void test_fail(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(odr_fail(&error, ODR_ERROR_CORRUPT, "page %u has a wrong checksum", 7u));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	g_assert_cmpstr(error->message, ==, "page 7 has a wrong checksum");
	g_assert_false(odr_fail(NULL, ODR_ERROR_CORRUPT, "nobody asks"));
}

static void test_errno(void)
{
	static const struct {
		int errnum;
		enum odr_error code;
	} cases[] = {
		{ENOENT, ODR_ERROR_NOT_FOUND}, {EEXIST, ODR_ERROR_EXISTS},
		{ENOSPC, ODR_ERROR_NO_SPACE},  {EDQUOT, ODR_ERROR_NO_SPACE},
		{EACCES, ODR_ERROR_AUTH},      {EPERM, ODR_ERROR_AUTH},
		{EIO, ODR_ERROR_SYSTEM},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(odr_fail_errno(&error, cases[i].errnum, "cannot open '%s'", "x"));
		g_assert_error(error, ODR_ERROR, (int)cases[i].code);
		if (cases[i].errnum == ENOENT)
			g_assert_cmpstr(error->message, ==,
					"cannot open 'x': No such file or directory");
	}
}

static void test_context(void)
{
	g_autoptr(GError) error = NULL;
	GError *none = NULL;

	odr_fail(&error, ODR_ERROR_AUTH, "HTTP 403");
	g_assert_false(odr_context(&error, "cannot read '%s'", "set/1"));
	g_assert_false(odr_context(&error, "cannot load the set"));
	g_assert_cmpstr(error->message, ==, "cannot load the set: cannot read 'set/1': HTTP 403");
	g_assert_true(odr_error_is(error, ODR_ERROR_AUTH));
	g_assert_false(odr_error_is(error, ODR_ERROR_SYSTEM));
	g_assert_false(odr_error_is(NULL, ODR_ERROR_SYSTEM));

	g_assert_false(odr_context(&none, "nothing failed"));
	g_assert_no_error(none);
	g_assert_false(odr_context(NULL, "nobody asks"));
}

static void test_exit_status(void)
{
	static const struct {
		enum odr_error code;
		int status;
	} cases[] = {
		{ODR_ERROR_SYSTEM, 1},	     {ODR_ERROR_EXISTS, 1},
		{ODR_ERROR_USAGE, 2},	     {ODR_ERROR_PARTIAL, 3},
		{ODR_ERROR_FAILED, 4},	     {ODR_ERROR_REFUSED, 6},
		{ODR_ERROR_NOT_FOUND, 7},    {ODR_ERROR_SOURCE_DAMAGED, 9},
		{ODR_ERROR_UNREACHABLE, 10}, {ODR_ERROR_BUSY, 11},
		{ODR_ERROR_AUTH, 12},	     {ODR_ERROR_CORRUPT, 13},
		{ODR_ERROR_NO_SPACE, 14},    {ODR_ERROR_TRANSIENT, 75},
		{ODR_ERROR_STOPPED, 130},
	};
	g_autoptr(GError) foreign = g_error_new_literal(G_FILE_ERROR, G_FILE_ERROR_NOENT, "gone");
	g_autoptr(GError) stopped = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		odr_fail(&error, cases[i].code, "it");
		g_assert_cmpint(odr_error_exit_status(error), ==, cases[i].status);
	}
	g_assert_cmpint(odr_error_exit_status(NULL), ==, 0);
	g_assert_cmpint(odr_error_exit_status(foreign), ==, 1);

	stop_request(SIGTERM);
	stop_check(&stopped);
	g_assert_cmpint(odr_error_exit_status(stopped), ==, 143);
	stop_request(0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/error/fail/says-what-happened", test_fail);
	g_test_add_func("/error/errno/chooses-the-code-by-the-reaction", test_errno);
	g_test_add_func("/error/context/comes-before-the-cause", test_context);
	g_test_add_func("/error/exit-status/is-the-documented-one", test_exit_status);
	return g_test_run();
}
