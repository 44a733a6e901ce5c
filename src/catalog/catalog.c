#include "catalog/catalog.h"

#include "base/error.h"
#include "catalog/database.h"
#include "catalog/schema.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS	     30000
#define CHECKED_SIZE ((off_t)32 << 20)

static bool is_damage(int code)
{
	return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

bool database_fail(Catalog *catalog, GError **error)
{
	/* Damage that only shows now: the next time it is opened may still not find it. */
	if (is_damage(sqlite3_errcode(catalog->database)))
		return odr_fail(error, ODR_ERROR_SYSTEM,
				"the catalog '%s' is damaged: move it away; it holds nothing that "
				"odrbackup catalog rebuild does not find again, but for its past",
				catalog->path);
	return odr_fail(error, ODR_ERROR_SYSTEM, "the catalog '%s': %s", catalog->path,
			sqlite3_errmsg(catalog->database));
}

bool database_run(Catalog *catalog, const char *sql, GError **error)
{
	return sqlite3_exec(catalog->database, sql, NULL, NULL, NULL) == SQLITE_OK ||
	       database_fail(catalog, error);
}

sqlite3_stmt *database_prepare(Catalog *catalog, const char *sql, const char *types, GError **error,
			       ...)
{
	sqlite3_stmt *statement = NULL;
	va_list arguments;

	if (sqlite3_prepare_v2(catalog->database, sql, -1, &statement, NULL) != SQLITE_OK) {
		database_fail(catalog, error);
		return NULL;
	}
	va_start(arguments, error);
	for (int i = 0; types[i]; i++) {
		if (types[i] == 't') {
			const char *text = va_arg(arguments, const char *);

			sqlite3_bind_text(statement, i + 1, text, -1, SQLITE_TRANSIENT);
		} else {
			sqlite3_bind_int64(statement, i + 1, va_arg(arguments, int64_t));
		}
	}
	va_end(arguments);
	return statement;
}

bool database_finish(Catalog *catalog, sqlite3_stmt *statement, GError **error)
{
	if (!statement)
		return false;
	bool done = sqlite3_step(statement) == SQLITE_DONE || database_fail(catalog, error);

	sqlite3_finalize(statement);
	return done;
}

char *database_text(sqlite3_stmt *statement, int column)
{
	return g_strdup((const char *)sqlite3_column_text(statement, column));
}

bool database_rows_end(Catalog *catalog, sqlite3_stmt *statement, int state, GError **error)
{
	bool done = state == SQLITE_DONE || database_fail(catalog, error);

	sqlite3_finalize(statement);
	return done;
}

/* A look at every page, where that takes no time to speak of. */
static int check_pages(sqlite3 *database, const char *path)
{
	sqlite3_stmt *statement = NULL;
	struct stat status;
	int code = SQLITE_OK;

	if (stat(path, &status) < 0 || status.st_size > CHECKED_SIZE)
		return SQLITE_OK;
	if (sqlite3_prepare_v2(database, "PRAGMA quick_check(1)", -1, &statement, NULL) !=
		    SQLITE_OK ||
	    sqlite3_step(statement) != SQLITE_ROW)
		code = sqlite3_errcode(database);
	else if (g_strcmp0((const char *)sqlite3_column_text(statement, 0), "ok") != 0)
		code = SQLITE_CORRUPT;
	sqlite3_finalize(statement);
	return code;
}

static bool open_once(const char *path, Catalog *catalog, bool *damaged, GError **error)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	int code = sqlite3_open_v2(path, &catalog->database, flags, NULL);

	sqlite3_busy_timeout(catalog->database, BUSY_MS);
	if (code == SQLITE_OK)
		code = sqlite3_exec(catalog->database,
				    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
				    "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
				    "SELECT count(*) FROM sqlite_schema",
				    NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = check_pages(catalog->database, path);
	*damaged = is_damage(code);
	if (code != SQLITE_OK)
		return odr_fail(error, ODR_ERROR_SYSTEM, "cannot open the catalog '%s': %s", path,
				sqlite3_errstr(code));
	if (!schema_migrate(catalog->database, error)) {
		*damaged = is_damage(sqlite3_errcode(catalog->database));
		return odr_context(error, "cannot open the catalog '%s'", path);
	}
	return true;
}

static bool move_aside(const char *path, GError **error)
{
	g_autofree char *time = clock_format_compact(clock_now());
	static const char *const tails[] = {"", "-wal", "-shm"};

	for (size_t i = 0; i < G_N_ELEMENTS(tails); i++) {
		g_autofree char *from = g_strconcat(path, tails[i], NULL);
		g_autofree char *to = g_strconcat(path, ".damaged-", time, tails[i], NULL);

		if (rename(from, to) < 0 && errno != ENOENT)
			return odr_fail_errno(error, errno, "cannot move '%s' aside", from);
	}
	return true;
}

Catalog *catalog_open(const char *path, bool *renewed, GError **error)
{
	g_autoptr(Catalog) catalog = g_new0(Catalog, 1);
	g_autoptr(GError) trouble = NULL;
	struct stat status;
	mode_t mask = umask(0077);
	bool damaged = false, opened;

	catalog->path = g_strdup(path);
	*renewed = stat(path, &status) < 0;
	opened = open_once(path, catalog, &damaged, &trouble);
	if (!opened && damaged) {
		g_clear_error(&trouble);
		sqlite3_close(g_steal_pointer(&catalog->database));
		*renewed = true;
		opened = move_aside(path, &trouble) && open_once(path, catalog, &damaged, &trouble);
	}
	umask(mask);
	if (!opened) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		return NULL;
	}
	return g_steal_pointer(&catalog);
}

