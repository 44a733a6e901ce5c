#include "fixture.h"

static void fill(struct site *site)
{
	site_file(site, "/etc/systemd/system/odoo.service",
		  "[Service]\nExecStart=/usr/bin/odoo --db_password=abc\n");
	site_file(site, "/etc/systemd/system/odoo.service.d/limits.conf",
		  "[Service]\nLimitNOFILE=9\n");
	site_link(site, "/etc/systemd/system/cron.service", "/usr/lib/systemd/system/cron.service");
	site_file(site, "/usr/lib/systemd/system/cron.service", "[Unit]\n");
	site_file(site, "/usr/lib/systemd/system/postgresql@.service", "[Unit]\n");
	site_file(site, "/usr/lib/systemd/system/other.service", "[Unit]\n");
}

static void test_systemd(void)
{
	struct site site;

	site_init(&site, "systemd");
	fill(&site);
	site_program(
		&site, "systemctl",
		"case $1 in\n"
		"list-unit-files) echo 'odoo.service enabled enabled'; echo 'other.service static -';"
		" echo 'postgresql@.service disabled enabled';;\n"
		"cat) echo \"# $4\"; echo 'Environment=TOKEN=abc';;\n"
		"esac");
	site_collects(&site);
	g_autofree char *items = site_paths(&site);

	g_assert_cmpstr(items, ==,
			"systemd/files/etc/systemd/system/cron.service "
			"systemd/files/etc/systemd/system/odoo.service "
			"systemd/files/etc/systemd/system/odoo.service.d/limits.conf "
			"systemd/files/usr/lib/systemd/system/cron.service "
			"systemd/files/usr/lib/systemd/system/postgresql@.service "
			"systemd/unit-files systemd/units/odoo.service");
	g_assert_true(g_str_has_prefix(site_content(&site, "systemd/units/odoo.service"),
				       "# odoo.service\nEnvironment=TOKEN=<masked "));
	g_assert_null(strstr(site_content(&site, "systemd/files/etc/systemd/system/odoo.service"),
			     "abc"));
	site_clear(&site);
}

static void test_chosen(void)
{
	const char *const units[] = {"other.*", NULL};
	struct site site;

	site_init(&site, "systemd");
	fill(&site);
	site.settings.units = units;
	site_program(
		&site, "systemctl",
		"[ $1 = cat ] && exec echo \"# $4\"; echo 'odoo.service enabled'; echo 'other.service static'");
	site_collects(&site);
	g_assert_nonnull(site_content(&site, "systemd/units/other.service"));
	g_assert_null(site_content(&site, "systemd/units/odoo.service"));
	site_clear(&site);
}

static void test_no_bus(void)
{
	struct site site;

	site_init(&site, "systemd");
	fill(&site);
	site_program(&site, "systemctl", "echo 'Failed to connect to bus' >&2; exit 1");
	site_collects(&site);
	g_autofree char *notes = site_notes(&site);

	g_assert_cmpstr(
		notes, ==,
		"which units are enabled is not known: 'systemctl' ended with status 1: Failed "
		"to connect to bus");
	g_assert_nonnull(site_content(&site, "systemd/files/etc/systemd/system/odoo.service"));
	site_clear(&site);
}

static void test_cron(void)
{
	struct site site;

	site_init(&site, "cron");
	g_assert_true(site_run(&site));
	g_assert_cmpint(site_report(&site)->state, ==, COLLECT_ABSENT);
	site_file(&site, "/etc/crontab", "MAILTO=x\n");
	site_file(&site, "/etc/cron.d/odoo", "0 1 * * * odoo PGPASSWORD=abc /x\n");
	site_file(&site, "/var/spool/cron/crontabs/odoo", "@daily x\n");
	site_file(&site, "/etc/logrotate.d/odoo", "x\n");
	site_collects(&site);
	g_autofree char *items = site_paths(&site);

	g_assert_cmpstr(items, ==,
			"cron/files/etc/cron.d/odoo cron/files/etc/crontab "
			"cron/files/etc/logrotate.d/odoo cron/files/var/spool/cron/crontabs/odoo");
	g_assert_null(strstr(site_content(&site, "cron/files/etc/cron.d/odoo"), "abc"));
	site_clear(&site);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/collect/systemd/units-with-what-they-come-to", test_systemd);
	g_test_add_func("/collect/systemd/units-that-were-chosen", test_chosen);
	g_test_add_func("/collect/systemd/files-where-it-does-not-run", test_no_bus);
	g_test_add_func("/collect/cron/tables-and-logrotate", test_cron);
	return g_test_run();
}
