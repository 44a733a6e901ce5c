#include "base/error.h"
#include "drill/plan/sql_file.h"

#include <string.h>

static void test_headers(void)
{
	static const char text[] =
		"-- id: a_b  kind: fingerprint  module: sale  odoo: 14-16  (a note)\n"
		"-- needs: t, u.c\n-- more\nSELECT 1;\n";
	g_autoptr(SqlFile) file = NULL;

	g_assert_true(sql_file_parse(text, strlen(text), &file, NULL));
	g_assert_cmpstr(file->id, ==, "a_b");
	g_assert_cmpint(file->kind, ==, SQL_FINGERPRINT);
	g_assert_cmpstr(file->module, ==, "sale");
	g_assert_cmpuint(file->first, ==, 14);
	g_assert_cmpuint(file->last, ==, 16);
	g_assert_cmpuint(file->needs->len, ==, 2);
	g_assert_cmpstr(((struct sql_need *)file->needs->pdata[1])->column, ==, "c");
}

static void test_refusals(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"-- only a comment\n", "it has no statement"},
		{"-- id: a kind: assert\nSELECT 1; SELECT 2;",
		 "it has 2 statements; a file of kind assert has one"},
		{"-- id: a kind: asert\nSELECT 1",
		 "its kind is 'asert'; there are assert, baseline, action, fingerprint, list, metric, info and repair"},
		{"-- id: a kind: assert odoo: new\nSELECT 1",
		 "its versions of Odoo are 'new'; write them as 14-18 or 16"},
		{"-- id: a kind: assert\n-- needs: a.b.c\nSELECT 1",
		 "it needs 'a.b.c'; write table or table.column, with ',' between"},
		{"-- id: a kind: assert\nCOMMIT",
		 "it begins or ends a transaction, which is not its to do"},
		{"/* x */ rollback;", "it begins or ends a transaction, which is not its to do"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		SqlFile *file = NULL;

		g_assert_false(sql_file_parse(cases[i].text, strlen(cases[i].text), &file, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
		g_assert_cmpstr(error->message, ==, cases[i].message);
	}
}

static void test_variables_are_literals(void)
{
	static const struct sql_variable variables[] = {
		{"run", "a'b"}, {"target", "c\\d"}, {"none", NULL}, {NULL, NULL}};
	static const struct {
		const char *text, *expanded, *message;
	} cases[] = {
		{"SELECT :'run'", "SELECT 'a''b'", NULL},
		{"f(:'target')", "f( E'c\\\\d')", NULL},
		{"':''run''' \":'run'\" $$:'run'$$ $a$ :'run' $a$ -- :'run'\n/* :'run' */",
		 "':''run''' \":'run'\" $$:'run'$$ $a$ :'run' $a$ -- :'run'\n/* :'run' */", NULL},
		{"E'\\':\\'' :'run'", "E'\\':\\'' 'a''b'", NULL},
		{"x::'run'", "x::'run'", NULL},
		{":'none'", NULL, "there is no :'none' here"},
		{":'other'", NULL, "nothing is called :'other'"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *expanded = sql_file_expand(cases[i].text, variables, &error);

		g_assert_cmpstr(expanded, ==, cases[i].expanded);
		g_assert_cmpstr(error ? error->message : NULL, ==, cases[i].message);
	}
}

static void test_variants(void)
{
	g_autofree char *plain = NULL, *none = NULL;
	unsigned first, last;

	g_assert_true(sql_file_variant("a/b-c.v14-16.sql", &plain, &first, &last));
	g_assert_cmpstr(plain, ==, "a/b-c.sql");
	g_assert_cmpuint(first, ==, 14);
	g_assert_cmpuint(last, ==, 16);
	g_assert_false(sql_file_variant("b.sql", &none, &first, &last));
	g_assert_false(sql_file_variant("b.version.sql", &none, &first, &last));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sql-file/headers", test_headers);
	g_test_add_func("/sql-file/refusals", test_refusals);
	g_test_add_func("/sql-file/variables-are-literals", test_variables_are_literals);
	g_test_add_func("/sql-file/variants", test_variants);
	return g_test_run();
}
