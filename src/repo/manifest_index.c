/* The sets of a repository: their names, and of those that are asked for their manifests. */
#include "repo/manifest_index.h"

#include "base/error.h"
#include "base/pool.h"
#include "repo/manifest_parts.h"

#include <string.h>

/* A request each: what takes time is the way there and back. */
#define READERS_MAX 16

struct named {
	char *set_id;
	struct store_object listed; /* without a name */
	bool read;
	Manifest *manifest; /* NULL: not read, or no set */
	char *trouble;	    /* NULL: none */
};
struct manifest_index {
	Repo *repo;
	const Identity *identity;
	GPtrArray *troubles;  /* may be NULL */
	GHashTable *known;    /* ids that need not be read; NULL: none */
	GArray *named;	      /* struct named */
	GPtrArray *manifests; /* of those that were read */
};

static struct named *named_at(const ManifestIndex *index, guint position)
{
	return &g_array_index(index->named, struct named, position);
}

static void named_clear(void *data)
{
	struct named *named = data;

	g_free(named->set_id);
	g_free(named->trouble);
	manifest_free(named->manifest);
}

void manifest_index_free(ManifestIndex *index)
{
	if (!index)
		return;
	g_array_unref(index->named);
	g_ptr_array_unref(index->manifests);
	g_free(index);
}

static void note_trouble(const ManifestIndex *index, char *trouble)
{
	if (index->troubles)
		g_ptr_array_add(index->troubles, trouble);
	else
		g_free(trouble);
}

static bool note_listed(void *data, const struct store_object *object)
{
	ManifestIndex *index = data;
	struct named named = {.listed = *object};

	named.listed.name = NULL;
	if (!layout_parse_set(object->name, &named.set_id))
		note_trouble(index, g_strdup_printf("'%s' is not the name of a set", object->name));
	else if (index->known && g_hash_table_remove(index->known, named.set_id))
		named_clear(&named);
	else
		g_array_append_val(index->named, named);
	return true;
}

static int compare_named(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->set_id, ((const struct named *)b)->set_id);
}

static bool list(ManifestIndex *index, GError **error)
{
	g_array_set_clear_func(index->named, named_clear);
	if (!repo_list(index->repo, "set/", note_listed, index, error))
		return odr_context(error, "cannot list sets");
	g_array_sort(index->named, compare_named);
	return true;
}

static ManifestIndex *index_new(Repo *repo, const Identity *identity, GPtrArray *troubles)
{
	ManifestIndex *index = g_new0(ManifestIndex, 1);

	*index = (ManifestIndex){.repo = repo,
				 .identity = identity,
				 .troubles = troubles,
				 .named = g_array_new(false, true, sizeof(struct named)),
				 .manifests = g_ptr_array_new()};
	return index;
}

ManifestIndex *manifest_index_open(Repo *repo, const Identity *identity, GPtrArray *troubles,
				   GError **error)
{
	g_autoptr(ManifestIndex) index = index_new(repo, identity, troubles);

	return list(index, error) ? g_steal_pointer(&index) : NULL;
}

guint manifest_index_count(const ManifestIndex *index)
{
	return index->named->len;
}

const char *manifest_index_set(const ManifestIndex *index, guint position)
{
	return named_at(index, position)->set_id;
}

usec_t manifest_index_stored(const ManifestIndex *index, guint position)
{
	return named_at(index, position)->listed.stored_at;
}

const Manifest *manifest_index_manifest(const ManifestIndex *index, guint position)
{
	return named_at(index, position)->manifest;
}

const GPtrArray *manifest_index_manifests(const ManifestIndex *index)
{
	return index->manifests;
}

Manifest *manifest_index_take(ManifestIndex *index, const Manifest *manifest)
{
	for (guint i = 0; i < index->named->len; i++)
		if (named_at(index, i)->manifest == manifest) {
			g_ptr_array_remove(index->manifests, (gpointer)manifest);
			return g_steal_pointer(&named_at(index, i)->manifest);
		}
	return NULL;
}

/* ---- reading ------------------------------------------------------------------------------------- */

struct batch {
	const ManifestIndex *index;
	GArray *positions;
};

/* What is wrong with one set, as opposed to the store. */
static bool concerns_set(const GError *cause)
{
	return odr_error_is(cause, ODR_ERROR_AUTH) || odr_error_is(cause, ODR_ERROR_CORRUPT) ||
	       odr_error_is(cause, ODR_ERROR_REFUSED);
}

