#include "ops/expire/expire.h"

#include "base/error.h"
#include "base/stop.h"
#include "ops/expire/hold.h"
#include "ops/expire/steps.h"
#include "ops/part_lock.h"
#include "repo/wal_journal.h"

#include <string.h>

static void expire_set_free(void *data)
{
	struct expire_set *set = data;

	g_free(set->set_id);
	g_free(set);
}

static void expire_repository_free(void *data)
{
	struct expire_repository *repository = data;

	g_free(repository->name);
	g_ptr_array_unref(repository->sets);
	g_ptr_array_unref(repository->wal);
	g_ptr_array_unref(repository->troubles);
	g_free(repository);
}

void expire_result_clear(struct expire_result *result)
{
	g_clear_pointer(&result->repositories, g_ptr_array_unref);
}

static struct expire_repository *expire_repository_new(const Repo *repo)
{
	struct expire_repository *repository = g_new0(struct expire_repository, 1);

	repository->name = g_strdup(store_name(repo->store));
	repository->sets = g_ptr_array_new_with_free_func(expire_set_free);
	repository->wal = g_ptr_array_new_with_free_func(g_free);
	repository->troubles = g_ptr_array_new_with_free_func(g_free);
	return repository;
}

static void expire_clear(struct expire *expire)
{
	g_clear_pointer(&expire->manifests, g_ptr_array_unref);
	g_clear_pointer(&expire->holds, g_ptr_array_unref);
	g_clear_pointer(&expire->kept, g_hash_table_unref);
	g_clear_pointer(&expire->freed, g_hash_table_unref);
	g_clear_pointer(&expire->tables, g_hash_table_unref);
	g_clear_pointer(&expire->wal, g_hash_table_unref);
}

