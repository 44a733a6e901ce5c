#include "catalog/database.h"

void catalog_loss_free(struct catalog_loss *loss)
{
	if (!loss)
		return;
	g_free(loss->name);
	g_free(loss);
}

static bool put(Catalog *catalog, const char *service, const char *repository,
		const struct catalog_loss *loss, GError **error)
{
	return database_finish(
		catalog,
		database_prepare(catalog,
				 "INSERT INTO losses VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO "
				 "UPDATE SET damaged = excluded.damaged",
				 "tttii", error, service, repository, loss->name,
				 (int64_t)loss->damaged, (int64_t)loss->found_at),
		error);
}

static bool forget(Catalog *catalog, const char *service, const char *repository, const char *name,
		   GError **error)
{
	return database_finish(catalog,
			       database_prepare(catalog,
						"DELETE FROM losses WHERE service = ?1 AND "
						"repository = ?2 AND name = ?3",
						"ttt", error, service, repository, name),
			       error);
}

static bool replace(Catalog *catalog, const char *service, const char *repository,
		    const GPtrArray *losses, bool read_back, GError **error)
{
	g_autoptr(GHashTable) known = NULL;
	GHashTableIter iter;
	gpointer name, value;

	if (!catalog_losses(catalog, service, repository, &known, error))
		return false;
	for (guint i = 0; i < losses->len; i++) {
		const struct catalog_loss *loss = losses->pdata[i];

		g_hash_table_remove(known, loss->name);
		if (!put(catalog, service, repository, loss, error))
			return false;
	}
	g_hash_table_iter_init(&iter, known);
	while (g_hash_table_iter_next(&iter, &name, &value))
		if ((read_back || !((const struct catalog_loss *)value)->damaged) &&
		    !forget(catalog, service, repository, name, error))
			return false;
	return true;
}

bool catalog_losses_replace(Catalog *catalog, const char *service, const char *repository,
			    const GPtrArray *losses, bool read_back, GError **error)
{
	return catalog_group_begin(catalog, error) &&
	       catalog_group_end(catalog,
				 replace(catalog, service, repository, losses, read_back, error),
				 error);
}

bool catalog_losses(Catalog *catalog, const char *service, const char *repository,
		    GHashTable **losses, GError **error)
{
	sqlite3_stmt *statement = database_prepare(
		catalog,
		"SELECT name, damaged, found_at FROM losses WHERE service = ?1 AND repository = ?2",
		"tt", error, service, repository);
	g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
							    (GDestroyNotify)catalog_loss_free);
	int state;

	if (!statement)
		return false;
	while ((state = sqlite3_step(statement)) == SQLITE_ROW) {
		struct catalog_loss *loss = g_new0(struct catalog_loss, 1);

		loss->name = database_text(statement, 0);
		loss->damaged = sqlite3_column_int(statement, 1) != 0;
		loss->found_at = sqlite3_column_int64(statement, 2);
		g_hash_table_insert(found, loss->name, loss);
	}
	if (!database_rows_end(catalog, statement, state, error))
		return false;
	*losses = g_steal_pointer(&found);
	return true;
}
