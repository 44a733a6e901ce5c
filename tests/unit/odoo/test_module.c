#include "odoo/module.h"

static void test_version(void)
{
	static const struct {
		const char *text, *version;
	} cases[] = {
		{"{'name': 'Sale', 'version': '1.2'}", "1.2"},
		{"# -*- coding: utf-8 -*-\n{\n    \"version\" : \"17.0.1.0.2\",\n}\n",
		 "17.0.1.0.2"},
		{"{'name': 'a', # 'version': '9'\n 'version': '''3''',}", "3"},
		{"{'description': \"\"\"\n'version': '9',\n\"\"\", 'version': '4'}", "4"},
		{"{'external_dependencies': {'version': '9'}, 'depends': ['version', '9']}", NULL},
		{"{'summary': 'it\\'s a \\\\', 'version': '5'}", "5"},
		{"{'a': 'version', 'b': ['x'], 'version': '6'}", "6"},
		{"{'version': 7}", NULL},
		{"{'version'", NULL},
		{"{'version': 'open", "open"},
		{"}}}])('version': '8'", NULL},
		{"", NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *version = odoo_manifest_version(cases[i].text);

		g_assert_cmpstr(version, ==, cases[i].version);
	}
}

/* As Odoo's adapt_version. */
static void test_series(void)
{
	static const struct {
		const char *series, *version, *full;
	} cases[] = {
		{"17.0", "1.2", "17.0.1.2"},	   {"17.0", "17.0.1.2", "17.0.1.2"},
		{"17.0", "17.0", "17.0.17.0"},	   {"17.0", NULL, "17.0.1.0"},
		{"17.0", "16.0.1", "17.0.16.0.1"}, {"7.0", "7.01", "7.0.7.01"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *full = odoo_module_version(cases[i].series, cases[i].version);

		g_assert_cmpstr(full, ==, cases[i].full);
	}
}

static void test_compare(void)
{
	g_assert_cmpint(odoo_version_compare("17.0.1.2", "17.0.1.2"), ==, 0);
	g_assert_cmpint(odoo_version_compare("17.0.1.10", "17.0.1.9"), >, 0);
	g_assert_cmpint(odoo_version_compare("17.0.1", "17.0.1.0"), <, 0);
	g_assert_cmpint(odoo_version_compare("17.0.1.a", "17.0.1.b"), <, 0);
	g_assert_cmpint(odoo_version_compare("", ""), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/odoo/module/version-of-a-manifest", test_version);
	g_test_add_func("/odoo/module/version-as-installed", test_series);
	g_test_add_func("/odoo/module/older-and-newer", test_compare);
	return g_test_run();
}
