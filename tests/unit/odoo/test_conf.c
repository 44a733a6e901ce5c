#include "odoo/conf.h"

#include <string.h>

static const char text[] = "# comment\n"
			   "db_user = outside\n"
			   "[options]\n"
			   "addons_path = /usr/lib/odoo/addons,/srv/custom/, relative,\n"
			   "    /srv/more,/srv/custom\n"
			   "DB_Host: db.example\n"
			   "; data_dir = /commented\n"
			   "data_dir=/var/lib/odoo\n"
			   "\n"
			   "limit = 1\r\n"
			   "limit = 2\n"
			   "empty =\n"
			   "no separator\n"
			   "[other]\n"
			   "db_user = elsewhere\n";

static void test_values(void)
{
	g_autoptr(OdooConf) conf = odoo_conf_parse(text);

	g_assert_null(odoo_conf_value(conf, "db_user"));
	g_assert_cmpstr(odoo_conf_value(conf, "db_host"), ==, "db.example");
	g_assert_cmpstr(odoo_conf_value(conf, "data_dir"), ==, "/var/lib/odoo");
	g_assert_cmpstr(odoo_conf_value(conf, "limit"), ==, "2");
	g_assert_cmpstr(odoo_conf_value(conf, "empty"), ==, "");
	g_assert_null(odoo_conf_value(conf, "no separator"));
}

static void test_addons(void)
{
	g_autoptr(OdooConf) conf = odoo_conf_parse(text);
	g_autoptr(OdooConf) none = odoo_conf_parse("[options]\n");
	g_autoptr(GPtrArray) addons = odoo_conf_addons(conf);
	g_autoptr(GPtrArray) nothing = odoo_conf_addons(none);

	g_ptr_array_add(addons, NULL);
	g_autofree char *joined = g_strjoinv(" ", (char **)addons->pdata);

	g_assert_cmpstr(joined, ==, "/usr/lib/odoo/addons /srv/custom /srv/more");
	g_assert_cmpuint(nothing->len, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/odoo/conf/values-of-options", test_values);
	g_test_add_func("/odoo/conf/folders-of-addons", test_addons);
	return g_test_run();
}
