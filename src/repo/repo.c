#include "repo/repo.h"

#include "base/bytes.h"
#include "base/error.h"
#include "repo/layout.h"
#include "store/diagnose.h"

#include <string.h>

void repo_free(Repo *repo)
{
	if (!repo)
		return;
	store_free(repo->store);
	key_service_clear(&repo->service);
	g_free(repo->service_hex);
	g_free(repo);
}

Repo *repo_new(Store *store, const struct key_service *service)
{
	Repo *repo = g_new0(Repo, 1);

	repo->store = store;
	key_service_copy(&repo->service, service);
	repo->service_hex = hex_encode(service->id, SERVICE_ID_SIZE);
	return repo;
}

static char *full_name(const Repo *repo, const char *local)
{
	return g_strconcat(repo->service_hex, "/", local, NULL);
}

char *repo_where(const Repo *repo, const char *local)
{
	return g_strdup_printf("'%s' in repository %s", local, store_name(repo->store));
}

bool repo_put(Repo *repo, const char *local, const struct iovec *parts, int count,
	      usec_t lock_until, struct store_receipt *receipt, GError **error)
{
	g_autofree char *name = full_name(repo, local);
	struct store_put how = {.lock_until = lock_until};

	return store_put(repo->store, name, parts, count, &how, receipt, error);
}

bool repo_get_good(Repo *repo, const struct repo_wanted *wanted, GBytes **content, GError **error)
{
	g_autofree char *name = full_name(repo, wanted->local);
	struct store_wanted named = {
		.choose = {.name = name, .listed = wanted->listed, .oldest = wanted->oldest},
		.limit = wanted->limit,
		.verify = wanted->verify,
		.data = wanted->data,
	};

	return store_get_good(repo->store, &named, content, error);
}

bool repo_concerns_one(const GError *error)
{
	return odr_error_is(error, ODR_ERROR_CORRUPT) || odr_error_is(error, ODR_ERROR_REFUSED) ||
	       odr_error_is(error, ODR_ERROR_NOT_FOUND);
}

static bool verify_name(void *data, GBytes *content, const struct store_object *version,
			GError **error)
{
	uint8_t found[SHA256_SIZE];

	sha256(g_bytes_get_data(content, NULL), g_bytes_get_size(content), found);
	return memcmp(found, data, SHA256_SIZE) == 0 ||
	       odr_fail(error, ODR_ERROR_CORRUPT,
			"its content does not have the SHA-256 of its name");
}

bool repo_get_named(Repo *repo, const char *local, const uint8_t name[SHA256_SIZE],
		    GBytes **content, GError **error)
{
	return repo_get_good(repo,
			     &(struct repo_wanted){
				     .local = local,
				     .verify = verify_name,
				     .data = (void *)name,
			     },
			     content, error);
}

StoreChoice *repo_choose(Repo *repo, const char *local, GError **error)
{
	g_autofree char *name = full_name(repo, local);

	return store_choice_new(repo->store, &(struct store_choose){.name = name}, error);
}

bool repo_head(Repo *repo, const char *local, struct store_object *object, GError **error)
{
	g_autofree char *name = full_name(repo, local);

	return store_head(repo->store, name, object, error);
}

/* Its only version, by which it can be deleted without asking again which there are. */
static const char *only_version(const struct store_object *object)
{
	return object->versions == 1 && !object->hidden ? object->version : NULL;
}

bool repo_delete_many(Repo *repo, const GPtrArray *objects, struct store_deletion *deletions,
		      GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_full(objects->len, g_free);
	bool done;

	for (guint i = 0; i < objects->len; i++) {
		const struct store_object *object = objects->pdata[i];
		char *name = full_name(repo, object->name);

		g_ptr_array_add(names, name);
		deletions[i] =
			(struct store_deletion){.name = name, .version = only_version(object)};
	}
	done = store_delete_many(repo->store, deletions, objects->len, error);
	for (guint i = 0; i < objects->len; i++)
		deletions[i].name = NULL;
	return done;
}

bool repo_is_locked(Repo *repo, const char *local, usec_t then)
{
	g_autofree char *name = full_name(repo, local);
	g_autoptr(GPtrArray) versions = NULL;
	bool locked = false;

	if (!store_versions(repo->store, name, &versions, NULL))
		return false;
	for (guint i = 0; i < versions->len && !locked; i++) {
		const struct store_object *version = versions->pdata[i];
		struct store_lock lock = {0};

		locked = store_lock_get(repo->store, name, version->version, &lock, NULL) &&
			 (lock.until > then || lock.hold);
	}
	return locked;
}

