#include "fixture.h"

static void test_classes(void)
{
	const struct collect_class *class;
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (size_t i = 0; (class = collect_class_at(i)) != NULL; i++) {
		g_assert_true(g_hash_table_add(seen, (char *)class->type));
		g_assert_true(collect_class_of(class->type) == class);
		g_assert_cmpuint(class->order, >=, 1);
		g_assert_nonnull(class->keys);
		g_assert_nonnull(class->hint);
	}
	g_assert_null(collect_class_of("nonsense"));
	g_assert_cmpuint(g_hash_table_size(seen), >=, 5);
}

static void test_command(void)
{
	const char *const argv[] = {"printf", "user = x\\npassword = abc\\n", NULL};
	struct site site;

	site_init(&site, "command");
	site.settings.command = argv;
	site_collects(&site);
	g_assert_cmpuint(site.index->items->len, ==, 1);
	const struct collect_item *item = site.index->items->pdata[0];

	g_assert_cmpstr(item->path, ==, "command/output");
	g_assert_true(item->masked);
	g_assert_false(item->in_place);
	g_assert_true(g_str_has_prefix(site_content(&site, "command/output"),
				       "user = x\npassword = <masked "));
	g_assert_null(strstr(item->source, "abc"));

	site.settings.sealed = true;
	site_collects(&site);
	g_assert_cmpstr(site_content(&site, "command/output"), ==, "user = x\npassword = abc\n");
	site_clear(&site);
}

static void test_absent(void)
{
	const char *const argv[] = {"no-such-program-anywhere", "--flag", NULL};
	struct site site;

	site_init(&site, "command");
	site.settings.command = argv;
	g_assert_true(site_run(&site));
	g_assert_cmpint(site_report(&site)->state, ==, COLLECT_ABSENT);
	g_assert_cmpstr(site_report(&site)->reason, ==,
			"there is no program 'no-such-program-anywhere'");
	site_clear(&site);
}

static void test_failed(void)
{
	const char *const argv[] = {"sh", "-c", "echo out; echo first >&2; echo why >&2; exit 3",
				    NULL};
	struct site site;

	site_init(&site, "command");
	site.settings.command = argv;
	g_assert_false(site_run(&site));
	g_assert_error(site.error, ODR_ERROR, ODR_ERROR_FAILED);
	g_assert_cmpstr(site.error->message, ==,
			"collector command: 'sh' ended with status 3: why");
	g_assert_nonnull(site.index);
	g_assert_cmpint(site_report(&site)->state, ==, COLLECT_FAILED);
	g_assert_cmpuint(site.index->items->len, ==, 0);

	site.settings.required = false;
	g_assert_true(site_run(&site));
	g_assert_cmpint(site_report(&site)->state, ==, COLLECT_FAILED);
	g_assert_cmpstr(site_report(&site)->reason, ==, "'sh' ended with status 3: why");
	site_clear(&site);
}

static void test_time(void)
{
	const char *const argv[] = {"sleep", "60", NULL};
	struct site site;

	site_init(&site, "command");
	site.settings.command = argv;
	site.settings.timeout = USEC_PER_SEC / 10;
	g_assert_false(site_run(&site));
	g_assert_cmpstr(
		site.error->message, ==,
		"collector command: 'sleep' was not finished after 100 ms: raise timeout= of "
		"the collector");
	site_clear(&site);
}

static void test_limits(void)
{
	const char *const argv[] = {"head", "-c", "5000", "/dev/zero", NULL};
	struct site site;

	site_init(&site, "command");
	site.settings.command = argv;
	site.settings.limit = 4999;
	g_assert_false(site_run(&site));
	g_assert_cmpstr(site.error->message, ==,
			"collector command: 'head' prints more than 4.9 KiB: raise limit= of the "
			"collector");
	site.settings.limit = 5000;
	site_collects(&site);
	site.total_limit = 4999;
	g_assert_false(site_run(&site));
	g_assert_cmpstr(site.error->message, ==,
			"collector command: the configuration has more than 4.9 KiB: raise "
			"config-limit= of the service, or leave something out");
	g_assert_cmpuint(site.dropped, ==, 1);
	site_clear(&site);
}

