#include "ops/expire/hold.h"

#include "base/error.h"
#include "base/pool.h"

#include <string.h>

/* A request each: what takes time is the way there and back. */
#define WORKERS_MAX 16

static void repository_free(void *data)
{
	struct hold_repository *repository = data;

	g_free(repository->name);
	g_free(repository);
}

static void result_init(struct hold_result *result)
{
	result->repositories = g_ptr_array_new_with_free_func(repository_free);
	result->troubles = g_ptr_array_new_with_free_func(g_free);
}

void hold_result_clear(struct hold_result *result)
{
	g_clear_pointer(&result->repositories, g_ptr_array_unref);
	g_clear_pointer(&result->troubles, g_ptr_array_unref);
}

static struct hold_repository *add_repository(struct hold_result *result, const Repo *repo)
{
	struct hold_repository *repository = g_new0(struct hold_repository, 1);
	struct store_abilities abilities;

	store_abilities(repo->store, &abilities);
	repository->name = g_strdup(store_name(repo->store));
	repository->locks = abilities.locks;
	g_ptr_array_add(result->repositories, repository);
	return repository;
}

/* ---- what a set needs ---------------------------------------------------------------------------- */

/* Local names, each once. */
static bool note_pack(void *data, const struct store_object *object)
{
	g_hash_table_add(data, g_strdup(object->name));
	return true;
}

static bool gather_part(Repo *repo, const struct set_part *part, GHashTable *names, GError **error)
{
	g_autofree char *packs = g_strdup_printf("pack/%s/", part->generation);

	for (guint i = 0; i < part->layers->len; i++)
		g_hash_table_add(
			names,
			layout_table(g_array_index(part->layers, struct layer_ref, i).table));
	return repo_list(repo, packs, note_pack, names, error);
}

static bool gather(Repo *repo, const Manifest *manifest, GHashTable *names, GError **error)
{
	g_hash_table_add(names, layout_set(manifest->set_id));
	for (guint i = 0; i < manifest->parts->len; i++)
		if (!gather_part(repo, manifest->parts->pdata[i], names, error))
			return false;
	for (guint i = 0; manifest->wal && i < manifest->wal->objects->len; i++)
		g_hash_table_add(names, g_strdup(manifest->wal->objects->pdata[i]));
	return true;
}

