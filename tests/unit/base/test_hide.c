#include "base/hide.h"

#include "base/socket.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static char *folder;

static bool has(const GPtrArray *paths, const char *path)
{
	for (guint i = 0; i < paths->len; i++)
		if (g_strcmp0(paths->pdata[i], path) == 0)
			return true;
	return false;
}

static void what_stays(void)
{
	g_assert_true(path_is_within("/a/b", "/a"));
	g_assert_true(path_is_within("/a", "/a"));
	g_assert_false(path_is_within("/ab", "/a"));
	g_assert_false(path_is_within("/", "/a"));
}

/* A folder where programs keep sockets goes as a whole, unless something in it is needed. */
static void folders(void)
{
	g_autofree char *program = g_build_filename(folder, "program", NULL);
	const char *const none[] = {"relative/is/passed/over", NULL};
	const char *const needed[] = {folder, NULL};
	const char *const argv[] = {program, "-h", "/run", NULL};
	struct hiding hiding;

	hiding_make(&(struct hiding_request){.in_sight = none, .argv = none}, &hiding);
	g_assert_true(has(hiding.folders, "/run"));
	g_assert_true(has(hiding.folders, "/tmp"));
	g_assert_null(hiding.folders->pdata[hiding.folders->len - 1]);
	hiding_clear(&hiding);
	hiding_make(&(struct hiding_request){.in_sight = needed, .argv = none}, &hiding);
	g_assert_true(has(hiding.folders, "/run"));
	g_assert_false(has(hiding.folders, "/tmp"));
	hiding_clear(&hiding);
	/* A program stays; a folder that it is told of does not. */
	g_assert_true(g_file_set_contents(program, "", 0, NULL));
	hiding_make(&(struct hiding_request){.in_sight = none, .argv = argv}, &hiding);
	g_assert_true(has(hiding.folders, "/run"));
	g_assert_false(has(hiding.folders, "/tmp"));
	hiding_clear(&hiding);
	unlink(program);
}

/* There each socket goes by itself, but for those that are needed. */
static void sockets(void)
{
	g_autofree char *inside = g_build_filename(folder, "own", NULL);
	g_autofree char *own = g_build_filename(inside, "a socket", NULL);
	g_autofree char *other = g_build_filename(folder, "other", NULL);
	g_autofree char *gone = g_build_filename(folder, "gone", NULL);
	const char *const needed[] = {inside, NULL};
	const char *const argv[] = {other, NULL};
	g_autoptr(GPtrArray) seen = NULL;
	struct hiding hiding;
	int listeners[3];

	g_assert_cmpint(g_mkdir_with_parents(inside, 0700), ==, 0);
	g_assert_true(socket_listen(own, &listeners[0], NULL));
	g_assert_true(socket_listen(other, &listeners[1], NULL));
	g_assert_true(socket_listen(gone, &listeners[2], NULL));
	unlink(gone);
	seen = sockets_in_sight(NULL);
	g_assert_true(has(seen, own));
	g_assert_true(has(seen, other));
	g_assert_false(has(seen, gone));
	hiding_make(&(struct hiding_request){.in_sight = needed, .argv = argv}, &hiding);
	g_assert_false(has(hiding.sockets, own));
	g_assert_true(has(hiding.sockets, other));
	g_assert_null(hiding.sockets->pdata[hiding.sockets->len - 1]);
	hiding_clear(&hiding);
	for (size_t i = 0; i < G_N_ELEMENTS(listeners); i++)
		close(listeners[i]);
	unlink(own);
	unlink(other);
	rmdir(inside);
}

int main(int argc, char **argv)
{
	int failed;

	g_test_init(&argc, &argv, NULL);
	folder = g_strdup("/tmp/odr-hide-XXXXXX");
	g_assert_nonnull(g_mkdtemp(folder));
	g_test_add_func("/hide/knows-what-lies-in-a-folder", what_stays);
	g_test_add_func("/hide/folders-of-sockets", folders);
	g_test_add_func("/hide/sockets-elsewhere", sockets);
	failed = g_test_run();
	rmdir(folder);
	g_free(folder);
	return failed;
}