bool repo_hold(Repo *repo, const char *local, bool hold, GError **error)
{
	g_autofree char *name = full_name(repo, local);

	return store_hold(repo->store, name, NULL, hold, error);
}

bool repo_accepts(const Repo *repo, const struct endorsement *writer, usec_t stored_at,
		  GError **error)
{
	if (!store_keeps_time(repo->store) || endorsement_covers(writer, stored_at))
		return true;
	g_autofree char *key = key_fingerprint(writer->public_key);
	g_autofree char *stored = clock_format(stored_at);
	g_autofree char *end = clock_format(writer->valid_until);

	return odr_fail(error, ODR_ERROR_CORRUPT,
			"it was stored %s, after the endorsement of its writer %s had ended %s",
			stored, key, end);
}

static bool note_other(void *data, const struct store_object *object)
{
	bool *found = data;

	*found = !g_str_has_prefix(object->name, STORE_PROBE);
	return !*found;
}

/* The first object tells, unless a check left it. */
bool repo_fail_missing(Store *store, const char *advice, GError **error)
{
	bool found = false;

	if (store_list(store, "", note_other, &found, NULL) && found)
		return odr_fail(
			error, ODR_ERROR_CORRUPT,
			"%s has lost its object '" LAYOUT_REPOSITORY
			"', and holds others: somebody removed it, and perhaps more. Put it "
			"back from a copy, or let 'odrbackup init' write a new one, and then "
			"let 'odrbackup check' look for the rest",
			store_describe(store));
	return odr_fail(error, ODR_ERROR_UNREACHABLE, "%s holds no repository: %s",
			store_describe(store), advice);
}

struct list_local {
	size_t skip; /* service id and slash */
	store_each each;
	void *data;
};

static bool list_each(void *data, const struct store_object *object)
{
	struct list_local *list = data;
	struct store_object local = *object;

	local.name = object->name + list->skip;
	return list->each(list->data, &local);
}

bool repo_list(Repo *repo, const char *prefix, store_each each, void *data, GError **error)
{
	g_autofree char *name = full_name(repo, prefix);
	struct list_local list = {
		.skip = strlen(repo->service_hex) + 1,
		.each = each,
		.data = data,
	};

	return store_list(repo->store, name, list_each, &list, error);
}

bool repo_sweep(Repo *repo, const struct store_sweep *sweep, struct store_swept *swept,
		GError **error)
{
	return store_sweep(repo->store, repo->service_hex, sweep, swept, error);
}

static bool put_once(Repo *repo, const char *local, const struct iovec *parts, int count,
		     usec_t lock_until, GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (repo_put(repo, local, parts, count, lock_until, NULL, &cause) ||
	    odr_error_is(cause, ODR_ERROR_EXISTS))
		return true;
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

bool repos_put(const GPtrArray *repos, const char *local, const struct iovec *parts, int count,
	       usec_t lock_until, GError **error)
{
	for (guint i = 0; i < repos->len; i++)
		if (!put_once(repos->pdata[i], local, parts, count, lock_until, error))
			return false;
	return true;
}

static bool publish_once(Repo *repo, const struct repo_publication *publication,
			 struct store_receipt *receipt, GError **error)
{
	g_autofree char *name = full_name(repo, publication->local);
	struct store_put how = {.lock_until = publication->lock_until, .see_lock = true};
	struct iovec part;
	g_autoptr(GError) cause = NULL;

	part.iov_base = (void *)g_bytes_get_data(publication->object, &part.iov_len);
	if (store_put(repo->store, name, &part, 1, &how, receipt, &cause) ||
	    odr_error_is(cause, ODR_ERROR_EXISTS))
		return true;
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

bool repos_publish(const GPtrArray *repos, const struct repo_publication *publication,
		   GError **error)
{
	for (guint i = 0; i < repos->len; i++) {
		struct store_receipt receipt = {0};

		if (!publish_once(repos->pdata[i], publication, &receipt, error))
			return false;
		if (publication->stored_at)
			publication->stored_at[i] = receipt.stored_at;
	}
	return true;
}