static void test_environment(void)
{
	const char *const argv[] = {"env", NULL};
	struct site site;

	site_init(&site, "command");
	site.settings.command = argv;
	g_setenv("ODR_TEST_SECRET", "x", true);
	site_collects(&site);
	const char *text = site_content(&site, "command/output");

	g_assert_null(strstr(text, "ODR_TEST_SECRET"));
	g_assert_nonnull(strstr(text, "LC_ALL=C.UTF-8\n"));
	g_assert_nonnull(strstr(text, "PATH="));
	site_clear(&site);
}

/* A repository that fails ends the run: it is not the collector that failed. */
static void test_sink(void)
{
	const char *const argv[] = {"echo", "x", NULL};
	struct site site;

	site_init(&site, "command");
	site.settings.command = argv;
	site.fail_at = 1;
	g_assert_false(site_run(&site));
	g_assert_error(site.error, ODR_ERROR, ODR_ERROR_NO_SPACE);
	g_assert_cmpstr(site.error->message, ==, "the sink is full");
	g_assert_null(site.index);
	site_clear(&site);
}

static void test_host(void)
{
	g_autoptr(JsonValue) kernel = NULL, accounts = NULL;
	struct site site;

	site_init(&site, "host");
	site_file(&site, "/etc/os-release", "ID=debian\n");
	site_file(&site, "/etc/sysctl.d/10-pg.conf", "vm.overcommit_memory=2\n");
	site_file(&site, "/etc/sysctl.d/README", "x\n");
	site_file(&site, "/proc/sys/vm/overcommit_memory", "2\n");
	site_collects(&site);
	g_assert_cmpstr(site_content(&site, "host/files/etc/os-release"), ==, "ID=debian\n");
	g_assert_nonnull(site_content(&site, "host/files/etc/sysctl.d/10-pg.conf"));
	g_assert_null(site_content(&site, "host/files/etc/sysctl.d/README"));
	kernel = site_table(&site, "host/kernel.json");
	g_assert_cmpstr(json_string_value(json_object_get(kernel, "vm.overcommit_memory")), ==,
			"2");
	accounts = site_table(&site, "host/accounts.json");
	json_t *own = json_object_get(accounts, g_get_user_name());

	g_assert_cmpint(json_integer_value(json_object_get(own, "uid")), ==, getuid());
	g_assert_nonnull(strstr(site_content(&site, "host/locales"), "C"));
	site_clear(&site);
}

static void test_own(void)
{
	const char *const files[] = {"/etc/odrbackup/odrbackup.conf", NULL};
	g_autoptr(JsonValue) facts = json_object();
	struct site site;

	site_init(&site, "odrbackup");
	site_file(&site, "/etc/odrbackup/odrbackup.conf", "[odrbackup]\n");
	json_set_string(facts, "owner", "0123");
	site.host.own_files = files;
	site.host.own_facts = facts;
	site_collects(&site);
	g_autofree char *paths = site_paths(&site);

	g_assert_cmpstr(paths, ==,
			"odrbackup/facts.json odrbackup/files/etc/odrbackup/odrbackup.conf");
	site_clear(&site);
}

static void test_no_cluster(void)
{
	struct site site;

	site_init(&site, "postgresql");
	g_assert_true(site_run(&site));
	g_assert_cmpint(site_report(&site)->state, ==, COLLECT_ABSENT);
	g_assert_cmpstr(site_report(&site)->reason, ==, "the service has no cluster");
	site.host.conninfo = "host=/nonexistent dbname=postgres";
	g_assert_false(site_run(&site));
	g_assert_error(site.error, ODR_ERROR, ODR_ERROR_FAILED);
	g_assert_nonnull(
		strstr(site.error->message, "collector postgresql: cannot connect to the server"));
	site_clear(&site);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/collect/classes/stand-once", test_classes);
	g_test_add_func("/collect/command/takes-and-masks-what-it-prints", test_command);
	g_test_add_func("/collect/command/is-absent-without-its-program", test_absent);
	g_test_add_func("/collect/command/fails-with-the-last-words", test_failed);
	g_test_add_func("/collect/command/has-a-time-limit", test_time);
	g_test_add_func("/collect/command/has-ceilings", test_limits);
	g_test_add_func("/collect/command/has-an-environment-of-its-own", test_environment);
	g_test_add_func("/collect/run/ends-when-the-sink-fails", test_sink);
	g_test_add_func("/collect/host/tells-what-a-new-host-needs", test_host);
	g_test_add_func("/collect/odrbackup/takes-files-and-facts", test_own);
	g_test_add_func("/collect/postgresql/without-a-server", test_no_cluster);
	return g_test_run();
}
