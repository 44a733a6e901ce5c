#include "pg/postmaster.h"

#include "base/error.h"
#include "base/file.h"

#include <glib/gstdio.h>

/* A data directory with this postmaster.pid (NULL: none), and what is told of it. */
static char *conninfo_of(const char *text, GError **error)
{
	g_autofree char *folder = g_dir_make_tmp("odr-postmaster-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "postmaster.pid", NULL);
	char *conninfo;

	if (text)
		g_assert_true(g_file_set_contents(path, text, -1, NULL));
	conninfo = postmaster_conninfo(folder, error);
	if (error && *error) {
		g_auto(GStrv) parts = g_strsplit((*error)->message, folder, -1);
		g_autofree char *message = g_strjoinv("DIR", parts);

		g_free((*error)->message);
		(*error)->message = g_steal_pointer(&message);
	}
	g_assert_true(file_remove_tree(folder, NULL));
	return conninfo;
}

static void test_found(void)
{
	static const struct {
		const char *file, *conninfo;
	} cases[] = {
		/* As of a server on Debian, of one with a socket only, and of one without any. */
		{"4711\n/var/lib/postgresql/15/main\n1764320000\n5432\n/var/run/postgresql\nlocalhost\n"
		 " 1234567   32770\nready   \n",
		 "host='/var/run/postgresql' port='5432' dbname='postgres'"},
		{"4711\n/srv/restored\n1764320000\n5433\n/tmp/it's\\here\n\n 1 2\nstandby \n",
		 "host='/tmp/it\\'s\\\\here' port='5433' dbname='postgres'"},
		{"4711\n/srv/restored\n1764320000\n5434\n\n10.0.0.7\n 1 2\nready   \n",
		 "host='10.0.0.7' port='5434' dbname='postgres'"},
		{"4711\n/srv/restored\n1764320000\n5434\n\n*\n",
		 "host='localhost' port='5434' dbname='postgres'"},
		/* A folder whose name is no UTF-8. */
		{"4711\n/srv/\xff\n1764320000\n5432\n/tmp\n",
		 "host='/tmp' port='5432' dbname='postgres'"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *conninfo = conninfo_of(cases[i].file, &error);

		g_assert_no_error(error);
		g_assert_cmpstr(conninfo, ==, cases[i].conninfo);
	}
}

static void test_refused(void)
{
	static const char *const starting =
		"the server in 'DIR' tells no place to reach it at: it is only starting, or listens nowhere";
	static const struct {
		const char *file, *message;
	} cases[] = {
		{NULL, "no server runs in 'DIR': start it first"},
		{"", starting},
		{"4711\n/srv\n1764320000\n5432\n", starting},
		{"4711\n/srv\n1764320000\n5432\n\n\n 1 2\nready\n", starting},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(conninfo_of(cases[i].file, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_REFUSED);
		g_assert_cmpstr(error->message, ==, cases[i].message);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pg/postmaster/tells-how-to-reach-the-server-of-a-directory", test_found);
	g_test_add_func("/pg/postmaster/says-when-there-is-none", test_refused);
	return g_test_run();
}