void expire_trouble(struct expire *expire, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(expire->out->troubles, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

static uint32_t parts_of(const Manifest *manifest)
{
	static const char *const names[] = {PART_DATABASE, PART_FILESTORE, PART_CONFIG};
	uint32_t parts = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (manifest_part(manifest, names[i]))
			parts |= 1u << i;
	return parts;
}

/* A manifest is locked with that of its parts' generations which is unlocked first. */
static struct retention_set retention_set_of(const Manifest *manifest, bool locks)
{
	struct retention_set set = {.set_id = manifest->set_id,
				    .stored_at = manifest->stored_at,
				    .retain_until = manifest->retain_until,
				    .parts = parts_of(manifest)};

	if (locks)
		set.lock_until = manifest_lock_until(manifest);
	return set;
}

static void note_set(struct expire *expire, const Manifest *manifest,
		     const struct retention_set *decision)
{
	struct expire_set *set = g_new0(struct expire_set, 1);

	set->set_id = g_strdup(manifest->set_id);
	set->stored_at = manifest->stored_at;
	set->retain_until = manifest->retain_until;
	set->expires = decision->expires;
	set->reason = decision->reason;
	for (guint i = 0; i < manifest->parts->len; i++)
		set->stored += ((const struct set_part *)manifest->parts->pdata[i])->stored;
	g_ptr_array_add(expire->out->sets, set);
}

/* Until two sets are overdue, time passes as the host's clock says. */
static usec_t time_to_decide_by(struct expire *expire)
{
	const struct expire_request *request = expire->request;
	usec_t newest = 0, limit;

	for (guint i = 0; i < expire->manifests->len; i++) {
		const Manifest *manifest = expire->manifests->pdata[i];

		if (manifest->stored_at <= request->now)
			newest = MAX(newest, manifest->stored_at);
	}
	if (newest == 0 || __builtin_add_overflow(newest, 2 * request->backup_every, &limit) ||
	    request->now <= limit)
		return request->now;

	g_autofree char *age = duration_format(request->now - newest);

	expire_trouble(
		expire,
		"the newest set is %s old: nothing expires by the time since, until there are newer "
		"ones (or the clock of this host is wrong)",
		age);
	return limit;
}

/* By the time that sets expire by: a clock that jumped ahead ends no hold. */
static void keep_held(const struct expire *expire, struct retention_set *sets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (hold_of(expire->holds, sets[i].set_id, expire->out->now)) {
			sets[i].expires = false;
			sets[i].reason = "held";
		}
}

static void decide(struct expire *expire)
{
	guint count = expire->manifests->len;
	g_autofree struct retention_set *sets = g_new0(struct retention_set, count + 1);

	expire->out->now = time_to_decide_by(expire);
	for (guint i = 0; i < count; i++)
		sets[i] = retention_set_of(expire->manifests->pdata[i], expire->locks);
	retention_apply(&expire->request->policy, sets, count, expire->out->now);
	keep_held(expire, sets, count);
	for (guint i = 0; i < count; i++)
		note_set(expire, expire->manifests->pdata[i], &sets[i]);
}

/* A lock that has not ended is as it should be: another run removes it. */
static void refused(struct expire *expire, const char *local, const char *message)
{
	if (repo_is_locked(expire->repo, local, expire->request->now)) {
		expire->out->locked++;
		return;
	}
	expire_trouble(expire, "%s", message);
	expire->out->refused++;
}

/* What was not come to is not removed, and nobody's fault. */
static void note_deletion(struct expire *expire, const struct store_object *object,
			  struct store_deletion *deletion)
{
	if (deletion->error)
		refused(expire, object->name, deletion->error->message);
	g_clear_error(&deletion->error);
}

bool expire_remove(struct expire *expire, const GPtrArray *objects, bool *removed, GError **error)
{
	g_autofree struct store_deletion *deletions =
		g_new0(struct store_deletion, objects->len + 1);
	bool done = stop_check(error);

	if (done && !expire->request->plan)
		done = repo_delete_many(expire->repo, objects, deletions, error);
	for (guint i = 0; i < objects->len; i++) {
		removed[i] = deletions[i].gone || (done && expire->request->plan);
		note_deletion(expire, objects->pdata[i], &deletions[i]);
	}
	return done;
}

/* One after the other: each ends a set. */
static bool remove_manifest(struct expire *expire, struct expire_set *set, GError **error)
{
	g_autofree char *local = layout_set(set->set_id);
	g_autoptr(GPtrArray) objects = g_ptr_array_new();

	g_ptr_array_add(objects, &(struct store_object){.name = local});
	return expire_remove(expire, objects, &set->removed, error);
}

/* What is over keeps nothing; a legal hold would, as it has no end of its own. */
static bool end_holds(struct expire *expire, GError **error)
{
	g_autoptr(GPtrArray) repos = g_ptr_array_new();

	g_ptr_array_add(repos, expire->repo);
	for (guint i = 0; i < expire->holds->len && !expire->request->plan; i++) {
		const struct hold *hold = expire->holds->pdata[i];
		const struct hold_request over = {repos, hold->set_id, expire->out->now};
		struct hold_result result = {0};
		g_autoptr(GError) trouble = NULL;

		if (hold_of(expire->holds, hold->set_id, expire->out->now))
			continue;
		/* Of several that are over the first one ended all. */
		if (!hold_release(&over, &result, &trouble) &&
		    !odr_error_is(trouble, ODR_ERROR_NOT_FOUND))
			expire_trouble(expire, "a hold that is over stays: %s", trouble->message);
		hold_result_clear(&result);
		if (!stop_check(error))
			return false;
	}
	return true;
}

static bool remove_manifests(struct expire *expire, GError **error)
{
	for (guint i = 0; i < expire->out->sets->len; i++) {
		struct expire_set *set = expire->out->sets->pdata[i];

		if (set->expires && !remove_manifest(expire, set, error))
			return false;
	}
	return true;
}

static void note_need(struct expire *expire, const Manifest *manifest)
{
	/* When the set was begun is sealed; what it says of its end, the store can only make older. */
	usec_t before = MIN(set_id_time(manifest->set_id), manifest->stored_at);

	for (guint i = 0; i < manifest->parts->len; i++) {
		const struct set_part *part = manifest->parts->pdata[i];

		g_hash_table_add(expire->kept, part->generation);
		for (guint j = 0; j < part->layers->len; j++)
			g_hash_table_add(
				expire->tables,
				layout_table(
					g_array_index(part->layers, struct layer_ref, j).table));
	}
	if (!manifest->wal)
		return;
	for (guint i = 0; i < manifest->wal->objects->len; i++)
		g_hash_table_add(expire->wal, manifest->wal->objects->pdata[i]);
	if (expire->out->floor[0] == '\0' || strcmp(manifest->wal->first + EXPIRE_POSITION_AT,
						    expire->out->floor + EXPIRE_POSITION_AT) < 0)
		g_strlcpy(expire->out->floor, manifest->wal->first, sizeof(expire->out->floor));
	expire->oldest_set = MIN(expire->oldest_set, before);
}

/* What the sets need that stay, a set that could not be removed among them. */
static void gather_needs(struct expire *expire)
{
	expire->kept = g_hash_table_new(g_str_hash, g_str_equal);
	expire->freed = g_hash_table_new(g_str_hash, g_str_equal);
	expire->tables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	expire->wal = g_hash_table_new(g_str_hash, g_str_equal);
	expire->oldest_set = INT64_MAX;
	for (guint i = 0; i < expire->manifests->len; i++) {
		const Manifest *manifest = expire->manifests->pdata[i];
		const struct expire_set *set = expire->out->sets->pdata[i];

		if (!set->removed)
			note_need(expire, manifest);
		for (guint j = 0; set->removed && j < manifest->parts->len; j++)
			g_hash_table_add(
				expire->freed,
				((const struct set_part *)manifest->parts->pdata[j])->generation);
	}
}

static bool expire_repository(struct expire *expire, GError **error)
{
	struct store_abilities abilities;

	store_abilities(expire->repo->store, &abilities);
	expire->locks = abilities.locks;
	if (!manifest_list(expire->repo, NULL, &expire->manifests, expire->out->troubles, error))
		return false;
	expire->out->unverified = expire->out->troubles->len;
	if (!hold_list(expire->repo, NULL, &expire->holds, expire->out->troubles, error))
		return false;
	decide(expire);
	if (!end_holds(expire, error) || !remove_manifests(expire, error))
		return false;
	gather_needs(expire);
	return expire_content(expire, error) && expire_wal(expire, error) &&
	       expire_marks(expire, error) && expire_probes(expire, error) &&
	       expire_drafts(expire, error);
}

/* The journal serves all repositories: only what none of them needs goes. */
static bool trim_journal(const struct expire_request *request, const struct expire_result *result,
			 GError **error)
{
	g_autofree char *folder = g_build_filename(request->state, "wal", NULL);
	const char *lowest = NULL;

	for (guint i = 0; i < result->repositories->len; i++) {
		const struct expire_repository *repository = result->repositories->pdata[i];

		if (repository->floor[0] == '\0')
			return true;
		if (!lowest ||
		    strcmp(repository->floor + EXPIRE_POSITION_AT, lowest + EXPIRE_POSITION_AT) < 0)
			lowest = repository->floor;
	}
	return !lowest || wal_journal_trim(folder, lowest, error);
}

static bool expire_all(const struct expire_request *request, struct expire_result *result,
		       GError **error)
{
	for (guint i = 0; i < request->repos->len; i++) {
		Repo *repo = request->repos->pdata[i];
		__attribute__((cleanup(expire_clear))) struct expire expire = {
			.request = request, .repo = repo, .out = expire_repository_new(repo)};

		g_ptr_array_add(result->repositories, expire.out);
		if (!expire_repository(&expire, error))
			return odr_context(error, "cannot expire in repository %s",
					   expire.out->name);
	}
	return request->plan || trim_journal(request, result, error);
}

bool expire_run(const struct expire_request *request, struct expire_result *result, GError **error)
{
	struct part_locks locks;
	bool done;

	result->repositories = g_ptr_array_new_with_free_func(expire_repository_free);
	if (request->plan)
		return expire_all(request, result, error);
	if (!part_locks_take(&locks, request->state, request->lock_wait, error))
		return odr_context(error, "cannot expire while another run is under way");
	done = expire_all(request, result, error);
	part_locks_release(&locks);
	return done;
}
