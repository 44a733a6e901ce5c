/* What a repository has, into the catalog: anew, or what has changed. */
#include "base/error.h"
#include "ops/record.h"
#include "repo/wal_held.h"

/* Sets that the catalog has, by id; they belong to the list. */
static GHashTable *known_sets(const GPtrArray *sets)
{
	GHashTable *known = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < sets->len; i++) {
		struct catalog_set *set = sets->pdata[i];

		g_hash_table_insert(known, set->set_id, set);
	}
	return known;
}

static bool put_sets(Catalog *catalog, const Repo *repo, const GPtrArray *manifests,
		     GHashTable *known, GError **error)
{
	for (guint i = 0; i < manifests->len; i++)
		if (!record_set_over(catalog, repo, manifests->pdata[i], known, error))
			return false;
	return true;
}

static bool rebuild_sets(Catalog *catalog, Repo *repo, const Identity *identity,
			 GPtrArray *troubles, GError **error)
{
	const char *service = repo->service.name, *repository = store_name(repo->store);
	g_autoptr(GPtrArray) manifests = NULL, sets = NULL;
	g_autoptr(GHashTable) known = NULL;

	if (!manifest_list(repo, identity, &manifests, troubles, error) ||
	    !catalog_sets(catalog, service, repository, &sets, error) ||
	    !catalog_group_begin(catalog, error))
		return false;
	known = known_sets(sets);
	return catalog_group_end(catalog,
				 catalog_sets_clear(catalog, service, repository, error) &&
					 put_sets(catalog, repo, manifests, known, error),
				 error);
}

static bool forget_sets(Catalog *catalog, const Repo *repo, GHashTable *gone, GError **error)
{
	GHashTableIter iter;
	gpointer id;

	g_hash_table_iter_init(&iter, gone);
	while (g_hash_table_iter_next(&iter, &id, NULL))
		if (!catalog_set_delete(catalog, repo->service.name, store_name(repo->store), id,
					error))
			return false;
	return true;
}

/* There may be one for each minute of a month: only those are read that the catalog lacks. */
static bool update_sets(Catalog *catalog, Repo *repo, const Identity *identity, GPtrArray *troubles,
			GError **error)
{
	const char *service = repo->service.name, *repository = store_name(repo->store);
	g_autoptr(GPtrArray) manifests = NULL, sets = NULL;
	g_autoptr(GHashTable) known = NULL;

	if (!catalog_sets(catalog, service, repository, &sets, error))
		return false;
	known = known_sets(sets);
	if (!manifest_list_new(repo, identity, known, &manifests, troubles, error) ||
	    !catalog_group_begin(catalog, error))
		return false;
	return catalog_group_end(catalog,
				 forget_sets(catalog, repo, known, error) &&
					 put_sets(catalog, repo, manifests, NULL, error),
				 error);
}

/* The newest of each part is what counts; what there was between is not asked for one by one. */
static bool rebuild_moments(Catalog *catalog, Repo *repo, GPtrArray *troubles, GError **error)
{
	static const char *const parts[] = {PART_FILESTORE, PART_CONFIG};

	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		struct moment *moment = NULL;
		bool done = moment_newest(repo, parts[i], &moment, troubles, error) &&
			    (!moment || record_moment(catalog, repo, moment, error));

		moment_free(moment);
		if (!done)
			return false;
	}
	return true;
}

static bool rebuild_wal(Catalog *catalog, Repo *repo, GError **error)
{
	g_autoptr(GPtrArray) held = NULL;
	g_autoptr(GArray) files = g_array_new(false, false, sizeof(struct catalog_wal));

	if (!wal_list(repo, &held, error))
		return false;
	for (guint i = 0; i < held->len; i++) {
		const struct wal_held *one = held->pdata[i];
		struct catalog_wal file = {
			.file = one->file, .size = one->object_size, .stored_at = one->stored_at};

		if (one->complete)
			g_array_append_val(files, file);
	}
	return catalog_wal_replace(catalog, repo->service.name, store_name(repo->store),
				   (const struct catalog_wal *)(void *)files->data, files->len,
				   error);
}

static bool record_others(Catalog *catalog, Repo *repo, const Identity *identity,
			  GPtrArray *troubles, GError **error)
{
	return rebuild_moments(catalog, repo, troubles, error) &&
	       record_marks(catalog, repo, identity, troubles, error) &&
	       record_holds_update(catalog, repo, troubles, error) &&
	       rebuild_wal(catalog, repo, error) &&
	       record_exposure(catalog, repo->service.name, store_name(repo->store), error);
}

bool record_rebuild(Catalog *catalog, Repo *repo, const Identity *identity, GPtrArray *troubles,
		    GError **error)
{
	return rebuild_sets(catalog, repo, identity, troubles, error) &&
	       record_others(catalog, repo, identity, troubles, error);
}

bool record_update(Catalog *catalog, Repo *repo, const Identity *identity, GPtrArray *troubles,
		   GError **error)
{
	return update_sets(catalog, repo, identity, troubles, error) &&
	       record_others(catalog, repo, identity, troubles, error);
}