/* A set that the identity does not open is listed without its sealed part. */
static bool open_set(const ManifestIndex *index, struct named *named,
		     struct manifest_reading *reading, GError **error)
{
	g_autoptr(Manifest) manifest = reading->manifest;
	g_autoptr(GError) cause = NULL;

	if (!index->identity ||
	    manifest_parse_sealed(&reading->object, index->identity, manifest, &cause)) {
		named->manifest = g_steal_pointer(&manifest);
		return true;
	}
	if (!concerns_set(cause)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	named->trouble = g_strdup_printf("set %s: %s", named->set_id, cause->message);
	if (odr_error_is(cause, ODR_ERROR_AUTH))
		named->manifest = g_steal_pointer(&manifest);
	return true;
}

/* Fails only where nothing can be said of it. */
static bool read_set(void *shared, void *context, size_t number, GError **error)
{
	const struct batch *batch = shared;
	const ManifestIndex *index = batch->index;
	struct named *named = named_at(index, g_array_index(batch->positions, guint, number));
	struct manifest_reading reading = {.repo = index->repo, .set_id = named->set_id};
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) cause = NULL;

	if (manifest_read_public(&reading, &named->listed, &content, &cause))
		return open_set(index, named, &reading, error);
	/* Deleted since it was listed. */
	if (odr_error_is(cause, ODR_ERROR_NOT_FOUND))
		return true;
	if (concerns_set(cause) && !odr_error_is(cause, ODR_ERROR_AUTH)) {
		named->trouble =
			g_strdup_printf("'set/%s' is not a set: %s", named->set_id, cause->message);
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

static void collect(ManifestIndex *index, const GArray *positions)
{
	for (guint i = 0; i < positions->len; i++) {
		struct named *named = named_at(index, g_array_index(positions, guint, i));

		named->read = true;
		if (named->trouble)
			note_trouble(index, g_steal_pointer(&named->trouble));
		if (named->manifest)
			g_ptr_array_add(index->manifests, named->manifest);
	}
	g_ptr_array_sort(index->manifests, compare_manifests);
}

bool manifest_index_read(ManifestIndex *index, const GArray *wanted, GError **error)
{
	g_autoptr(GArray) positions = g_array_new(false, false, sizeof(guint));
	struct batch batch = {index, positions};
	struct pool_work work = {.shared = &batch, .run = read_set};

	for (guint i = 0; i < wanted->len; i++)
		if (!named_at(index, g_array_index(wanted, guint, i))->read)
			g_array_append_val(positions, g_array_index(wanted, guint, i));
	if (positions->len == 0)
		return true;
	work.jobs = positions->len;
	work.workers = MIN(positions->len, READERS_MAX);
	if (!pool_run(&work, error))
		return odr_context(error, "cannot list sets");
	collect(index, positions);
	return true;
}

bool manifest_index_read_all(ManifestIndex *index, GError **error)
{
	g_autoptr(GArray) all = g_array_new(false, false, sizeof(guint));

	for (guint i = 0; i < index->named->len; i++)
		g_array_append_val(all, i);
	return manifest_index_read(index, all, error);
}

/* ---- all of them --------------------------------------------------------------------------------- */

static GPtrArray *steal_manifests(ManifestIndex *index)
{
	GPtrArray *manifests = g_ptr_array_new_with_free_func((GDestroyNotify)manifest_free);

	for (guint i = 0; i < index->named->len; i++)
		named_at(index, i)->manifest = NULL;
	g_ptr_array_extend(manifests, index->manifests, NULL, NULL);
	return manifests;
}

static bool read_whole(ManifestIndex *index, GPtrArray **manifests, GError **error)
{
	if (!list(index, error) || !manifest_index_read_all(index, error))
		return false;
	*manifests = steal_manifests(index);
	return true;
}

bool manifest_list(Repo *repo, const Identity *identity, GPtrArray **manifests, GPtrArray *troubles,
		   GError **error)
{
	g_autoptr(ManifestIndex) index = index_new(repo, identity, troubles);

	return read_whole(index, manifests, error);
}

bool manifest_list_new(Repo *repo, const Identity *identity, GHashTable *known,
		       GPtrArray **manifests, GPtrArray *troubles, GError **error)
{
	g_autoptr(ManifestIndex) index = index_new(repo, identity, troubles);

	index->known = known;
	return read_whole(index, manifests, error);
}
