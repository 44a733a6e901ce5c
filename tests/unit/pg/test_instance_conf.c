#include "pg/instance.h"

#include <string.h>

static char *configuration(int major, bool partial)
{
	struct control control = {.major = major,
				  .max_connections = 300,
				  .max_locks_per_transaction = 64,
				  .max_wal_senders = 0,
				  .max_worker_processes = 262143};
	struct instance_settings settings = {
		.pgdata = "/restored/data",
		.folder = "/it's",
		.partial = partial,
		.recovery = {.major = major,
			     .type = RECOVERY_LSN,
			     .lsn = 0x5000028,
			     .timeline = 3,
			     .restore_command = "odrbackup archive-get %f %p"}};

	return instance_configuration(&settings, &control);
}

/* Of a setting given twice the server takes the last. */
static const char *value_of(const char *text, const char *name)
{
	g_autofree char *start = g_strdup_printf("\n%s = ", name);
	const char *value = NULL;

	for (const char *at = text; (at = strstr(at, start)); at++)
		value = at + strlen(start);
	return value;
}

static void assert_value(const char *text, const char *name, const char *expected)
{
	const char *value = value_of(text, name);
	g_autofree char *line = NULL;

	g_assert_nonnull(value);
	line = g_strndup(value, strcspn(value, "\n"));
	g_assert_cmpstr(line, ==, expected);
}

static void test_isolated(void)
{
	for (int major = 13; major <= 18; major++) {
		g_autofree char *text = configuration(major, false);

		assert_value(text, "archive_mode", "'off'");
		assert_value(text, "archive_command", "''");
		assert_value(text, "listen_addresses", "''");
		assert_value(text, "port", "'5432'");
		assert_value(text, "primary_conninfo", "''");
		assert_value(text, "shared_preload_libraries", "''");
		assert_value(text, "hba_file", "'/it''s/pg_hba.conf'");
		assert_value(text, "unix_socket_directories", "'/it''s'");
		assert_value(text, "recovery_target_lsn", "'0/5000028'");
		assert_value(text, "recovery_target_time", "''");
		assert_value(text, "recovery_target_action", "'pause'");
		assert_value(text, "recovery_target_timeline", "'3'");
		assert_value(text, "restore_command", "'odrbackup archive-get %f %p'");
		g_assert_null(value_of(text, "ignore_invalid_pages"));
	}
}

static void test_versions(void)
{
	static const struct {
		const char *name;
		int since, until;
	} cases[] = {
		{"archive_library", 15, 18},
		{"recovery_prefetch", 15, 18},
		{"stats_temp_directory", 13, 14},
		{"sync_replication_slots", 17, 18},
		{"summarize_wal", 17, 18},
		{"event_triggers", 17, 18},
		{"io_method", 18, 18},
		{"oauth_validator_libraries", 18, 18},
	};

	for (int major = 13; major <= 18; major++) {
		g_autofree char *text = configuration(major, false);

		for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
			g_assert_cmpint(value_of(text, cases[i].name) != NULL, ==,
					major >= cases[i].since && major <= cases[i].until);
	}
}

/* Twice what the source had, and what the server allows. */
static void test_floors(void)
{
	g_autofree char *text = configuration(15, false);

	assert_value(text, "max_connections", "600");
	assert_value(text, "max_locks_per_transaction", "128");
	assert_value(text, "max_wal_senders", "10");
	assert_value(text, "max_prepared_transactions", "0");
	assert_value(text, "max_worker_processes", "262142");
}

/* What is wished for never takes back what is safe. */
static void test_wishes(void)
{
	static const char *const libraries[] = {"pg_stat_statements", "auto_explain", NULL};
	static const struct instance_parameter parameters[] = {
		{"work_mem", "64MB"}, {"max_connections", "3"}, {"x.y", "it's"}, {NULL}};
	struct control control = {.major = 15, .max_connections = 300};
	struct instance_settings settings = {.pgdata = "/restored/data",
					     .folder = "/f",
					     .shared_buffers = (uint64_t)3 << 30,
					     .libraries = libraries,
					     .parameters = parameters,
					     .recovery = {.major = 15}};
	g_autofree char *text = instance_configuration(&settings, &control);

	assert_value(text, "shared_buffers", "3145728kB");
	assert_value(text, "shared_preload_libraries", "'pg_stat_statements,auto_explain'");
	assert_value(text, "work_mem", "'64MB'");
	assert_value(text, "x.y", "'it''s'");
	assert_value(text, "max_connections", "600");
}

static void test_partial(void)
{
	g_autofree char *text = configuration(13, true);

	assert_value(text, "ignore_invalid_pages", "'on'");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pg/instance/knows-nothing-of-the-source", test_isolated);
	g_test_add_func("/pg/instance/names-no-setting-a-version-lacks", test_versions);
	g_test_add_func("/pg/instance/floors-of-replay", test_floors);
	g_test_add_func("/pg/instance/wishes", test_wishes);
	g_test_add_func("/pg/instance/partial", test_partial);
	return g_test_run();
}
