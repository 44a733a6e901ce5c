#include "pg/pgdata.h"

static void test_rules(void)
{
	static const struct {
		const char *path;
		bool is_directory;
		int major;
		enum pgdata_rule rule;
	} cases[] = {
		{"", true, 15, PGDATA_COPY},
		{"global/pg_control", false, 15, PGDATA_LAST},
		{"base/5/pg_control", false, 15, PGDATA_COPY},
		{"PG_VERSION", false, 15, PGDATA_COPY},
		{"postgresql.auto.conf", false, 15, PGDATA_COPY},
		{"postgresql.auto.conf.tmp", false, 15, PGDATA_SKIP},
		{"postmaster.pid", false, 15, PGDATA_SKIP},
		{"postmaster.opts", false, 15, PGDATA_SKIP},
		{"backup_label", false, 15, PGDATA_SKIP},
		{"backup_label.old", false, 15, PGDATA_COPY},
		{"tablespace_map", false, 15, PGDATA_SKIP},
		{"backup_manifest", false, 15, PGDATA_SKIP},
		{"current_logfiles", false, 15, PGDATA_COPY},
		{"current_logfiles.tmp", false, 15, PGDATA_SKIP},
		{".s.PGSQL.5432.lock", false, 15, PGDATA_SKIP},
		{".DS_Store", false, 14, PGDATA_COPY},
		{".DS_Store", false, 15, PGDATA_SKIP},
		/* BASE_BACKUP drops these at any depth. A user's folder is the user's. */
		{"extra/backup_label", false, 15, PGDATA_COPY},
		{"extra/pgsql_tmp", true, 15, PGDATA_COPY},
		{"extra/pg_replslot", true, 15, PGDATA_COPY},
		{"backup_label", true, 15, PGDATA_COPY},
		{"pg_replslot", true, 15, PGDATA_DIRECTORY_ONLY},
		{"pg_replslot/a", true, 15, PGDATA_SKIP},
		{"pg_replslot/a/state", false, 15, PGDATA_SKIP},
		{"pg_replslots", true, 15, PGDATA_COPY},
		{"pg_dynshmem", true, 15, PGDATA_DIRECTORY_ONLY},
		{"pg_notify/0000", false, 15, PGDATA_SKIP},
		{"pg_serial", true, 15, PGDATA_DIRECTORY_ONLY},
		{"pg_snapshots", true, 15, PGDATA_DIRECTORY_ONLY},
		{"pg_stat_tmp", true, 15, PGDATA_DIRECTORY_ONLY},
		{"pg_subtrans", true, 15, PGDATA_DIRECTORY_ONLY},
		{"pg_stat", true, 15, PGDATA_COPY},
		{"pg_stat/pgstat.stat", false, 15, PGDATA_COPY},
		{"pg_xact/0000", false, 15, PGDATA_COPY},
		{"pg_wal", true, 15, PGDATA_COPY},
		{"pg_wal/000000010000000000000001", false, 15, PGDATA_SKIP},
		{"pg_wal/archive_status", true, 15, PGDATA_DIRECTORY_ONLY},
		{"pg_wal/summaries", true, 15, PGDATA_SKIP},
		{"pg_wal/summaries", true, 17, PGDATA_DIRECTORY_ONLY},
		{"pg_wal/archive_status/x.ready", false, 15, PGDATA_SKIP},
		{"base/pgsql_tmp", true, 15, PGDATA_SKIP},
		{"base/5/pg_internal.init", false, 15, PGDATA_SKIP},
		{"base/5/pg_internal.init.123", false, 15, PGDATA_SKIP},
		{"global/pg_internal.init", false, 15, PGDATA_SKIP},
		{"pg_tblspc/16384/PG_15_202209061/pgsql_tmp", true, 15, PGDATA_SKIP},
		{"base/5/t3_16400", false, 15, PGDATA_SKIP},
		{"base/5/t3_16400_fsm.1", false, 15, PGDATA_SKIP},
		{"pg_tblspc/16384/PG_15_202209061/5/t0_16400", false, 15, PGDATA_SKIP},
		{"global/t3_16400", false, 15, PGDATA_COPY},
		{"extra/t3_16400", false, 15, PGDATA_COPY},
		{"base/5/16400", false, 15, PGDATA_COPY},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (pgdata_rule(cases[i].path, cases[i].is_directory, cases[i].major) !=
		    cases[i].rule)
			g_error("'%s' has not the rule %d", cases[i].path, cases[i].rule);
}

static void test_relations(void)
{
	static const struct {
		const char *path;
		struct pgdata_relation relation;
	} cases[] = {
		{"base/5/16400", {'b', 5, 16400, "", 0}},
		{"base/5/16400.131071", {'b', 5, 16400, "", 131071}},
		{"base/5/16400_fsm", {'b', 5, 16400, "fsm", 0}},
		{"base/5/16400_vm.1", {'b', 5, 16400, "vm", 1}},
		{"base/5/16400_init", {'b', 5, 16400, "init", 0}},
		{"global/1262", {'g', 0, 1262, "", 0}},
		{"pg_tblspc/16384/PG_15_202209061/16401/4294967295",
		 {'t', 16401, 4294967295, "", 0}},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct pgdata_relation relation;

		g_assert_true(pgdata_relation_parse(cases[i].path, &relation));
		g_assert_cmpint(relation.directory_kind, ==, cases[i].relation.directory_kind);
		g_assert_cmpuint(relation.database, ==, cases[i].relation.database);
		g_assert_cmpuint(relation.number, ==, cases[i].relation.number);
		g_assert_cmpstr(relation.fork, ==, cases[i].relation.fork);
		g_assert_cmpuint(relation.segment, ==, cases[i].relation.segment);
	}
}

static void test_not_relations(void)
{
	static const char *const wrong[] = {
		"",
		"16400",
		"base",
		"base/",
		"base/5",
		"base/16400",
		"base/5/",
		"base/5/0",
		"base/5/016400",
		"base/5/4294967296",
		"base/5/16400.0",
		"base/5/16400.01",
		"base/5/16400.",
		"base/5/16400_",
		"base/5/16400_fsm_vm",
		"base/5/16400_main",
		"base/5/16400.1_fsm",
		"base/5/16400.4294967296",
		"base/5/PG_VERSION",
		"base/5/pg_filenode.map",
		"base/5/t3_16400",
		"base/5/6/16400",
		"base/05/16400",
		"basement/5/16400",
		"global/pg_control",
		"global/5/1262",
		"pg_xact/1000",
		"pg_tblspc/16384/5/16400",
		"pg_tblspc/16384/PG_15_202209061/16400",
		"pg_tblspc/16384/PG_15_202209061",
		"pg_tblspc/x/PG_15_202209061/5/16400",
		"pg_tblspc/16384/extra/5/16400",
	};
	struct pgdata_relation relation;

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		if (pgdata_relation_parse(wrong[i], &relation))
			g_error("'%s' passes for a relation", wrong[i]);
}

static void test_temporary(void)
{
	static const char *const good[] = {"t0_1", "t12_16400", "t12_16400_fsm", "t12_16400_vm.2",
					   "t12_16400.1"};
	static const char *const wrong[] = {"",	    "t",     "t_1",	  "t01_1",  "t1_",
					    "t1_0", "t1_01", "t1_1_main", "t1_1.0", "x1_1",
					    "t1-1", "t1_1x", "16400"};

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
		g_assert_true(pgdata_is_temporary_relation(good[i]));
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		if (pgdata_is_temporary_relation(wrong[i]))
			g_error("'%s' passes for a temporary relation", wrong[i]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pg/pgdata/leaves-out-what-a-restored-server-must-not-find", test_rules);
	g_test_add_func("/pg/pgdata/knows-files-made-of-pages", test_relations);
	g_test_add_func("/pg/pgdata/takes-nothing-else-for-pages", test_not_relations);
	g_test_add_func("/pg/pgdata/knows-temporary-relations", test_temporary);
	return g_test_run();
}
