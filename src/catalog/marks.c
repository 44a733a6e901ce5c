#include "catalog/database.h"

void catalog_mark_free(struct catalog_mark *mark)
{
	if (!mark)
		return;
	g_free(mark->mark_id);
	g_free(mark->name);
	g_free(mark->note);
	g_free(mark);
}

bool catalog_mark_put(Catalog *catalog, const char *service, const char *repository,
		      const struct catalog_mark *mark, GError **error)
{
	/* What was read without a key does not forget what is known. */
	return database_finish(
		catalog,
		database_prepare(catalog,
				 "INSERT INTO marks VALUES (?1,?2,?3,?4,?5,?6,?7,?8) "
				 "ON CONFLICT DO UPDATE SET name = coalesce(excluded.name, name), "
				 "note = coalesce(excluded.note, note)",
				 "tttttiii", error, service, repository, mark->mark_id, mark->name,
				 mark->note, (int64_t)mark->made, (int64_t)mark->timeline,
				 (int64_t)mark->lsn),
		error);
}

bool catalog_mark_delete(Catalog *catalog, const char *service, const char *repository,
			 const char *mark_id, GError **error)
{
	return database_finish(
		catalog,
		database_prepare(catalog,
				 "DELETE FROM marks WHERE service = ?1 AND repository = ?2 "
				 "AND mark_id = ?3",
				 "ttt", error, service, repository, mark_id),
		error);
}

static struct catalog_mark *read_mark(sqlite3_stmt *row)
{
	struct catalog_mark *mark = g_new0(struct catalog_mark, 1);

	mark->mark_id = database_text(row, 0);
	mark->name = database_text(row, 1);
	mark->note = database_text(row, 2);
	mark->made = sqlite3_column_int64(row, 3);
	mark->timeline = (uint32_t)sqlite3_column_int64(row, 4);
	mark->lsn = (uint64_t)sqlite3_column_int64(row, 5);
	return mark;
}

bool catalog_marks(Catalog *catalog, const char *service, const char *repository, GPtrArray **marks,
		   GError **error)
{
	sqlite3_stmt *statement = database_prepare(
		catalog,
		"SELECT mark_id, name, note, made, timeline, lsn FROM marks WHERE service = ?1 "
		"AND repository = ?2 ORDER BY made, mark_id",
		"tt", error, service, repository);
	g_autoptr(GPtrArray) list =
		g_ptr_array_new_with_free_func((GDestroyNotify)catalog_mark_free);
	int state;

	if (!statement)
		return false;
	while ((state = sqlite3_step(statement)) == SQLITE_ROW)
		g_ptr_array_add(list, read_mark(statement));
	if (!database_rows_end(catalog, statement, state, error))
		return false;
	*marks = g_steal_pointer(&list);
	return true;
}
