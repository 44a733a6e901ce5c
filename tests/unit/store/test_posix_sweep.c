#include "posix_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void leave(struct fixture *fixture, const char *name, usec_t age)
{
	g_autofree char *path = g_build_filename(fixture->root, name, NULL);
	g_autofree char *folder = g_path_get_dirname(path);
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
				    {.tv_sec = (g_get_real_time() - age) / USEC_PER_SEC}};

	g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
	g_assert_true(g_file_set_contents(path, "half", 4, NULL));
	g_assert_cmpint(utimensat(AT_FDCWD, path, times, 0), ==, 0);
}

static bool is_there(struct fixture *fixture, const char *name)
{
	g_autofree char *path = g_build_filename(fixture->root, name, NULL);
	struct stat status;

	return lstat(path, &status) == 0;
}

static struct store_swept sweep(struct fixture *fixture, const char *folder, bool only_count)
{
	struct store_sweep how = {.age = USEC_PER_DAY, .only_count = only_count};
	struct store_swept swept;
	g_autoptr(GError) error = NULL;

	store_sweep(fixture->store, folder, &how, &swept, &error);
	g_assert_no_error(error);
	return swept;
}

static void test_sweep(struct fixture *fixture, gconstpointer data)
{
	static const char *const dead[] = {"s/.revoked.00112233445566aa.tmp",
					   "s/pack/g/ab/.ab12.0123456789abcdef.tmp"};
	static const char *const others[] = {
		"s/wal/1/.x.3.tmp",
		"s/wal/1/.x.0123456789ABCDEF.tmp",
		"s/wal/1/.nfs000000000123456700000001",
		"s/wal/1/..0123456789abcdef.tmp",
		"s/wal/1/x.0123456789abcdef.tmp",
		"t/.x.0123456789abcdef.tmp",
	};
	g_autofree char *link = g_build_filename(fixture->root, "s/.x.aaaaaaaaaaaaaaaa.tmp", NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(dead); i++)
		leave(fixture, dead[i], USEC_PER_DAY + 60 * USEC_PER_SEC);
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		leave(fixture, others[i], 300 * USEC_PER_DAY);
	leave(fixture, "s/set/.1.0123456789abcdef.tmp", USEC_PER_DAY - 60 * USEC_PER_SEC);
	g_assert_cmpint(symlink("/etc/passwd", link), ==, 0);
	g_assert_true(put(fixture, "s/set/1", "x", NULL));

	g_assert_cmpuint(sweep(fixture, "nowhere", false).drafts, ==, 0);
	g_assert_cmpuint(sweep(fixture, "s", true).drafts, ==, 2);
	g_assert_true(is_there(fixture, dead[0]));

	struct store_swept swept = sweep(fixture, "s", false);

	g_assert_cmpuint(swept.drafts, ==, 2);
	g_assert_cmpuint(swept.bytes, ==, 8);
	for (size_t i = 0; i < G_N_ELEMENTS(dead); i++)
		g_assert_false(is_there(fixture, dead[i]));
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		g_assert_true(is_there(fixture, others[i]));
	g_assert_true(is_there(fixture, "s/set/.1.0123456789abcdef.tmp"));
	g_assert_true(is_there(fixture, "s/.x.aaaaaaaaaaaaaaaa.tmp"));
	g_assert_false(is_there(fixture, "s/pack"));
	assert_holds(fixture, "s/set/1", "x");
	g_assert_cmpuint(sweep(fixture, "s", false).drafts, ==, 0);
	g_assert_cmpuint(files_in(fixture, "s/wal/1"), ==, 5);
}

int main(int argc, char **argv)
{
	static const struct posix_test tests[] = {
		{"/posix/sweep/removes-what-dead-writers-left", test_sweep},
	};

	g_test_init(&argc, &argv, NULL);
	return posix_tests_run(tests, G_N_ELEMENTS(tests));
}
