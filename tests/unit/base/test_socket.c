#include "base/socket.h"

#include "base/error.h"

#include <sys/stat.h>
#include <unistd.h>

static void test_listens(void)
{
	g_autofree char *folder = g_dir_make_tmp("odr-socket-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "socket", NULL);
	g_autofree char *expected =
		g_strdup_printf("cannot listen at '%s': Address already in use", path);
	g_autoptr(GError) error = NULL;
	struct stat status;
	int listener = -1, other = -1;

	g_assert_true(socket_listen(path, &listener, &error));
	g_assert_cmpint(listener, >=, 0);
	g_assert_cmpint(stat(path, &status), ==, 0);
	g_assert_true(S_ISSOCK(status.st_mode));
	g_assert_false(socket_listen(path, &other, &error));
	g_assert_cmpstr(error->message, ==, expected);
	g_assert_cmpint(other, ==, -1);
	close(listener);
	unlink(path);
	rmdir(folder);
}

static void test_too_long(void)
{
	g_autofree char *path = g_strnfill(108, 'a');
	g_autofree char *expected =
		g_strdup_printf("'%s' is too long a path for a socket: 107 bytes at most", path);
	g_autoptr(GError) error = NULL;
	int listener = -1;

	g_assert_false(socket_listen(path, &listener, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
	g_assert_cmpstr(error->message, ==, expected);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/socket/listens", test_listens);
	g_test_add_func("/socket/refuses-what-is-too-long", test_too_long);
	return g_test_run();
}
