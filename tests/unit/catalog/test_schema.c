#include "catalog/schema.h"

#include "fixture.h"

static int version_of(sqlite3 *database)
{
	sqlite3_stmt *statement = NULL;
	int version;

	sqlite3_prepare_v2(database, "PRAGMA user_version", -1, &statement, NULL);
	g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
	version = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return version;
}

static sqlite3 *database_new(void)
{
	sqlite3 *database = NULL;

	g_assert_cmpint(sqlite3_open(":memory:", &database), ==, SQLITE_OK);
	return database;
}

static void test_migrates_once(void)
{
	sqlite3 *database = database_new();
	int version;

	DO(schema_migrate(database, &failure));
	version = version_of(database);
	g_assert_cmpint(version, >=, 1);
	DO(schema_migrate(database, &failure));
	g_assert_cmpint(version_of(database), ==, version);
	sqlite3_close(database);
}

static void test_newer(void)
{
	sqlite3 *database = database_new();
	g_autoptr(GError) error = NULL;

	sqlite3_exec(database, "PRAGMA user_version = 1000", NULL, NULL, NULL);
	g_assert_false(schema_migrate(database, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
	g_assert_nonnull(strstr(error->message, "the catalog has version 1000"));
	g_assert_cmpint(version_of(database), ==, 1000);
	sqlite3_close(database);
}

static void test_failure_changes_nothing(void)
{
	sqlite3 *database = database_new();
	g_autoptr(GError) error = NULL;

	sqlite3_exec(database, "CREATE TABLE wal (a)", NULL, NULL, NULL);
	g_assert_false(schema_migrate(database, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_SYSTEM);
	g_assert_cmpint(version_of(database), ==, 0);
	g_assert_cmpint(sqlite3_exec(database, "SELECT 1 FROM sets", NULL, NULL, NULL), ==,
			SQLITE_ERROR);
	g_assert_true(sqlite3_get_autocommit(database));
	sqlite3_close(database);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/schema/a-new-database-gets-it-once", test_migrates_once);
	g_test_add_func("/schema/a-newer-one-is-refused-and-left-alone", test_newer);
	g_test_add_func("/schema/a-failed-migration-changes-nothing", test_failure_changes_nothing);
	return g_test_run();
}
