/* Manifests out of a repository: one, or all. */
#include "base/error.h"
#include "base/pool.h"
#include "repo/manifest_parts.h"

#include <string.h>

/* A request each: what takes time is the way there and back. */
#define READERS_MAX 16

/* One that is being read: of its versions the oldest that a writer of the service signed. */
struct reading {
	Repo *repo;
	const char *set_id;
	Manifest *manifest;
	struct signed_object object;
};

static bool verify(void *data, GBytes *content, const struct store_object *version, GError **error)
{
	struct reading *reading = data;
	Repo *repo = reading->repo;
	g_autoptr(Manifest) manifest = manifest_new();

	if (!manifest_parse_public(&repo->service, reading->set_id, g_bytes_get_data(content, NULL),
				   g_bytes_get_size(content), &reading->object, manifest, error) ||
	    !repo_accepts(repo, &manifest->writer, version->stored_at, error))
		return false;
	manifest->stored_at = version->stored_at;
	reading->manifest = g_steal_pointer(&manifest);
	return true;
}

/* listed NULL: not listed. content must live as long as the sealed part is not read. */
static bool read_public(struct reading *reading, const struct store_object *listed,
			GBytes **content, GError **error)
{
	g_autofree char *local = layout_set(reading->set_id);

	return repo_get_good(reading->repo,
			     &(struct repo_wanted){.local = local,
						   .listed = listed,
						   .oldest = true,
						   .verify = verify,
						   .data = reading},
			     content, error);
}

bool manifest_load(Repo *repo, const Identity *identity, const char *set_id, Manifest **manifest,
		   GError **error)
{
	struct reading reading = {.repo = repo, .set_id = set_id};
	g_autoptr(GBytes) content = NULL;
	g_autoptr(Manifest) loaded = NULL;

	if (!set_id_valid(set_id))
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' is not the id of a set", set_id);
	if (!read_public(&reading, NULL, &content, error))
		return odr_context(error, "cannot load set %s", set_id);
	loaded = reading.manifest;
	if (identity && !manifest_parse_sealed(&reading.object, identity, loaded, error))
		return odr_context(error, "cannot load set %s: manifest of set %s", set_id, set_id);
	*manifest = g_steal_pointer(&loaded);
	return true;
}

/* All of them. */

struct job {
	char *set_id;
	struct store_object listed; /* without a name */
	Manifest *manifest;	    /* NULL: it is no set */
	char *trouble;		    /* NULL: none */
};

static void job_clear(void *data)
{
	struct job *job = data;

	g_free(job->set_id);
	g_free(job->trouble);
	manifest_free(job->manifest);
}

struct listing {
	Repo *repo;
	const Identity *identity;
	GArray *jobs;	     /* struct job */
	GPtrArray *troubles; /* may be NULL */
	GHashTable *known;   /* ids that need not be read; NULL: none */
};

static void note_trouble(GPtrArray *troubles, char *trouble)
{
	if (troubles)
		g_ptr_array_add(troubles, trouble);
	else
		g_free(trouble);
}

static bool note_listed(void *data, const struct store_object *object)
{
	struct listing *listing = data;
	struct job job = {.listed = *object};

	job.listed.name = NULL;
	if (!layout_parse_set(object->name, &job.set_id))
		note_trouble(listing->troubles,
			     g_strdup_printf("'%s' is not the name of a set", object->name));
	else if (listing->known && g_hash_table_remove(listing->known, job.set_id))
		job_clear(&job);
	else
		g_array_append_val(listing->jobs, job);
	return true;
}

/* What is wrong with one set, as opposed to the store. */
static bool concerns_set(const GError *cause)
{
	return odr_error_is(cause, ODR_ERROR_AUTH) || odr_error_is(cause, ODR_ERROR_CORRUPT) ||
	       odr_error_is(cause, ODR_ERROR_REFUSED);
}

/* A set that the identity does not open is listed without its sealed part. */
static bool open_set(const struct listing *listing, struct job *job, struct reading *reading,
		     GError **error)
{
	g_autoptr(Manifest) manifest = reading->manifest;
	g_autoptr(GError) cause = NULL;

	if (!listing->identity ||
	    manifest_parse_sealed(&reading->object, listing->identity, manifest, &cause)) {
		job->manifest = g_steal_pointer(&manifest);
		return true;
	}
	if (!concerns_set(cause)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	job->trouble = g_strdup_printf("set %s: %s", job->set_id, cause->message);
	if (odr_error_is(cause, ODR_ERROR_AUTH))
		job->manifest = g_steal_pointer(&manifest);
	return true;
}

/* Fails only where nothing can be said of it. */
static bool read_set(void *shared, void *context, size_t number, GError **error)
{
	const struct listing *listing = shared;
	struct job *job = &g_array_index(listing->jobs, struct job, number);
	struct reading reading = {.repo = listing->repo, .set_id = job->set_id};
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) cause = NULL;

	if (read_public(&reading, &job->listed, &content, &cause))
		return open_set(listing, job, &reading, error);
	/* Deleted since it was listed. */
	if (odr_error_is(cause, ODR_ERROR_NOT_FOUND))
		return true;
	if (concerns_set(cause) && !odr_error_is(cause, ODR_ERROR_AUTH)) {
		job->trouble =
			g_strdup_printf("'set/%s' is not a set: %s", job->set_id, cause->message);
		return true;
	}
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

static int compare_manifests(const void *a, const void *b)
{
	const Manifest *one = *(Manifest *const *)a, *two = *(Manifest *const *)b;

	if (one->stored_at != two->stored_at)
		return one->stored_at < two->stored_at ? -1 : 1;
	if (one->sequence != two->sequence)
		return one->sequence < two->sequence ? -1 : 1;
	return strcmp(one->set_id, two->set_id);
}

static GPtrArray *collect(const struct listing *listing)
{
	GPtrArray *sets = g_ptr_array_new_with_free_func((GDestroyNotify)manifest_free);

	for (guint i = 0; i < listing->jobs->len; i++) {
		struct job *job = &g_array_index(listing->jobs, struct job, i);

		if (job->trouble)
			note_trouble(listing->troubles, g_steal_pointer(&job->trouble));
		if (job->manifest)
			g_ptr_array_add(sets, g_steal_pointer(&job->manifest));
	}
	g_ptr_array_sort(sets, compare_manifests);
	return sets;
}

static bool list_sets(struct listing *listing, GPtrArray **manifests, GError **error)
{
	g_autoptr(GArray) jobs = g_array_new(false, true, sizeof(struct job));
	struct pool_work work = {.shared = listing, .run = read_set};

	g_array_set_clear_func(jobs, job_clear);
	listing->jobs = jobs;
	if (!repo_list(listing->repo, "set/", note_listed, listing, error))
		return odr_context(error, "cannot list sets");
	work.jobs = jobs->len;
	work.workers = MIN(MAX(jobs->len, 1), READERS_MAX);
	if (!pool_run(&work, error))
		return odr_context(error, "cannot list sets");
	*manifests = collect(listing);
	return true;
}

bool manifest_list(Repo *repo, const Identity *identity, GPtrArray **manifests, GPtrArray *troubles,
		   GError **error)
{
	return list_sets(
		&(struct listing){.repo = repo, .identity = identity, .troubles = troubles},
		manifests, error);
}

bool manifest_list_new(Repo *repo, const Identity *identity, GHashTable *known,
		       GPtrArray **manifests, GPtrArray *troubles, GError **error)
{
	return list_sets(
		&(struct listing){
			.repo = repo, .identity = identity, .troubles = troubles, .known = known},
		manifests, error);
}
