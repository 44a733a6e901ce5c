#include "catalog/database.h"

void catalog_set_free(struct catalog_set *set)
{
	if (!set)
		return;
	g_free(set->service);
	g_free(set->repository);
	g_free(set->set_id);
	g_free(set->kind);
	g_free(set->parts);
	g_free(set->generation);
	g_free(set->writer);
	g_free(set->manifest_sha256);
	g_free(set);
}

bool catalog_set_put(Catalog *catalog, const struct catalog_set *set, GError **error)
{
	return database_finish(
		catalog,
		database_prepare(
			catalog,
			"INSERT OR REPLACE INTO sets VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,"
			"?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24,?25)",
			"ttttttiiiiiiiiiiiiiiiiitt", error, set->service, set->repository,
			set->set_id, set->kind, set->parts, set->generation, (int64_t)set->sequence,
			(int64_t)set->created, (int64_t)set->started, (int64_t)set->stopped,
			(int64_t)set->retain_until, (int64_t)set->lock_until,
			(int64_t)set->stored_at, (int64_t)set->timeline, (int64_t)set->segment_size,
			(int64_t)set->start_lsn, (int64_t)set->stop_lsn,
			(int64_t)set->system_identifier, (int64_t)set->pg_major,
			(int64_t)set->files, (int64_t)set->bytes, (int64_t)set->stored,
			(int64_t)set->damaged, set->writer, set->manifest_sha256),
		error);
}

bool catalog_set_delete(Catalog *catalog, const char *service, const char *repository,
			const char *set_id, GError **error)
{
	return database_finish(catalog,
			       database_prepare(catalog,
						"DELETE FROM sets WHERE service = ?1 AND "
						"repository = ?2 AND set_id = ?3",
						"ttt", error, service, repository, set_id),
			       error);
}

bool catalog_sets_clear(Catalog *catalog, const char *service, const char *repository,
			GError **error)
{
	return database_finish(
		catalog,
		database_prepare(catalog, "DELETE FROM sets WHERE service = ?1 AND repository = ?2",
				 "tt", error, service, repository),
		error);
}

bool catalog_set_known(Catalog *catalog, const char *service, const char *repository,
		       const char *set_id, bool *known, GError **error)
{
	sqlite3_stmt *statement = database_prepare(
		catalog,
		"SELECT 1 FROM sets WHERE service = ?1 AND repository = ?2 AND set_id = ?3", "ttt",
		error, service, repository, set_id);
	bool found = false;
	int state;

	if (!statement)
		return false;
	while ((state = sqlite3_step(statement)) == SQLITE_ROW)
		found = true;
	if (!database_rows_end(catalog, statement, state, error))
		return false;
	*known = found;
	return true;
}

static struct catalog_set *read_set(sqlite3_stmt *row)
{
	struct catalog_set *set = g_new0(struct catalog_set, 1);

	set->service = database_text(row, 0);
	set->repository = database_text(row, 1);
	set->set_id = database_text(row, 2);
	set->kind = database_text(row, 3);
	set->parts = database_text(row, 4);
	set->generation = database_text(row, 5);
	set->sequence = (uint64_t)sqlite3_column_int64(row, 6);
	set->created = sqlite3_column_int64(row, 7);
	set->started = sqlite3_column_int64(row, 8);
	set->stopped = sqlite3_column_int64(row, 9);
	set->retain_until = sqlite3_column_int64(row, 10);
	set->lock_until = sqlite3_column_int64(row, 11);
	set->stored_at = sqlite3_column_int64(row, 12);
	set->timeline = (uint32_t)sqlite3_column_int64(row, 13);
	set->segment_size = (uint32_t)sqlite3_column_int64(row, 14);
	set->start_lsn = (uint64_t)sqlite3_column_int64(row, 15);
	set->stop_lsn = (uint64_t)sqlite3_column_int64(row, 16);
	set->system_identifier = (uint64_t)sqlite3_column_int64(row, 17);
	set->pg_major = sqlite3_column_int(row, 18);
	set->files = (uint64_t)sqlite3_column_int64(row, 19);
	set->bytes = (uint64_t)sqlite3_column_int64(row, 20);
	set->stored = (uint64_t)sqlite3_column_int64(row, 21);
	set->damaged = (uint64_t)sqlite3_column_int64(row, 22);
	set->writer = database_text(row, 23);
	set->manifest_sha256 = database_text(row, 24);
	return set;
}

bool catalog_sets(Catalog *catalog, const char *service, const char *repository, GPtrArray **sets,
		  GError **error)
{
	sqlite3_stmt *statement = database_prepare(
		catalog,
		"SELECT * FROM sets WHERE service = ?1 AND (?2 IS NULL OR repository = ?2) "
		"ORDER BY stored_at, sequence, set_id, repository",
		"tt", error, service, repository);
	g_autoptr(GPtrArray) list =
		g_ptr_array_new_with_free_func((GDestroyNotify)catalog_set_free);
	int state;

	if (!statement)
		return false;
	while ((state = sqlite3_step(statement)) == SQLITE_ROW)
		g_ptr_array_add(list, read_set(statement));
	if (!database_rows_end(catalog, statement, state, error))
		return false;
	*sets = g_steal_pointer(&list);
	return true;
}
