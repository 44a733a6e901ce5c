#include "pg/program.h"

#include "base/error.h"
#include "base/file.h"

#include <glib/gstdio.h>

static void test_major(void)
{
	static const struct {
		const char *version;
		int major;
	} cases[] = {
		{"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", 15},
		{"pg_dump (PostgreSQL) 18beta1\n", 18},
		{"pg_dump (PostgreSQL) 9.6.24\n", 9},
		{"postgres (EnterpriseDB) 15.1\n", 0},
		{"(PostgreSQL) ", 0},
		{"(PostgreSQL) 4294967297", 0},
		{"", 0},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(pg_program_major(cases[i].version), ==, cases[i].major);
}

static void make_program(const char *folder, const char *name, const char *script)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	g_assert_true(g_file_set_contents(path, script, -1, NULL));
	g_assert_cmpint(g_chmod(path, 0755), ==, 0);
}

static char *find(const char *folder, const char *name, int major, bool exactly, GError **error)
{
	return pg_program_find(
		&(struct pg_program){
			.name = name, .folder = folder, .major = major, .exactly = exactly},
		error);
}

static void test_folder(void)
{
	g_autofree char *folder = g_dir_make_tmp("odr-program-XXXXXX", NULL);
	g_autofree char *expected = g_build_filename(folder, "pg_dump", NULL);
	g_autofree char *found = NULL;
	g_autoptr(GError) error = NULL;

	make_program(folder, "pg_dump", "#!/bin/sh\necho 'pg_dump (PostgreSQL) 16.4'\n");
	make_program(folder, "postgres", "#!/bin/sh\nexit 1\n");
	found = find(folder, "pg_dump", 15, false, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(found, ==, expected);

	g_assert_null(find(folder, "pg_dump", 15, true, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_NOT_FOUND);
	g_autofree char *message = g_strdup_printf("'%s' is no pg_dump of PostgreSQL 15", expected);
	g_assert_cmpstr(error->message, ==, message);
	g_clear_error(&error);

	g_assert_null(find(folder, "pg_dump", 17, false, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_null(find(folder, "postgres", 15, true, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_NOT_FOUND);
	file_remove_tree(folder, NULL);
}

static void test_nowhere(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(find(NULL, "no_such_program", 15, true, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_NOT_FOUND);
	g_assert_cmpstr(error->message, ==,
			"no no_such_program of PostgreSQL 15 was found in /usr/lib/postgresql or "
			"along PATH; install it, or name its folder with --postgres-bin");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pg/program/major-of-a-version", test_major);
	g_test_add_func("/pg/program/in-a-folder", test_folder);
	g_test_add_func("/pg/program/nowhere", test_nowhere);
	return g_test_run();
}
