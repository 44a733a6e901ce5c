#include "odoo/names.h"

#include <glib.h>
#include <string.h>

#define A40 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void test_files(void)
{
	static const struct {
		const char *folder, *name;
		bool valid;
	} cases[] = {
		{"aa", A40, true},
		{"aaa", A40, true},
		{"ab", A40, false},
		{"a", A40, false},
		{"aaaa", A40, false},
		{"AA", A40, false},
		{"", A40, false},
		{"..", A40, false},
		{"aa", A40 "a", false},
		{"aa", "aa", false},
		{"aa", "", false},
		{"aa", "../../../etc/passwd", false},
		{"checklist", A40, false},
		{"aa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/", false},
		{"aa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xff", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		uint8_t sha1[SHA1_SIZE] = {0};

		g_test_message("case %zu", i);
		g_assert_cmpint(odoo_file_valid(cases[i].folder, cases[i].name, sha1), ==,
				cases[i].valid);
		if (cases[i].valid)
			g_assert_cmphex(sha1[SHA1_SIZE - 1], ==, 0xaa);
	}
}

static void test_databases(void)
{
	static const struct {
		const char *name;
		bool usual, possible;
	} cases[] = {
		{"shop", true, true},
		{"Shop-17.0_test", true, true},
		{"a", false, true},
		{"_shop", false, true},
		{"with blank", false, true},
		{"caf\xe9", false, true},
		{"shop/../other", false, false},
		{"", false, false},
		{".", false, false},
		{"..", false, false},
		{"...", false, true},
	};
	g_autofree char *longest = g_strnfill(255, 'x'), *longer = g_strnfill(256, 'x');

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("case %zu", i);
		g_assert_cmpint(odoo_database_usual(cases[i].name), ==, cases[i].usual);
		g_assert_cmpint(odoo_database_possible(cases[i].name), ==, cases[i].possible);
	}
	g_assert_true(odoo_database_possible(longest));
	g_assert_false(odoo_database_possible(longer));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/names/a-file-lies-in-the-folder-its-name-begins-with", test_files);
	g_test_add_func("/names/a-database-may-have-a-folder", test_databases);
	return g_test_run();
}