/* NULL where the set is not there. */
static bool load(Repo *repo, const char *set_id, Manifest **manifest, GError **error)
{
	g_autoptr(GError) cause = NULL;

	*manifest = NULL;
	if (manifest_load(repo, NULL, set_id, manifest, &cause) ||
	    odr_error_is(cause, ODR_ERROR_NOT_FOUND))
		return true;
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

/* ---- legal holds --------------------------------------------------------------------------------- */

struct holding {
	Repo *repo;
	char **names;
	bool hold;
};

static bool hold_one(void *shared, void *context, size_t job, GError **error)
{
	const struct holding *holding = shared;

	(void)context;
	return repo_hold(holding->repo, holding->names[job], holding->hold, error);
}

static bool hold_all(Repo *repo, GHashTable *names, bool hold, GError **error)
{
	guint count;
	g_autofree char **list = (char **)g_hash_table_get_keys_as_array(names, &count);
	struct holding holding = {repo, list, hold};
	const struct pool_work work = {.workers = MIN(count, WORKERS_MAX),
				       .jobs = count,
				       .shared = &holding,
				       .run = hold_one};

	return count == 0 || pool_run(&work, error);
}

/* ---- adding -------------------------------------------------------------------------------------- */

static bool add_legal_holds(const struct hold_request *request, Repo *repo,
			    struct hold_repository *repository, GError **error)
{
	g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(Manifest) manifest = NULL;

	/* Read again: from now on no expiry takes it, and one that did has. */
	if (!load(repo, request->set_id, &manifest, error))
		return false;
	if (!manifest)
		return odr_fail(error, ODR_ERROR_NOT_FOUND,
				"set %s expired in repository %s while it was being held",
				request->set_id, repository->name);
	if (!repository->locks)
		return true;
	if (!gather(repo, manifest, names, error) || !hold_all(repo, names, true, error))
		return odr_context(error, "repository %s: legal hold", repository->name);
	repository->objects = g_hash_table_size(names);
	return true;
}

static bool add_to(const struct hold_request *request, Repo *repo, const Bundle *bundle,
		   struct hold *hold, struct hold_result *result, GError **error)
{
	struct hold_repository *repository = add_repository(result, repo);
	g_autoptr(GPtrArray) one = g_ptr_array_new();
	g_autoptr(Manifest) manifest = NULL;

	g_ptr_array_add(one, repo);
	if (!load(repo, request->set_id, &manifest, error))
		return false;
	repository->has = manifest != NULL;
	if (!manifest)
		return true;
	if (!hold_put(one, bundle, hold, error))
		return odr_context(error, "repository %s", repository->name);
	repository->holds++;
	return add_legal_holds(request, repo, repository, error);
}

static bool anywhere(const struct hold_result *result)
{
	for (guint i = 0; i < result->repositories->len; i++)
		if (((const struct hold_repository *)result->repositories->pdata[i])->has)
			return true;
	return false;
}

bool hold_add(const struct hold_request *request, const Bundle *bundle, struct hold *hold,
	      struct hold_result *result, GError **error)
{
	result_init(result);
	for (guint i = 0; i < request->repos->len; i++)
		if (!add_to(request, request->repos->pdata[i], bundle, hold, result, error))
			return false;
	return anywhere(result) ||
	       odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no set %s", request->set_id);
}

/* ---- releasing ----------------------------------------------------------------------------------- */

/* Takes out of names what other held sets need. */
static bool leave_others(const struct hold_request *request, Repo *repo, const GPtrArray *holds,
			 GHashTable *names, GError **error)
{
	for (guint i = 0; i < holds->len; i++) {
		const struct hold *hold = holds->pdata[i];
		g_autoptr(GHashTable) needed =
			g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
		g_autoptr(Manifest) manifest = NULL;
		GHashTableIter iterator;
		void *name;

		if (strcmp(hold->set_id, request->set_id) == 0 ||
		    !hold_in_force(hold, request->now))
			continue;
		if (!load(repo, hold->set_id, &manifest, error) ||
		    (manifest && !gather(repo, manifest, needed, error)))
			return false;
		g_hash_table_iter_init(&iterator, needed);
		while (g_hash_table_iter_next(&iterator, &name, NULL))
			g_hash_table_remove(names, name);
	}
	return true;
}

static bool take_legal_holds(const struct hold_request *request, Repo *repo, const GPtrArray *holds,
			     struct hold_repository *repository, GError **error)
{
	g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(Manifest) manifest = NULL;

	if (!repository->locks)
		return true;
	if (!load(repo, request->set_id, &manifest, error) ||
	    (manifest && !gather(repo, manifest, names, error)) ||
	    !leave_others(request, repo, holds, names, error) ||
	    !hold_all(repo, names, false, error))
		return odr_context(error, "repository %s: legal hold", repository->name);
	repository->objects = g_hash_table_size(names);
	return true;
}

static bool delete_holds(const struct hold_request *request, Repo *repo, const GPtrArray *holds,
			 struct hold_repository *repository, GError **error)
{
	for (guint i = 0; i < holds->len; i++) {
		const struct hold *hold = holds->pdata[i];
		g_autofree char *local = layout_hold(hold->set_id, hold->name);
		struct store_object object = {.name = local};
		g_autoptr(GPtrArray) objects = g_ptr_array_new();
		struct store_deletion deletion = {0};

		if (strcmp(hold->set_id, request->set_id) != 0)
			continue;
		g_ptr_array_add(objects, &object);
		if (!repo_delete_many(repo, objects, &deletion, error))
			return odr_context(error, "repository %s", repository->name);
		if (deletion.error) {
			g_propagate_error(error, deletion.error);
			return odr_context(error, "repository %s: the set stays held",
					   repository->name);
		}
		repository->holds++;
	}
	return true;
}

static bool release_in(const struct hold_request *request, Repo *repo, struct hold_result *result,
		       GError **error)
{
	struct hold_repository *repository = add_repository(result, repo);
	g_autoptr(GPtrArray) holds = NULL;

	if (!hold_list(repo, NULL, &holds, result->troubles, error))
		return false;
	for (guint i = 0; i < holds->len; i++)
		repository->has |= strcmp(((const struct hold *)holds->pdata[i])->set_id,
					  request->set_id) == 0;
	return !repository->has || (take_legal_holds(request, repo, holds, repository, error) &&
				    delete_holds(request, repo, holds, repository, error));
}

bool hold_release(const struct hold_request *request, struct hold_result *result, GError **error)
{
	result_init(result);
	for (guint i = 0; i < request->repos->len; i++)
		if (!release_in(request, request->repos->pdata[i], result, error))
			return false;
	return anywhere(result) ||
	       odr_fail(error, ODR_ERROR_NOT_FOUND, "set %s is not held", request->set_id);
}
