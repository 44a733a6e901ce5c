#include "pg/client.h"

#include "base/error.h"
#include "base/file.h"

#include <glib/gstdio.h>
#include <string.h>

static void test_service(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = pg_client_service("host=/tmp user='o''k' dbname=postgres "
						  "password='a b'",
						  "shop", &error);

	g_assert_null(text); /* '' is no escape in connection strings */
	g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
	g_clear_error(&error);

	text = pg_client_service("host=/tmp user='o\\'k' dbname=postgres password='a b'", "shop",
				 &error);
	g_assert_no_error(error);
	g_assert_nonnull(strstr(text, "[odrbackup]\n"));
	g_assert_nonnull(strstr(text, "\nhost=/tmp\n"));
	g_assert_nonnull(strstr(text, "\nuser=o'k\n"));
	g_assert_nonnull(strstr(text, "\npassword=a b\n"));
	g_assert_nonnull(strstr(text, "\ndbname=shop\n"));
	g_assert_null(strstr(text, "postgres"));
}

static void test_bare_name(void)
{
	g_autofree char *text = pg_client_service("postgres", "shop", NULL);

	g_assert_cmpstr(text, ==, "[odrbackup]\ndbname=shop\n");
}

static void test_line_breaks(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(pg_client_service("host='/tmp\nport=1'", "shop", &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
	g_clear_error(&error);
	g_assert_null(pg_client_service("host=/tmp", "shop\nhost=elsewhere", &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
}

/* The program sees the file while it runs, and not the secret among its arguments; then the file is gone. */
static void test_run(void)
{
	g_autofree char *folder = g_dir_make_tmp("odr-client-XXXXXX", NULL);
	g_autofree char *script = g_build_filename(folder, "program", NULL);
	g_autofree char *seen = g_build_filename(folder, "seen", NULL);
	g_autofree char *service = g_build_filename(folder, "pg_service.conf", NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	struct pg_client client = {.program = script,
				   .conninfo = "host=/tmp password=secret",
				   .database = "shop",
				   .arguments = (const char *const[]){seen, NULL},
				   .folder = folder};

	g_assert_true(g_file_set_contents(script,
					  "#!/bin/sh\n"
					  "{ echo \"$1 $2\"; stat -c %a \"$PGSERVICEFILE\"; "
					  "grep -c password=secret \"$PGSERVICEFILE\"; } > \"$3\"\n"
					  "echo 'it went wrong' >&2\nexit 3\n",
					  -1, NULL));
	g_chmod(script, 0755);
	g_assert_false(pg_client_run(&client, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_FAILED);
	g_assert_cmpstr(error->message, ==, "program failed (status 3): it went wrong");
	g_assert_true(g_file_get_contents(seen, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "--dbname=service=odrbackup --no-password\n600\n1\n");
	g_assert_false(g_file_test(service, G_FILE_TEST_EXISTS));
	file_remove_tree(folder, NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pg/client/service-file", test_service);
	g_test_add_func("/pg/client/bare-name-of-a-database", test_bare_name);
	g_test_add_func("/pg/client/refuses-line-breaks", test_line_breaks);
	g_test_add_func("/pg/client/secrets-are-in-no-argument", test_run);
	return g_test_run();
}
