#include "base/fault.h"

#include "base/error.h"
#include "base/file.h"
#include "base/stop.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef ODR_FAULT_INJECTION

/* Status of a child with ODR_FAULT=plan that writes three files; its exit status tells how many. */
static int run_child(const char *folder, const char *plan, const char *log)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		int written = 0;

		setenv("ODR_FAULT", plan, 1);
		if (log)
			setenv("ODR_FAULT_LOG", log, 1);
		stop_install();
		for (int i = 0; i < 3; i++) {
			g_autofree char *path = g_strdup_printf("%s/%d", folder, i);
			g_autoptr(GError) error = NULL;

			written += file_write(path, "x", 1, NULL, &error);
			if (odr_error_is(error, ODR_ERROR_NO_SPACE))
				_exit(14);
		}
		_exit(stop_requested() ? 143 : written);
	}
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void test_actions(void)
{
	static const struct {
		const char *plan;
		int status;
		unsigned files;
	} cases[] = {
		{"file.write:1:fail", 2, 2},	{"file.rename:3:fail", 2, 2},
		{"file.fsync:1:fail", 2, 2},	{"file.write:4:fail", 3, 3},
		{"store.put:1:fail", 3, 3},	{"file.write:2:nospace", 14, 1},
		{"file.rename:2:kill", 137, 2}, {"file.write:2:stop", 143, 3},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *folder = g_dir_make_tmp("odr-test-XXXXXX", NULL);
		g_autoptr(GDir) directory = NULL;
		unsigned files = 0;

		g_assert_cmpint(run_child(folder, cases[i].plan, NULL), ==, cases[i].status);
		directory = g_dir_open(folder, 0, NULL);
		while (g_dir_read_name(directory))
			files++;
		g_assert_cmpuint(files, ==, cases[i].files);
		g_assert_true(file_remove_tree(folder, NULL));
	}
}

static void test_log(void)
{
	g_autofree char *folder = g_dir_make_tmp("odr-test-XXXXXX", NULL);
	g_autofree char *log = g_build_filename(folder, "log", NULL);
	g_autofree char *expected = g_strdup_printf("file.rename:2:kill %s/1\n", folder);
	g_autofree char *text = NULL;

	g_assert_cmpint(run_child(folder, "file.rename:2:kill", log), ==, 137);
	g_assert_true(g_file_get_contents(log, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, expected);
	g_assert_true(file_remove_tree(folder, NULL));
}

#else

static void test_nothing(void)
{
	g_setenv("ODR_FAULT", "step:1:fail", TRUE);
	g_assert_true(fault_point("step", "it", NULL));
}

#endif

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#ifdef ODR_FAULT_INJECTION
	g_test_add_func("/fault/point/does-what-was-asked-at-the-kth-passing", test_actions);
	g_test_add_func("/fault/log/tells-what-fired", test_log);
#else
	g_test_add_func("/fault/point/is-nothing-in-a-release", test_nothing);
#endif
	return g_test_run();
}
