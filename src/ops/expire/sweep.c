#include "ops/expire/steps.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/pool.h"
#include "repo/chain.h"
#include "repo/wal_held.h"
#include "store/diagnose.h"

#include <string.h>

/* No run takes longer, nor does it publish so late: without locks, what is unused and older was left by
 * one that died. */
#define ABANDONED_AGE (2 * CHAIN_PENDING_MAX)
/* Nor does it take so long to write an object. */
#define DRAFT_AGE USEC_PER_DAY
/* A request each: what takes time is the way there and back. */
#define READERS_MAX 16

/* Packs, layers and tables of one generation. */
struct generation {
	char *id;
	GPtrArray *objects; /* struct store_object */
	uint64_t bytes;
	usec_t newest; /* stored_at */
};

static void generation_free(void *data)
{
	struct generation *generation = data;

	g_free(generation->id);
	g_ptr_array_unref(generation->objects);
	g_free(generation);
}

/* A table that is being read. */
struct table_job {
	struct store_object *object;
	uint8_t name[SHA256_SIZE];
	char *generation; /* NULL: it is gone, or no table */
	char *trouble;	  /* NULL: none */
};

static void table_job_clear(void *data)
{
	struct table_job *job = data;

	store_object_free(job->object);
	g_free(job->generation);
	g_free(job->trouble);
}

struct sweep {
	struct expire *expire;
	GHashTable *generations; /* id → struct generation: those that no set needs */
	GArray *tables;		 /* struct table_job: those that no set names */
};

static void sweep_clear(struct sweep *sweep)
{
	g_clear_pointer(&sweep->generations, g_hash_table_unref);
	g_clear_pointer(&sweep->tables, g_array_unref);
}

static void note_object(struct sweep *sweep, const char *id, const struct store_object *object)
{
	struct generation *generation = g_hash_table_lookup(sweep->generations, id);

	if (!generation) {
		generation = g_new0(struct generation, 1);
		generation->id = g_strdup(id);
		generation->objects =
			g_ptr_array_new_with_free_func((GDestroyNotify)store_object_free);
		g_hash_table_insert(sweep->generations, generation->id, generation);
	}
	g_ptr_array_add(generation->objects, store_object_copy(object));
	generation->bytes += object->size;
	generation->newest = MAX(generation->newest, object->stored_at);
}

static bool note_pack(void *data, const struct store_object *object)
{
	struct sweep *sweep = data;
	g_autofree char *id = NULL;
	uint8_t name[SHA256_SIZE];

	if (layout_parse_pack(object->name, &id, name) &&
	    !g_hash_table_contains(sweep->expire->kept, id))
		note_object(sweep, id, object);
	return true;
}

static bool note_table(void *data, const struct store_object *object)
{
	struct sweep *sweep = data;
	struct table_job job = {0};

	if (g_hash_table_contains(sweep->expire->tables, object->name) ||
	    !hex_decode(object->name + strlen("table/"), job.name, sizeof(job.name)))
		return true;
	job.object = store_object_copy(object);
	g_array_append_val(sweep->tables, job);
	return true;
}