void catalog_close(Catalog *catalog)
{
	if (!catalog)
		return;
	sqlite3_close(catalog->database);
	g_free(catalog->path);
	g_free(catalog);
}

bool catalog_group_begin(Catalog *catalog, GError **error)
{
	return database_run(catalog, "BEGIN IMMEDIATE", error);
}

bool catalog_group_end(Catalog *catalog, bool done, GError **error)
{
	if (done)
		return database_run(catalog, "COMMIT", error);
	database_run(catalog, "ROLLBACK", NULL);
	return false;
}

bool catalog_fact_set(Catalog *catalog, const char *name, const char *value, GError **error)
{
	if (!value)
		return database_finish(catalog,
				       database_prepare(catalog,
							"DELETE FROM facts WHERE name = ?1", "t",
							error, name),
				       error);
	return database_finish(catalog,
			       database_prepare(catalog,
						"INSERT OR REPLACE INTO facts VALUES (?1, ?2)",
						"tt", error, name, value),
			       error);
}

bool catalog_fact(Catalog *catalog, const char *name, char **value, GError **error)
{
	sqlite3_stmt *statement = database_prepare(
		catalog, "SELECT value FROM facts WHERE name = ?1", "t", error, name);
	char *found = NULL;
	int state;

	if (!statement)
		return false;
	while ((state = sqlite3_step(statement)) == SQLITE_ROW && !found)
		found = database_text(statement, 0);
	if (!database_rows_end(catalog, statement, state, error)) {
		g_free(found);
		return false;
	}
	*value = found;
	return true;
}

bool catalog_count(Catalog *catalog, const char *name, uint64_t more, GError **error)
{
	return database_finish(
		catalog,
		database_prepare(catalog,
				 "INSERT INTO facts VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE "
				 "SET value = CAST(value AS INTEGER) + ?2",
				 "ti", error, name, (int64_t)more),
		error);
}

bool catalog_counter(Catalog *catalog, const char *name, int64_t *value, GError **error)
{
	g_autofree char *text = NULL;

	if (!catalog_fact(catalog, name, &text, error))
		return false;
	*value = text ? g_ascii_strtoll(text, NULL, 10) : -1;
	return true;
}
