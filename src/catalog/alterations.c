#include "catalog/database.h"

void catalog_alteration_free(struct catalog_alteration *alteration)
{
	if (!alteration)
		return;
	g_free(alteration->name);
	g_free(alteration->what);
	g_free(alteration);
}

bool catalog_alteration_put(Catalog *catalog, const char *service, const char *repository,
			    const struct catalog_alteration *alteration, GError **error)
{
	return database_finish(
		catalog,
		database_prepare(catalog,
				 "INSERT INTO alterations VALUES (?1,?2,?3,?4,?5,?6,?7) "
				 "ON CONFLICT DO UPDATE SET hidden = excluded.hidden, "
				 "what = excluded.what, last_at = max(last_at, excluded.last_at)",
				 "tttitii", error, service, repository, alteration->name,
				 (int64_t)alteration->hidden, alteration->what,
				 (int64_t)alteration->first_at, (int64_t)alteration->last_at),
		error);
}

static struct catalog_alteration *read_alteration(sqlite3_stmt *row)
{
	struct catalog_alteration *alteration = g_new0(struct catalog_alteration, 1);

	alteration->name = database_text(row, 0);
	alteration->hidden = sqlite3_column_int(row, 1) != 0;
	alteration->what = database_text(row, 2);
	alteration->first_at = sqlite3_column_int64(row, 3);
	alteration->last_at = sqlite3_column_int64(row, 4);
	return alteration;
}

bool catalog_alterations(Catalog *catalog, const char *service, const char *repository,
			 usec_t since, GPtrArray **alterations, GError **error)
{
	sqlite3_stmt *statement = database_prepare(
		catalog,
		"SELECT name, hidden, what, first_at, last_at FROM alterations WHERE service = ?1 "
		"AND repository = ?2 AND last_at >= ?3 ORDER BY last_at, name",
		"tti", error, service, repository, (int64_t)since);
	g_autoptr(GPtrArray) list =
		g_ptr_array_new_with_free_func((GDestroyNotify)catalog_alteration_free);
	int state;

	if (!statement)
		return false;
	while ((state = sqlite3_step(statement)) == SQLITE_ROW)
		g_ptr_array_add(list, read_alteration(statement));
	if (!database_rows_end(catalog, statement, state, error))
		return false;
	*alterations = g_steal_pointer(&list);
	return true;
}