/* Which generation a table belongs to stands in it. Fails only where nothing can be said of it. */
static bool read_table(void *shared, void *context, size_t number, GError **error)
{
	const struct sweep *sweep = shared;
	struct table_job *job = &g_array_index(sweep->tables, struct table_job, number);
	g_autoptr(Table) table = NULL;
	g_autoptr(GError) cause = NULL;

	if (table_load(sweep->expire->repo, job->name, &table, &cause)) {
		job->generation = g_steal_pointer(&table->generation);
		return true;
	}
	if (odr_error_is(cause, ODR_ERROR_NOT_FOUND))
		return true;
	if (odr_error_is(cause, ODR_ERROR_CORRUPT) || odr_error_is(cause, ODR_ERROR_REFUSED)) {
		job->trouble = g_strdup(cause->message);
		return true;
	}
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

static bool assign_tables(struct sweep *sweep, GError **error)
{
	const struct pool_work work = {
		.workers = READERS_MAX,
		.jobs = sweep->tables->len,
		.shared = sweep,
		.run = read_table,
	};

	if (!pool_run(&work, error))
		return false;
	for (guint i = 0; i < sweep->tables->len; i++) {
		const struct table_job *job = &g_array_index(sweep->tables, struct table_job, i);

		if (job->trouble)
			expire_trouble(sweep->expire, "%s", job->trouble);
		if (job->generation && !g_hash_table_contains(sweep->expire->kept, job->generation))
			note_object(sweep, job->generation, job->object);
	}
	return true;
}

/* What is locked waits. What no set ever used may belong to a run that is under way on another host. */
static bool may_go(const struct expire *expire, const struct generation *generation)
{
	if (generation_lock_date(generation->id) <= expire->out->now)
		return true;
	if (expire->locks)
		return false;
	return g_hash_table_contains(expire->freed, generation->id) ||
	       generation->newest <= expire->out->now - ABANDONED_AGE;
}

static bool remove_generation(struct expire *expire, const struct generation *generation,
			      GError **error)
{
	bool freed = g_hash_table_contains(expire->freed, generation->id);
	g_autofree bool *removed = g_new0(bool, generation->objects->len);
	bool done = expire_remove(expire, generation->objects, removed, error);

	for (guint i = 0; i < generation->objects->len; i++)
		expire->out->objects += removed[i];
	if (!done)
		return false;
	expire->out->bytes += generation->bytes;
	expire->out->generations += freed;
	expire->out->abandoned += !freed;
	return true;
}

static bool sweep_generations(struct sweep *sweep, GError **error)
{
	GHashTableIter iter;
	gpointer generation;

	g_hash_table_iter_init(&iter, sweep->generations);
	while (g_hash_table_iter_next(&iter, NULL, &generation))
		if (may_go(sweep->expire, generation) &&
		    !remove_generation(sweep->expire, generation, error))
			return false;
	return true;
}

bool expire_content(struct expire *expire, GError **error)
{
	__attribute__((cleanup(sweep_clear))) struct sweep sweep = {
		.expire = expire,
		.generations =
			g_hash_table_new_full(g_str_hash, g_str_equal, NULL, generation_free),
		.tables = g_array_new(false, false, sizeof(struct table_job)),
	};

	g_array_set_clear_func(sweep.tables, table_job_clear);
	/* Who knows what they need. */
	if (expire->out->unverified > 0) {
		expire_trouble(expire,
			       "packs, tables and WAL stay while there are sets that do not "
			       "verify: they may be theirs");
		return true;
	}
	return repo_list(expire->repo, "pack/", note_pack, &sweep, error) &&
	       repo_list(expire->repo, "table/", note_table, &sweep, error) &&
	       assign_tables(&sweep, error) && sweep_generations(&sweep, error);
}

/* History files say how timelines hang together, and are small: they stay. */
static bool wal_may_go(const struct expire *expire, const struct wal_held *held)
{
	enum wal_file_kind kind = wal_file_kind(held->file, NULL);

	if (kind == WAL_FILE_UNKNOWN || kind == WAL_FILE_HISTORY ||
	    strncmp(held->file + EXPIRE_POSITION_AT, expire->out->floor + EXPIRE_POSITION_AT,
		    WAL_SEGMENT_NAME_SIZE - 1 - EXPIRE_POSITION_AT) >= 0 ||
	    held->stored_at >= expire->oldest_set)
		return false;
	for (guint i = 0; i < held->locals->len; i++)
		if (held->locals->pdata[i] &&
		    g_hash_table_contains(expire->wal, held->locals->pdata[i]))
			return false;
	return true;
}

/* As listed, with their names. */
static void add_objects(GPtrArray *objects, const struct wal_held *held)
{
	for (guint i = 0; i < held->locals->len; i++) {
		struct store_object *object;

		if (!held->locals->pdata[i])
			continue;
		object = store_object_copy(held->listed->pdata[i]);
		object->name = g_strdup(held->locals->pdata[i]);
		g_ptr_array_add(objects, object);
	}
}

/* How many of the objects were its own. */
static guint note_wal(struct expire *expire, const struct wal_held *held, const bool *removed)
{
	guint count = 0;
	bool all = true;

	for (guint i = 0; i < held->locals->len; i++)
		if (held->locals->pdata[i])
			all = removed[count++] && all;
	if (all) {
		expire->out->wal_bytes += held->object_size;
		g_ptr_array_add(expire->out->wal, g_strdup(held->file));
	}
	return count;
}

static bool remove_wal(struct expire *expire, const GPtrArray *going, GError **error)
{
	g_autoptr(GPtrArray) objects =
		g_ptr_array_new_with_free_func((GDestroyNotify)store_object_free);
	g_autofree bool *removed = NULL;
	guint at = 0;
	bool done;

	for (guint i = 0; i < going->len; i++)
		add_objects(objects, going->pdata[i]);
	removed = g_new0(bool, objects->len + 1);
	done = expire_remove(expire, objects, removed, error);
	for (guint i = 0; i < going->len; i++)
		at += note_wal(expire, going->pdata[i], removed + at);
	return done;
}

bool expire_wal(struct expire *expire, GError **error)
{
	g_autoptr(GPtrArray) held = NULL, going = g_ptr_array_new();

	if (expire->out->floor[0] == '\0' || expire->out->unverified > 0)
		return true;
	if (!wal_list(expire->repo, &held, error))
		return false;
	for (guint i = 0; i < held->len; i++)
		if (wal_may_go(expire, held->pdata[i]))
			g_ptr_array_add(going, held->pdata[i]);
	return remove_wal(expire, going, error);
}

/* What checks stored to see whether they may, and might not remove: of all services and hosts. */

struct probes {
	usec_t before;
	GPtrArray *names;
};

static bool note_probe(void *data, const struct store_object *object)
{
	struct probes *probes = data;

	if (store_is_probe(object->name) && object->stored_at < probes->before)
		g_ptr_array_add(probes->names, g_strdup(object->name));
	return true;
}

/* A locked one goes another time. */
bool expire_probes(struct expire *expire, GError **error)
{
	Store *store = expire->repo->store;
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	struct probes probes = {expire->request->now - STORE_PROBE_KEPT, names};
	g_autofree struct store_deletion *deletions = NULL;
	bool done;

	if (expire->request->plan)
		return true;
	if (!store_list(store, STORE_PROBE, note_probe, &probes, error))
		return false;
	deletions = g_new0(struct store_deletion, names->len + 1);
	for (guint i = 0; i < names->len; i++)
		deletions[i].name = names->pdata[i];
	done = store_delete_many(store, deletions, names->len, error);
	for (guint i = 0; i < names->len; i++)
		g_clear_error(&deletions[i].error);
	return done;
}

/* They belong to no set, and neither time that stands still nor a set that does not verify keeps them. */
bool expire_drafts(struct expire *expire, GError **error)
{
	const struct store_sweep sweep = {.age = DRAFT_AGE, .only_count = expire->request->plan};

	return repo_sweep(expire->repo, &sweep, &expire->out->swept, error);
}
