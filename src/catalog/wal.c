#include "catalog/database.h"

void catalog_wal_free(struct catalog_wal *wal)
{
	if (!wal)
		return;
	g_free(wal->file);
	g_free(wal);
}

static bool put_files(Catalog *catalog, const char *service, const char *repository,
		      const struct catalog_wal *files, size_t count, GError **error)
{
	sqlite3_stmt *statement =
		database_prepare(catalog, "INSERT OR REPLACE INTO wal VALUES (?1,?2,?3,?4,?5,?6)",
				 "tt", error, service, repository);

	if (!statement)
		return false;
	for (size_t i = 0; i < count; i++) {
		sqlite3_bind_text(statement, 3, files[i].file, -1, SQLITE_STATIC);
		sqlite3_bind_int64(statement, 4, (int64_t)files[i].size);
		sqlite3_bind_int64(statement, 5, files[i].stored_at);
		sqlite3_bind_int64(statement, 6, files[i].written_at);
		if (sqlite3_step(statement) != SQLITE_DONE) {
			database_fail(catalog, error);
			sqlite3_finalize(statement);
			return false;
		}
		sqlite3_reset(statement);
	}
	sqlite3_finalize(statement);
	return true;
}

static bool delete_files(Catalog *catalog, const char *service, const char *repository,
			 const char *const *files, size_t count, GError **error)
{
	for (size_t i = 0; i < count; i++)
		if (!database_finish(catalog,
				     database_prepare(catalog,
						      "DELETE FROM wal WHERE service = ?1 AND "
						      "repository = ?2 AND file = ?3",
						      "ttt", error, service, repository, files[i]),
				     error))
			return false;
	return true;
}

/* What there is of a repository, before and after. */
struct stock {
	int64_t files, bytes;
};

static bool take_stock(Catalog *catalog, const char *service, const char *repository,
		       struct stock *stock, GError **error)
{
	sqlite3_stmt *statement = database_prepare(
		catalog,
		"SELECT count(*), total(size) FROM wal WHERE service = ?1 AND repository = ?2",
		"tt", error, service, repository);
	int state;

	if (!statement)
		return false;
	while ((state = sqlite3_step(statement)) == SQLITE_ROW)
		*stock = (struct stock){sqlite3_column_int64(statement, 0),
					sqlite3_column_int64(statement, 1)};
	return database_rows_end(catalog, statement, state, error);
}

static bool count_more(Catalog *catalog, const char *counter, const char *service,
		       const char *repository, int64_t more, GError **error)
{
	g_autofree char *name = g_strdup_printf("counter.%s.%s.%s", counter, service, repository);

	return more <= 0 || catalog_count(catalog, name, (uint64_t)more, error);
}

/* What is new was archived; a rebuild only finds again what there was. */
static bool put_new_files(Catalog *catalog, const char *service, const char *repository,
			  const struct catalog_wal *files, size_t count, GError **error)
{
	struct stock before, after;

	return take_stock(catalog, service, repository, &before, error) &&
	       put_files(catalog, service, repository, files, count, error) &&
	       take_stock(catalog, service, repository, &after, error) &&
	       count_more(catalog, CATALOG_WAL_FILES, service, repository,
			  after.files - before.files, error) &&
	       count_more(catalog, CATALOG_WAL_BYTES, service, repository,
			  after.bytes - before.bytes, error);
}

bool catalog_wal_put(Catalog *catalog, const char *service, const char *repository,
		     const struct catalog_wal *files, size_t count, GError **error)
{
	if (!catalog_group_begin(catalog, error))
		return false;
	return catalog_group_end(
		catalog, put_new_files(catalog, service, repository, files, count, error), error);
}

bool catalog_wal_replace(Catalog *catalog, const char *service, const char *repository,
			 const struct catalog_wal *files, size_t count, GError **error)
{
	if (!catalog_group_begin(catalog, error))
		return false;
	bool done = database_finish(catalog,
				    database_prepare(catalog,
						     "DELETE FROM wal WHERE service = ?1 AND "
						     "repository = ?2",
						     "tt", error, service, repository),
				    error) &&
		    put_files(catalog, service, repository, files, count, error);

	return catalog_group_end(catalog, done, error);
}

bool catalog_wal_delete(Catalog *catalog, const char *service, const char *repository,
			const char *const *files, size_t count, GError **error)
{
	if (!catalog_group_begin(catalog, error))
		return false;
	return catalog_group_end(
		catalog, delete_files(catalog, service, repository, files, count, error), error);
}

bool catalog_wal(Catalog *catalog, const char *service, const char *repository, GPtrArray **files,
		 GError **error)
{
	sqlite3_stmt *statement = database_prepare(
		catalog,
		"SELECT file, size, stored_at, written_at FROM wal WHERE service = ?1 AND "
		"repository = ?2 ORDER BY file",
		"tt", error, service, repository);
	g_autoptr(GPtrArray) list =
		g_ptr_array_new_with_free_func((GDestroyNotify)catalog_wal_free);
	int state;

	if (!statement)
		return false;
	while ((state = sqlite3_step(statement)) == SQLITE_ROW) {
		struct catalog_wal *wal = g_new0(struct catalog_wal, 1);

		wal->file = database_text(statement, 0);
		wal->size = (uint64_t)sqlite3_column_int64(statement, 1);
		wal->stored_at = sqlite3_column_int64(statement, 2);
		wal->written_at = sqlite3_column_int64(statement, 3);
		g_ptr_array_add(list, wal);
	}
	if (!database_rows_end(catalog, statement, state, error))
		return false;
	*files = g_steal_pointer(&list);
	return true;
}
