#include "catalog/database.h"

bool catalog_exposure_add(Catalog *catalog, const char *service, const char *repository,
			  const char *component, const struct catalog_exposure *event,
			  GError **error)
{
	/* Only an advance is an event; what is known already stays as it was first seen. Two points that
	 * became usable at once are the newer one. What was claimed before a fall counts for nothing behind it. */
	return database_finish(
		catalog,
		database_prepare(
			catalog,
			"INSERT INTO exposure SELECT ?1, ?2, ?3, ?4, ?5, 0 WHERE NOT EXISTS ("
			"SELECT 1 FROM exposure INDEXED BY exposure_by_point WHERE service = ?1 AND repository = ?2 AND "
			"component = ?3 AND recovery_point >= ?5 AND usable_at <= ?4 AND usable_at >= "
			"(SELECT COALESCE(max(usable_at), 0) FROM exposure WHERE service = ?1 AND "
			"repository = ?2 AND component = ?3 AND revises > 0 AND usable_at <= ?4)) "
			"ON CONFLICT DO UPDATE SET recovery_point = "
			"max(recovery_point, excluded.recovery_point)",
			"tttii", error, service, repository, component, (int64_t)event->usable_at,
			(int64_t)event->recovery_point),
		error);
}

bool catalog_exposure_fall(Catalog *catalog, const char *service, const char *repository,
			   const char *component, const struct catalog_exposure *event,
			   GError **error)
{
	return database_finish(
		catalog,
		database_prepare(
			catalog,
			"INSERT INTO exposure SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?5 < "
			"(SELECT recovery_point FROM exposure WHERE service = ?1 AND repository = ?2 AND "
			"component = ?3 AND usable_at <= ?4 ORDER BY usable_at DESC LIMIT 1) "
			"ON CONFLICT DO UPDATE SET recovery_point = excluded.recovery_point, "
			"revises = excluded.revises",
			"tttiii", error, service, repository, component, (int64_t)event->usable_at,
			(int64_t)event->recovery_point, (int64_t)event->revises),
		error);
}

bool catalog_exposure(Catalog *catalog, const char *service, const char *repository,
		      const char *component, usec_t since, GArray **events, GError **error)
{
	sqlite3_stmt *statement = database_prepare(
		catalog,
		"SELECT usable_at, recovery_point, revises FROM exposure WHERE service = ?1 AND "
		"repository = ?2 AND component = ?3 AND usable_at >= COALESCE((SELECT "
		"max(usable_at) FROM exposure WHERE service = ?1 AND repository = ?2 AND "
		"component = ?3 AND usable_at <= ?4), ?4) ORDER BY usable_at",
		"ttti", error, service, repository, component, (int64_t)since);
	g_autoptr(GArray) list = g_array_new(false, false, sizeof(struct catalog_exposure));
	int state;

	if (!statement)
		return false;
	while ((state = sqlite3_step(statement)) == SQLITE_ROW) {
		struct catalog_exposure event = {.usable_at = sqlite3_column_int64(statement, 0),
						 .recovery_point =
							 sqlite3_column_int64(statement, 1),
						 .revises = sqlite3_column_int64(statement, 2)};

		g_array_append_val(list, event);
	}
	if (!database_rows_end(catalog, statement, state, error))
		return false;
	*events = g_steal_pointer(&list);
	return true;
}
