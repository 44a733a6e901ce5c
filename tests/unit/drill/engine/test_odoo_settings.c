#include "drill/engine/odoo_settings.h"

#include "base/error.h"

static char *print(const char *captured, const char *database, GError **error)
{
	g_auto(GStrv) addons = odoo_settings_addons(captured, error);

	if (!addons)
		return NULL;
	return odoo_settings_print(&(struct odoo_settings){.captured = captured,
							   .addons = (const char *const *)addons,
							   .data_dir = "/d/odoo/data",
							   .host = "/d/pg",
							   .port = "5432",
							   .user = "odoo",
							   .database = database,
							   .admin_password = "random",
							   .http_port = 8069},
				   error);
}

/* Nothing of the source's that could lead outside. */
static void test_print(void)
{
	static const char captured[] =
		"[options]\n; a comment\naddons_path = /opt/odoo/addons, /opt/extra\n\t,/opt/more\ndb_host: db.example.org\n"
		"db_password = secret\nsmtp_server = mail.example.org\nlimit_time_real = 600\n"
		"server_wide_modules = base,web,queue_job\ndata_dir = /var/lib/odoo\n"
		"[queue_job]\nchannels = root:4\n";
	g_autoptr(GError) error = NULL;
	g_autofree char *text = print(captured, "shop.example", &error);

	g_assert_no_error(error);
	g_assert_cmpstr(
		text, ==,
		"[options]\naddons_path = /opt/odoo/addons,/opt/extra,/opt/more\n"
		"limit_time_real = 600\ndata_dir = /d/odoo/data\ndb_host = /d/pg\n"
		"db_port = 5432\ndb_user = odoo\ndb_password = False\n"
		"db_name = shop.example\ndbfilter = ^shop\\.example$\nlist_db = False\n"
		"admin_passwd = random\nhttp_interface = 127.0.0.1\nhttp_port = 8069\n"
		"proxy_mode = False\nworkers = 0\nmax_cron_threads = 0\n"
		"server_wide_modules = base,web\nsmtp_server = False\nemail_from = False\n");
}

static void test_refusals(void)
{
	static const struct {
		const char *captured, *database, *message;
	} cases[] = {
		{"", "shop", "the configuration of Odoo has no addons_path in [options]"},
		{"[options]\naddons_path =\n", "shop",
		 "the configuration of Odoo has no addons_path in [options]"},
		{"[options]\naddons_path = /opt/a,addons\n", "shop",
		 "addons_path has 'addons', which is no absolute path"},
		{"[options]\naddons_path = /opt/a\n", "shop,other",
		 "'shop,other' is no name that Odoo gives to a database"},
		{"[options]\naddons_path = /opt/\001a\n", "shop",
		 "addons_path cannot have a control character"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(print(cases[i].captured, cases[i].database, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
		g_assert_cmpstr(error->message, ==, cases[i].message);
	}
}

static void test_user(void)
{
	static const struct {
		const char *captured, *user;
	} cases[] = {{"[options]\ndb_user = odoo\n", "odoo"},
		     {"[options]\ndb_user = False\n", NULL},
		     {"[options]\ndb_user =\n", NULL},
		     {"[options]\n", NULL},
		     {"nothing", NULL}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *user = odoo_settings_user(cases[i].captured);

		g_assert_cmpstr(user, ==, cases[i].user);
	}
}

static void test_command(void)
{
	char *const command[] = {
		(char *)"/opt/odoo-bin", (char *)"--config=%c", (char *)"-d", (char *)"%d",
		(char *)"100%",		 (char *)"%s/opt",	NULL};
	g_auto(GStrv) argv = odoo_settings_command(
		command, &(struct odoo_words){"/d/%d.conf", "shop", "/d/code"});
	g_autofree char *joined = g_strjoinv(" ", argv);

	g_assert_cmpstr(joined, ==, "/opt/odoo-bin --config=/d/%d.conf -d shop 100% /d/code/opt");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/drill/odoo-settings/take-over-only-what-leads-nowhere", test_print);
	g_test_add_func("/drill/odoo-settings/refuse", test_refusals);
	g_test_add_func("/drill/odoo-settings/know-the-role", test_user);
	g_test_add_func("/drill/odoo-settings/fill-the-command", test_command);
	return g_test_run();
}
