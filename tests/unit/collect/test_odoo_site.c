#include "fixture.h"

#include "collect/odoo_site.h"

static const struct {
	const char *words[8];
	const char *confs;
} commands[] = {
	{{"/usr/bin/python3", "/usr/bin/odoo", "-c", "/etc/odoo/odoo.conf"}, "/etc/odoo/odoo.conf"},
	{{"python3", "-u", "/opt/odoo/odoo-bin", "--config=/x.conf"}, "/x.conf"},
	{{"odoo", "--config", "/y.conf", "-d", "erp"}, "/y.conf"},
	{{"odoo-bin", "-c/z.conf"}, "/z.conf"},
	{{"odoo-bin", "-c"}, ""},
	{{"odoo-bin", "-c", "relative.conf"}, ""},
	{{"nginx", "-c", "/etc/nginx.conf"}, ""},
	{{"grep", "-c", "/x", "a", "odoo"}, ""},
	{{NULL}, ""},
};

static void test_commands(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
		g_autoptr(GPtrArray) confs = g_ptr_array_new_with_free_func(g_free);

		odoo_site_conf_of_command(commands[i].words, confs);
		g_ptr_array_add(confs, NULL);
		g_autofree char *text = g_strjoinv(" ", (char **)confs->pdata);

		g_assert_cmpstr(text, ==, commands[i].confs);
	}
}

static void fill(struct site *site)
{
	site_file(site, "/etc/odoo/odoo.conf",
		  "[options]\nadmin_passwd = abc\n"
		  "addons_path = /opt/src/odoo/addons,/srv/custom,/srv/none\n"
		  "data_dir = /var/lib/odoo\n");
	site_file(site, "/opt/src/odoo/odoo/addons/base/__manifest__.py", "{}");
	site_file(site, "/opt/src/odoo/addons/sale/__manifest__.py", "{}");
	site_file(site, "/srv/custom/shop/__manifest__.py", "{}");
	site_file(site, "/srv/custom/sale/__manifest__.py", "{}");
	site_file(site, "/srv/custom/notes/README", "");
	site_file(site, "/var/lib/odoo/addons/17.0/late/__manifest__.py", "{}");
}

static void test_find(void)
{
	struct site site;
	struct odoo_site found;

	site_init(&site, "odoo");
	fill(&site);
	struct collect_report report = {.notes = g_ptr_array_new_with_free_func(g_free)};
	struct collection collection = {
		.host = &site.host, .settings = &site.settings, .report = &report};

	g_assert_true(odoo_site_find(&collection, NULL, &found, NULL));
	g_assert_cmpuint(found.confs->len, ==, 1);
	g_assert_cmpstr(found.confs->pdata[0], ==, "/etc/odoo/odoo.conf");
	g_assert_true(found.knows_addons);
	g_ptr_array_add(found.addons, NULL);
	g_autofree char *addons = g_strjoinv(" ", (char **)found.addons->pdata);

	g_assert_cmpstr(addons, ==,
			"/opt/src/odoo/addons /srv/custom /srv/none /opt/src/odoo/odoo/addons "
			"/var/lib/odoo/addons");
	g_ptr_array_set_size(found.addons, (gint)found.addons->len - 1);
	g_autofree char *sale = odoo_site_module(&collection, &found, "sale");
	g_autofree char *base = odoo_site_module(&collection, &found, "base");
	g_autofree char *notes = odoo_site_module(&collection, &found, "notes");

	g_assert_cmpstr(sale, ==, "/opt/src/odoo/addons/sale");
	g_assert_cmpstr(base, ==, "/opt/src/odoo/odoo/addons/base");
	g_assert_cmpstr(notes, ==, NULL);
	odoo_site_clear(&found);
	g_ptr_array_unref(report.notes);
	site_clear(&site);
}

static void test_processes(void)
{
	struct site site;

	site_init(&site, "odoo");
	site_file(&site, "/srv/shop/erp.conf", "[options]\n");
	site_file(&site, "/proc/self/status", "");
	site_file(&site, "/proc/17/cmdline", "");
	g_autofree char *line = g_build_filename(site.root, "proc/17/cmdline", NULL);
	static const char words[] =
		"python3\0/usr/bin/odoo\0-c\0/srv/shop/erp.conf\0--config=/gone.conf";

	g_assert_true(g_file_set_contents(line, words, sizeof(words), NULL));
	site_collects(&site);
	g_autofree char *paths = site_paths(&site);
	g_autofree char *notes = site_notes(&site);

	g_assert_cmpstr(paths, ==, "odoo/files/srv/shop/erp.conf");
	g_assert_cmpstr(notes, ==, "a server reads '/gone.conf', which is not on this host");
	site_clear(&site);
}

static void test_none(void)
{
	const char *const paths[] = {"/etc/none.conf", NULL};
	struct site site;

	site_init(&site, "odoo");
	g_assert_true(site_run(&site));
	g_assert_cmpstr(site_report(&site)->reason, ==,
			"there is no odoo.conf, and no database of Odoo");
	site.settings.paths = paths;
	g_assert_false(site_run(&site));
	g_assert_cmpstr(site.error->message, ==, "collector odoo: there is no '/etc/none.conf'");
	site_clear(&site);
}

static void test_masked(void)
{
	struct site site;

	site_init(&site, "odoo");
	fill(&site);
	site_collects(&site);
	const char *conf = site_content(&site, "odoo/files/etc/odoo/odoo.conf");

	g_assert_nonnull(strstr(conf, "admin_passwd = <masked "));
	g_assert_nonnull(strstr(conf, "addons_path = /opt/src"));
	site_clear(&site);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/collect/odoo/command-lines-name-files", test_commands);
	g_test_add_func("/collect/odoo/finds-modules-as-odoo-does", test_find);
	g_test_add_func("/collect/odoo/finds-what-servers-read", test_processes);
	g_test_add_func("/collect/odoo/is-absent-where-there-is-none", test_none);
	g_test_add_func("/collect/odoo/masks-its-configuration", test_masked);
	return g_test_run();
}
