#include "catalog/database.h"

void catalog_audit_free(struct catalog_audit *line)
{
	if (!line)
		return;
	g_free(line->sha256);
	g_free(line->event);
	g_free(line->run);
	g_free(line);
}

/* What was seen first stays: a line that comes again with another digest is the one that is wrong. */
bool catalog_audit_put(Catalog *catalog, const struct catalog_audit *line, GError **error)
{
	return database_finish(
		catalog,
		database_prepare(catalog,
				 "INSERT INTO audit VALUES (?1,?2,?3,?4,?5) ON CONFLICT DO NOTHING",
				 "ititt", error, (int64_t)line->seq, line->sha256,
				 (int64_t)line->time, line->event, line->run),
		error);
}

static struct catalog_audit *read_line(sqlite3_stmt *row)
{
	struct catalog_audit *line = g_new0(struct catalog_audit, 1);

	line->seq = (uint64_t)sqlite3_column_int64(row, 0);
	line->sha256 = database_text(row, 1);
	line->time = sqlite3_column_int64(row, 2);
	line->event = database_text(row, 3);
	line->run = database_text(row, 4);
	return line;
}

bool catalog_audit(Catalog *catalog, GPtrArray **lines, GError **error)
{
	sqlite3_stmt *statement = database_prepare(
		catalog, "SELECT seq, sha256, time, event, run FROM audit ORDER BY seq", "", error);
	g_autoptr(GPtrArray) list =
		g_ptr_array_new_with_free_func((GDestroyNotify)catalog_audit_free);
	int state;

	if (!statement)
		return false;
	while ((state = sqlite3_step(statement)) == SQLITE_ROW)
		g_ptr_array_add(list, read_line(statement));
	if (!database_rows_end(catalog, statement, state, error))
		return false;
	*lines = g_steal_pointer(&list);
	return true;
}
