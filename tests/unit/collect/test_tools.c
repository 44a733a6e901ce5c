#include "fixture.h"

static void test_tools(void)
{
	struct site site;

	site_init(&site, "tools");
	site_program(&site, "dpkg-query", "printf 'odoo\\t17.0\\nlibc6:amd64\\t2.36\\n'");
	site_program(&site, "fc-list", "printf 'B:style=b\\nA:style=a\\n'");
	site_program(&site, "wkhtmltopdf", "echo 'wkhtmltopdf 0.12.6'; echo more");
	site_program(&site, "python-of-odoo",
		     "case \"$*\" in *pip*) echo 'No module named pip' >&2; exit 1;; "
		     "*) printf 'psycopg2==2.9.5\\nlxml==4.9\\n';; esac");
	g_autofree char *python = g_build_filename(site.root, "opt/odoo/bin/python3", NULL);

	/* Programs are run as the host has them, so that this one is named as such. */
	site.host.root = "";
	const char *const named[] = {python, NULL};
	g_autofree char *folder = g_path_get_dirname(python);
	g_autofree char *program = g_build_filename(site.root, "programs/python-of-odoo", NULL);

	g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
	g_assert_cmpint(symlink(program, python), ==, 0);
	site.settings.paths = named;
	site_collects(&site);
	g_autoptr(JsonValue) packages = site_table(&site, "tools/packages.json");
	g_autofree char *item = g_strdup_printf("tools/python%s.json", python);
	g_autoptr(JsonValue) modules = site_table(&site, item);
	g_autoptr(JsonValue) versions = site_table(&site, "tools/versions.json");

	g_assert_cmpstr(json_string_value(json_object_get(packages, "libc6:amd64")), ==, "2.36");
	g_assert_cmpstr(json_string_value(json_object_get(modules, "lxml")), ==, "4.9");
	g_assert_cmpstr(json_string_value(json_object_get(versions, "wkhtmltopdf")), ==,
			"wkhtmltopdf 0.12.6");
	g_assert_cmpstr(site_content(&site, "tools/fonts"), ==, "A:style=a\nB:style=b\n");
	site_clear(&site);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/collect/tools/versions-of-everything", test_tools);
	return g_test_run();
}
