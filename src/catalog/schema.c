#include "catalog/schema.h"

#include "base/error.h"

/* Version n is reached by running statement n-1. Never change one that was released: add the next. */
static const char *const migrations[] = {
	/* 1 */
	"CREATE TABLE sets ("
	" service TEXT NOT NULL, repository TEXT NOT NULL, set_id TEXT NOT NULL,"
	" kind TEXT NOT NULL, parts TEXT NOT NULL, generation TEXT,"
	" sequence INTEGER NOT NULL, created INTEGER NOT NULL, started INTEGER NOT NULL,"
	" stopped INTEGER NOT NULL, retain_until INTEGER NOT NULL, lock_until INTEGER NOT NULL,"
	" stored_at INTEGER NOT NULL, timeline INTEGER NOT NULL, segment_size INTEGER NOT NULL,"
	" start_lsn INTEGER NOT NULL, stop_lsn INTEGER NOT NULL,"
	" system_identifier INTEGER NOT NULL, pg_major INTEGER NOT NULL,"
	" files INTEGER NOT NULL, bytes INTEGER NOT NULL, stored INTEGER NOT NULL,"
	" damaged INTEGER NOT NULL, writer TEXT, manifest_sha256 TEXT,"
	" PRIMARY KEY (service, repository, set_id)) WITHOUT ROWID;"
	"CREATE TABLE wal ("
	" service TEXT NOT NULL, repository TEXT NOT NULL, file TEXT NOT NULL,"
	" size INTEGER NOT NULL, stored_at INTEGER NOT NULL,"
	" PRIMARY KEY (service, repository, file)) WITHOUT ROWID;"
	"CREATE TABLE runs ("
	" run_id TEXT PRIMARY KEY, service TEXT NOT NULL, command TEXT NOT NULL,"
	" outcome TEXT NOT NULL, started INTEGER NOT NULL, finished INTEGER NOT NULL,"
	" exit_status INTEGER NOT NULL, set_id TEXT, message TEXT, bytes INTEGER NOT NULL,"
	" pid INTEGER NOT NULL, boot_id TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX runs_by_time ON runs (service, started);"
	"CREATE TABLE exposure ("
	" service TEXT NOT NULL, repository TEXT NOT NULL, component TEXT NOT NULL,"
	" usable_at INTEGER NOT NULL, recovery_point INTEGER NOT NULL,"
	" PRIMARY KEY (service, repository, component, usable_at)) WITHOUT ROWID;"
	"CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;",
	/* 2 */
	"CREATE TABLE alterations ("
	" service TEXT NOT NULL, repository TEXT NOT NULL, name TEXT NOT NULL,"
	" hidden INTEGER NOT NULL, what TEXT NOT NULL,"
	" first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,"
	" PRIMARY KEY (service, repository, name)) WITHOUT ROWID;",
	/* 3 */
	"CREATE TABLE marks ("
	" service TEXT NOT NULL, repository TEXT NOT NULL, mark_id TEXT NOT NULL,"
	" name TEXT, note TEXT, made INTEGER NOT NULL, timeline INTEGER NOT NULL,"
	" lsn INTEGER NOT NULL,"
	" PRIMARY KEY (service, repository, mark_id)) WITHOUT ROWID;",
	/* 4 */
	"CREATE TABLE audit ("
	" seq INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, time INTEGER NOT NULL,"
	" event TEXT NOT NULL, run TEXT);",
	/* 5 */
	"CREATE INDEX exposure_by_point ON exposure"
	" (service, repository, component, recovery_point, usable_at);",
	/* 6 */
	"ALTER TABLE wal ADD COLUMN written_at INTEGER NOT NULL DEFAULT 0;",
	/* 7 */
	"ALTER TABLE exposure ADD COLUMN revises INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE losses ("
	" service TEXT NOT NULL, repository TEXT NOT NULL, name TEXT NOT NULL,"
	" damaged INTEGER NOT NULL, found_at INTEGER NOT NULL,"
	" PRIMARY KEY (service, repository, name)) WITHOUT ROWID;",
	/* 8 */
	"CREATE INDEX exposure_falls ON exposure"
	" (service, repository, component, usable_at) WHERE revises > 0;",
};

static bool run(sqlite3 *database, const char *sql, GError **error)
{
	if (sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return odr_fail(error, ODR_ERROR_SYSTEM, "cannot prepare the catalog: %s",
			sqlite3_errmsg(database));
}

static bool version_of(sqlite3 *database, int *version, GError **error)
{
	sqlite3_stmt *statement = NULL;
	bool read = sqlite3_prepare_v2(database, "PRAGMA user_version", -1, &statement, NULL) ==
			    SQLITE_OK &&
		    sqlite3_step(statement) == SQLITE_ROW;

	if (read)
		*version = sqlite3_column_int(statement, 0);
	else
		odr_fail(error, ODR_ERROR_SYSTEM, "cannot read the catalog: %s",
			 sqlite3_errmsg(database));
	sqlite3_finalize(statement);
	return read;
}

static bool migrate_in_transaction(sqlite3 *database, GError **error)
{
	int version = 0;

	if (!version_of(database, &version, error))
		return false;
	if (version > (int)G_N_ELEMENTS(migrations))
		return odr_fail(
			error, ODR_ERROR_USAGE,
			"the catalog has version %d, this program knows %d: use the newer "
			"program, or move the catalog away and run odrbackup catalog rebuild",
			version, (int)G_N_ELEMENTS(migrations));
	for (; version < (int)G_N_ELEMENTS(migrations); version++) {
		g_autofree char *mark = g_strdup_printf("PRAGMA user_version = %d", version + 1);

		if (!run(database, migrations[version], error) || !run(database, mark, error))
			return false;
	}
	return true;
}

bool schema_migrate(sqlite3 *database, GError **error)
{
	int version = 0;

	if (!version_of(database, &version, error))
		return false;
	if (version == (int)G_N_ELEMENTS(migrations))
		return true;
	if (!run(database, "BEGIN IMMEDIATE", error))
		return false;
	if (!migrate_in_transaction(database, error)) {
		sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
		return false;
	}
	return run(database, "COMMIT", error);
}
