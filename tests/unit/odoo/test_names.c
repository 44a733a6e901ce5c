#include "odoo/names.h"

#include <glib.h>
#include <string.h>

#define A7 "a7f00000000000000000000000000000000000ff"

static void test_files(void)
{
	static const struct {
		const char *folder, *name;
		bool valid;
	} names[] = {
		{"a7", A7, true},
		{"a7f", A7, true},
		{"a8", A7, false},
		{"a7f0", A7, false},
		{"a", A7, false},
		{"", A7, false},
		{"A7", "A7f00000000000000000000000000000000000ff", false},
		{"a7", "a7f00000000000000000000000000000000000f", false},
		{"a7", "a7f00000000000000000000000000000000000fff", false},
		{"a7", "a7f00000000000000000000000000000000000fg", false},
		{"a7", "a7f00000000000000000000000000000000000ff\n", false},
		{"..", "../../../../../../../../../../etc/passwd", false},
		{"a7", "", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		uint8_t sha1[SHA1_SIZE] = {0};

		if (odoo_file_valid(names[i].folder, names[i].name, sha1) != names[i].valid)
			g_error("'%s/%s'", names[i].folder, names[i].name);
		g_assert_true(!names[i].valid || (sha1[0] == 0xa7 && sha1[19] == 0xff));
	}
	g_assert_false(odoo_folder_valid(ODOO_CHECKLIST));
}

static void test_databases(void)
{
	g_autofree char *long_name = g_strnfill(256, 'a');
	const struct {
		const char *name;
		bool usual, possible;
	} names[] = {
		{"shop", true, true},	   {"Shop_2-test.old", true, true},
		{"4u", true, true},	   {"a", false, true},
		{"-shop", false, true},	   {".shop", false, true},
		{"my shop", false, true},  {"caf\xc3\xa9", false, true},
		{"x\nshop", false, true},  {".", false, false},
		{"..", false, false},	   {"", false, false},
		{"a/b", false, false},	   {"../shop", false, false},
		{long_name, false, false}, {"lost+found", false, true},
		{"shop\xff", false, true},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (odoo_database_usual(names[i].name) != names[i].usual ||
		    odoo_database_possible(names[i].name) != names[i].possible)
			g_error("'%s'", names[i].name);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/odoo/names/files", test_files);
	g_test_add_func("/odoo/names/databases", test_databases);
	return g_test_run();
}
