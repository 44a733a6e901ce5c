#include "ops/sandbox.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

static char *parent;

static char *inside(const char *name)
{
	return g_build_filename(parent, name, NULL);
}

static void test_made_and_removed(void)
{
	g_autofree char *expected = inside("sandbox-run1");
	g_autofree char *content = inside("sandbox-run1/deep");
	g_autoptr(GError) error = NULL;
	struct sandbox sandbox = {0};
	struct stat status;

	g_assert_true(sandbox_make(parent, "run1", &sandbox, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(sandbox.folder, ==, expected);
	g_assert_cmpint(stat(expected, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 07777, ==, 0700);
	g_assert_cmpint(g_mkdir(content, 0700), ==, 0);
	sandbox_remove(&sandbox);
	g_assert_false(g_file_test(expected, G_FILE_TEST_EXISTS));
	sandbox_remove(&sandbox);
}

/* Dead: its lock is held by nobody. Alive: it is. And whatever else lies there is none of ours. */
static void test_sweeps_the_dead(void)
{
	g_autofree char *dead = inside("sandbox-dead");
	g_autofree char *dead_lock = inside("sandbox-dead/lock");
	g_autofree char *fresh = inside("sandbox-fresh");
	g_autofree char *other = inside("prefetched");
	struct sandbox living = {0}, next = {0};

	g_assert_true(sandbox_make(parent, "living", &living, NULL));
	g_assert_cmpint(g_mkdir(dead, 0700), ==, 0);
	g_assert_true(g_file_set_contents(dead_lock, "1\n", -1, NULL));
	g_assert_cmpint(g_mkdir(fresh, 0700), ==, 0);
	g_assert_true(g_file_set_contents(other, "", 0, NULL));

	g_assert_true(sandbox_make(parent, "next", &next, NULL));
	g_assert_false(g_file_test(dead, G_FILE_TEST_EXISTS));
	g_assert_true(g_file_test(living.folder, G_FILE_TEST_IS_DIR));
	g_assert_true(g_file_test(fresh, G_FILE_TEST_IS_DIR));
	g_assert_true(g_file_test(other, G_FILE_TEST_EXISTS));
	sandbox_remove(&living);
	sandbox_remove(&next);
}

int main(int argc, char **argv)
{
	int result;

	g_test_init(&argc, &argv, NULL);
	parent = g_dir_make_tmp("odr-sandbox-XXXXXX", NULL);
	g_test_add_func("/ops/sandbox/is-private-and-goes", test_made_and_removed);
	g_test_add_func("/ops/sandbox/removes-what-dead-runs-left", test_sweeps_the_dead);
	result = g_test_run();
	file_remove_tree(parent, NULL);
	g_free(parent);
	return result;
}
