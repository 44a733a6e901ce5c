#include "pg/session.h"

#include "base/error.h"
#include "base/file.h"

#include <string.h>

/* What libpq says of these quotes the piece it stumbled over, which may be of a password. */
static void test_malformed(void)
{
	static const char *const wrong[] = {
		"password=my secret",
		"host=localhost password='open",
		"postgresql://user:secret@[::1",
		"no_such_option=secret",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(session_open(wrong[i], "run", &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
		g_assert_cmpstr(error->message, ==,
				"the connection string of the server is not one that libpq "
				"understands: write keyword=value pairs or a postgresql:// URI");
	}
}

static void test_unreachable(void)
{
	g_autofree char *folder = g_dir_make_tmp("odr-session-XXXXXX", NULL);
	g_autofree char *conninfo = g_strdup_printf("host=%s dbname=postgres user=u", folder);
	g_autoptr(GError) error = NULL;

	g_assert_null(session_open(conninfo, NULL, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_UNREACHABLE);
	g_assert_true(g_str_has_prefix(error->message, "cannot connect to the server: "));
	g_assert_null(strchr(error->message, '\n'));
	file_remove_tree(folder, NULL);
}

static void test_clear(void)
{
	struct session_server server = {.config_file = g_strdup("/c")};
	struct session_archiver archiver = {.last_failed = g_strdup("x")};
	struct session_backup_stop stop = {.label = g_strdup("l")};

	session_server_clear(&server);
	session_server_clear(&server);
	session_archiver_clear(&archiver);
	session_archiver_clear(&archiver);
	session_backup_stop_clear(&stop);
	session_backup_stop_clear(&stop);
	session_free(NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pg/session/a-malformed-conninfo-is-refused-and-not-repeated",
			test_malformed);
	g_test_add_func("/pg/session/a-missing-server-is-unreachable", test_unreachable);
	g_test_add_func("/pg/session/clearing-twice-is-harmless", test_clear);
	return g_test_run();
}
