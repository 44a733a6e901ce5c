#include "ops/expire/steps.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/stop.h"
#include "repo/chain.h"
#include "repo/wal_held.h"
#include "store/diagnose.h"

#include <string.h>

/* No run takes longer, nor does it publish so late: without locks, what is unused and older was left by
 * one that died. */
#define ABANDONED_AGE (2 * CHAIN_PENDING_MAX)
/* Nor does it take so long to write an object. */
#define DRAFT_AGE USEC_PER_DAY

/* Packs, layers and tables of one generation. */
struct generation {
	char *id;
	GPtrArray *locals;
	uint64_t bytes;
	usec_t newest; /* stored_at */
};

static void generation_free(void *data)
{
	struct generation *generation = data;

	g_free(generation->id);
	g_ptr_array_unref(generation->locals);
	g_free(generation);
}

struct sweep {
	struct expire *expire;
	GHashTable *generations; /* id → struct generation: those that no set needs */
	GPtrArray *tables;	 /* struct store_object: those that no set names */
};

static void sweep_clear(struct sweep *sweep)
{
	g_clear_pointer(&sweep->generations, g_hash_table_unref);
	g_clear_pointer(&sweep->tables, g_ptr_array_unref);
}

static void note_object(struct sweep *sweep, const char *id, const struct store_object *object)
{
	struct generation *generation = g_hash_table_lookup(sweep->generations, id);

	if (!generation) {
		generation = g_new0(struct generation, 1);
		generation->id = g_strdup(id);
		generation->locals = g_ptr_array_new_with_free_func(g_free);
		g_hash_table_insert(sweep->generations, generation->id, generation);
	}
	g_ptr_array_add(generation->locals, g_strdup(object->name));
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
	struct store_object *copy;

	if (g_hash_table_contains(sweep->expire->tables, object->name))
		return true;
	copy = g_new0(struct store_object, 1);
	*copy = *object;
	copy->name = g_strdup(object->name);
	g_ptr_array_add(sweep->tables, copy);
	return true;
}

/* Which generation a table belongs to stands in it. */
static bool assign_tables(struct sweep *sweep, GError **error)
{
	struct expire *expire = sweep->expire;

	for (guint i = 0; i < sweep->tables->len; i++) {
		const struct store_object *object = sweep->tables->pdata[i];
		uint8_t name[SHA256_SIZE];
		g_autoptr(Table) table = NULL;
		g_autoptr(GError) cause = NULL;

		if (!hex_decode(object->name + strlen("table/"), name, sizeof(name)))
			continue;
		if (table_load(expire->repo, name, &table, &cause)) {
			if (!g_hash_table_contains(expire->kept, table->generation))
				note_object(sweep, table->generation, object);
		} else if (odr_error_is(cause, ODR_ERROR_CORRUPT) ||
			   odr_error_is(cause, ODR_ERROR_REFUSED)) {
			expire_trouble(expire, "%s", cause->message);
		} else if (!odr_error_is(cause, ODR_ERROR_NOT_FOUND)) {
			g_propagate_error(error, g_steal_pointer(&cause));
			return false;
		}
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

	for (guint i = 0; i < generation->locals->len; i++) {
		bool removed;

		if (!expire_remove(expire, generation->locals->pdata[i], &removed, error))
			return false;
		expire->out->objects += removed;
	}
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
		.tables = g_ptr_array_new_with_free_func((GDestroyNotify)store_object_free),
	};

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

static bool remove_wal(struct expire *expire, const struct wal_held *held, GError **error)
{
	bool all = true;

	for (guint i = 0; i < held->locals->len; i++) {
		bool removed = true;

		if (held->locals->pdata[i] &&
		    !expire_remove(expire, held->locals->pdata[i], &removed, error))
			return false;
		all = all && removed;
	}
	if (!all)
		return true;
	expire->out->wal_bytes += held->object_size;
	g_ptr_array_add(expire->out->wal, g_strdup(held->file));
	return true;
}

bool expire_wal(struct expire *expire, GError **error)
{
	g_autoptr(GPtrArray) held = NULL;

	if (expire->out->floor[0] == '\0' || expire->out->unverified > 0)
		return true;
	if (!wal_list(expire->repo, &held, error))
		return false;
	for (guint i = 0; i < held->len; i++)
		if (wal_may_go(expire, held->pdata[i]) &&
		    !remove_wal(expire, held->pdata[i], error))
			return false;
	return true;
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

	if (expire->request->plan)
		return true;
	if (!store_list(store, STORE_PROBE, note_probe, &probes, error))
		return false;
	for (guint i = 0; i < names->len; i++) {
		g_autoptr(GError) cause = NULL;

		if (!stop_check(error))
			return false;
		if (store_delete(store, names->pdata[i], NULL, &cause) ||
		    odr_error_is(cause, ODR_ERROR_REFUSED) ||
		    odr_error_is(cause, ODR_ERROR_NOT_FOUND))
			continue;
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	return true;
}

/* They belong to no set, and neither time that stands still nor a set that does not verify keeps them. */
bool expire_drafts(struct expire *expire, GError **error)
{
	const struct store_sweep sweep = {.age = DRAFT_AGE, .only_count = expire->request->plan};

	return repo_sweep(expire->repo, &sweep, &expire->out->swept, error);
}
