/* Reading every object back. */
#include "base/bytes.h"
#include "base/error.h"
#include "base/pool.h"
#include "base/stop.h"
#include "ops/check/check.h"
#include "repo/object.h"
#include "repo/wal_held.h"

#include <string.h>

enum scan_kind { SCAN_SET, SCAN_LAYER, SCAN_PACK, SCAN_WAL, SCAN_VERSIONS };
struct scan_job {
	enum scan_kind kind;
	const Manifest *manifest;    /* SCAN_SET */
	const struct layer_ref *ref; /* SCAN_LAYER */
	const Table *table;	     /* SCAN_LAYER, SCAN_PACK */
	const char *generation;
	const struct pack_row *row;  /* SCAN_PACK */
	const struct wal_held *held; /* SCAN_WAL */
	const char *local;	     /* SCAN_VERSIONS */
	uint64_t size;
};

struct scan {
	const struct check_request *request;
	Repo *repo;
	const char *where;
	GArray *jobs;	   /* struct scan_job */
	GPtrArray *locals; /* names that jobs refer to */
	uint64_t total;
	struct mutex *mutex; /* guards what follows */
	uint64_t done;
	GPtrArray *findings;
	unsigned closed; /* sets that the identity does not open */
	bool locks;	 /* the repository does */
	unsigned unlocked, lock_unknown;
	char *first_unlocked; /* name */
};

static void add_job(struct scan *scan, const struct scan_job *job)
{
	g_array_append_vals(scan->jobs, job, 1);
	scan->total += job->size;
}

static void add_packs(struct scan *scan, const struct set_part *part, GHashTable *tables,
		      GHashTable *seen)
{
	for (guint i = 0; i < part->layers->len; i++) {
		const struct layer_ref *ref = &g_array_index(part->layers, struct layer_ref, i);
		g_autofree char *hex = hex_encode(ref->table, SHA256_SIZE);
		const Table *table = g_hash_table_lookup(tables, hex);

		if (!table || !g_hash_table_add(seen, g_steal_pointer(&hex)))
			continue;
		add_job(scan, &(struct scan_job){.kind = SCAN_LAYER,
						 .ref = ref,
						 .table = table,
						 .generation = part->generation,
						 .size = ref->root_size});
		for (guint j = 0; j < table->rows->len; j++) {
			const struct pack_row *row =
				&g_array_index(table->rows, struct pack_row, j);

			add_job(scan, &(struct scan_job){.kind = SCAN_PACK,
							 .row = row,
							 .generation = table->generation,
							 .size = row->size});
		}
	}
}

static void gather_jobs(struct scan *scan, const GPtrArray *manifests, const GPtrArray *held,
			GHashTable *tables)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < manifests->len; i++) {
		const Manifest *manifest = manifests->pdata[i];

		add_job(scan, &(struct scan_job){.kind = SCAN_SET,
						 .manifest = manifest,
						 .size = manifest->object_size});
		for (guint j = 0; j < manifest->parts->len; j++)
			add_packs(scan, manifest->parts->pdata[j], tables, seen);
	}
	for (guint i = 0; i < held->len; i++) {
		const struct wal_held *one = held->pdata[i];

		if (one->complete)
			add_job(scan, &(struct scan_job){.kind = SCAN_WAL,
							 .held = one,
							 .size = one->object_size});
	}
}

/* Readers take one version and have no reason to look at the others. */
static bool add_versions(void *data, const struct store_object *object)
{
	struct scan *scan = data;
	char *local;

	if (object->versions < 2)
		return true;
	local = g_strdup(object->name);
	g_ptr_array_add(scan->locals, local);
	add_job(scan, &(struct scan_job){.kind = SCAN_VERSIONS,
					 .local = local,
					 .size = object->size * object->versions});
	return true;
}

static bool scan_set(struct scan *scan, const Manifest *manifest, GError **error)
{
	g_autoptr(Manifest) again = NULL;

	return manifest_load(scan->repo, scan->request->identity, manifest->set_id, &again, error);
}

static bool ignore_entry(void *data, struct layer_entry **entry, GError **error)
{
	(void)data, (void)entry, (void)error;
	return true;
}

static bool scan_layer(struct scan *scan, const struct scan_job *job, GError **error)
{
	g_autofree char *local = layout_pack(job->generation, job->ref->root);
	g_autofree char *where = repo_where(scan->repo, local);
	g_autoptr(GBytes) content = NULL;

	if (scan->request->identity)
		return layer_read(scan->repo, scan->request->identity, job->ref, job->table,
				  ignore_entry, NULL, error);
	return repo_get_named(scan->repo, local, job->ref->root, &content, error) ||
	       odr_context(error, "layer %s", where);
}

static bool scan_pack(struct scan *scan, const struct scan_job *job, GError **error)
{
	const Identity *identity = scan->request->identity;

	if (!identity)
		return pack_check_name(scan->repo, job->generation, job->row, error);
	return pack_verify(scan->repo, identity, job->generation, job->row,
			   digest_seed(identity->digest_secret, "content"), error);
}

static bool check_wal_piece(Repo *repo, const struct wal_held *held, guint number, GError **error)
{
	__attribute__((cleanup(wal_piece_clear))) struct wal_piece piece = {0};

	return wal_piece_get(repo, held, number, &piece, error);
}

static bool scan_wal(struct scan *scan, const struct wal_held *held, GError **error)
{
	struct wal_reading reading = {.identity = scan->request->identity, .held = held};

	if (reading.identity)
		return wal_read(scan->repo, &reading, NULL, error);
	for (guint i = 0; i < held->locals->len; i++)
		if (!check_wal_piece(scan->repo, held, i, error))
			return false;
	return true;
}

static bool scan_one(struct scan *scan, const struct scan_job *job, GError **error)
{
	switch (job->kind) {
	case SCAN_SET:
		return scan_set(scan, job->manifest, error);
	case SCAN_LAYER:
		return scan_layer(scan, job, error);
	case SCAN_PACK:
		return scan_pack(scan, job, error);
	case SCAN_WAL:
		return scan_wal(scan, job->held, error);
	case SCAN_VERSIONS:
		return object_verify_versions(scan->repo, job->local, error);
	}
	return true;
}

/* What cannot be used without it; g_free; NULL: nothing, as an older version counts. */
static char *lost_with(const struct scan_job *job)
{
	switch (job->kind) {
	case SCAN_SET:
		return layout_set(job->manifest->set_id);
	case SCAN_LAYER:
		return layout_pack(job->generation, job->ref->root);
	case SCAN_PACK:
		return layout_pack(job->generation, job->row->name);
	case SCAN_WAL:
		return g_strconcat("wal/", job->held->file, NULL);
	case SCAN_VERSIONS:
		return NULL;
	}
	return NULL;
}

static void find_damaged(struct scan *scan, const struct scan_job *job, const char *message)
{
	g_autofree char *lost = lost_with(job);
	struct finding *finding = findings_add(
		scan->findings, FINDING_CRITICAL, "object.damaged", scan->where, g_strdup(message),
		g_strdup("what refers to it cannot be restored from here: use another "
			 "repository or set, and make a new backup now"));

	finding->kind = FINDING_CORRUPTION;
	if (lost)
		finding_add_lost(finding, lost);
}

/* Of several versions the first is the one that was stored; others may have been laid over it. */
static bool first_lock(Store *store, const char *name, struct store_lock *lock)
{
	g_autoptr(GPtrArray) versions = NULL;

	if (!store_versions(store, name, &versions, NULL) || versions->len == 0)
		return false;
	return store_lock_get(store, name, ((struct store_object *)versions->pdata[0])->version,
			      lock, NULL);
}

/* One whose lock ended was locked: only what never was is counted. */
static void look_at_lock(struct scan *scan, const struct scan_job *job)
{
	Store *store = scan->repo->store;
	g_autofree char *local = !scan->locks		 ? NULL
				 : job->kind == SCAN_WAL ? g_strdup(job->held->locals->pdata[0])
							 : lost_with(job);
	g_autofree char *name =
		local ? g_strconcat(scan->repo->service_hex, "/", local, NULL) : NULL;
	struct store_lock lock = {0};
	bool told;

	if (!name)
		return;
	told = store_lock_get(store, name, NULL, &lock, NULL);
	if (told && lock.until == 0)
		told = first_lock(store, name, &lock);
	mutex_lock(scan->mutex);
	scan->lock_unknown += !told;
	if (told && lock.until == 0 && scan->unlocked++ == 0)
		scan->first_unlocked = g_steal_pointer(&local);
	mutex_unlock(scan->mutex);
}

/* What an object is found to be is a finding; that the store stopped answering is an error. */
static bool judge(struct scan *scan, const struct scan_job *job, GError *cause, GError **error)
{
	bool closed = odr_error_is(cause, ODR_ERROR_AUTH);

	if (!closed && !odr_error_is(cause, ODR_ERROR_CORRUPT) &&
	    !odr_error_is(cause, ODR_ERROR_NOT_FOUND)) {
		g_propagate_error(error, cause);
		return false;
	}
	mutex_lock(scan->mutex);
	if (closed)
		scan->closed++;
	else
		find_damaged(scan, job, cause->message);
	mutex_unlock(scan->mutex);
	g_error_free(cause);
	return true;
}

static bool scan_job(void *shared, void *context, size_t number, GError **error)
{
	struct scan *scan = shared;
	const struct scan_job *job = &g_array_index(scan->jobs, struct scan_job, number);
	GError *cause = NULL;

	(void)context;
	if (!scan_one(scan, job, &cause) && !judge(scan, job, cause, error))
		return false;
	look_at_lock(scan, job);
	mutex_lock(scan->mutex);
	scan->done += job->size;
	mutex_unlock(scan->mutex);
	return true;
}

static void scan_tick(void *shared)
{
	struct scan *scan = shared;
	uint64_t done;

	mutex_lock(scan->mutex);
	done = scan->done;
	mutex_unlock(scan->mutex);
	if (scan->request->progress)
		scan->request->progress(scan->request->progress_data, done, scan->total);
}

static void conclude(struct scan *scan, guint before)
{
	g_autofree char *size = size_format(scan->total);
	bool one = scan->jobs->len == 1;
	g_autofree char *jobs = count_format(scan->jobs->len, "object");
	g_autofree char *closed = count_format(scan->closed, "object");
	g_autofree char *unlocked = count_format(scan->unlocked, "object");
	g_autofree char *unknown = count_format(scan->lock_unknown, "object");

	if (scan->closed > 0)
		findings_add(scan->findings, FINDING_WARNING, "object.closed", scan->where,
			     g_strdup_printf("not opened: %s of which the identity is no recipient",
					     closed),
			     NULL);
	if (scan->lock_unknown > 0)
		findings_add(
			scan->findings, FINDING_WARNING, "object.lock-unknown", scan->where,
			g_strdup_printf("whether they are locked could not be told of %s", unknown),
			g_strdup("allow s3:GetObjectRetention and s3:GetObjectLegalHold"));
	if (scan->unlocked > 0)
		findings_add(scan->findings, FINDING_CRITICAL, "object.unlocked", scan->where,
			     g_strdup_printf("%s %s not locked, and the repository locks: '%s'%s",
					     unlocked, scan->unlocked == 1 ? "is" : "are",
					     scan->first_unlocked,
					     scan->unlocked > 1 ? ", and others" : ""),
			     g_strdup("whoever may delete can remove them: find out who put them "
				      "there without a lock, and make a new backup"));
	if (scan->findings->len == before)
		findings_add(scan->findings, FINDING_OK, "object.good", scan->where,
			     g_strdup_printf("%s, %s, %s read back and %s good%s", jobs, size,
					     one ? "was" : "were", one ? "is" : "are",
					     scan->request->identity
						     ? ""
						     : "; without a key, no content was opened"),
			     NULL);
}

bool check_scan(const struct check_request *request, Repo *repo, const GPtrArray *manifests,
		const GPtrArray *held, GHashTable *tables, const char *where, GPtrArray *findings,
		int64_t *unlocked, GError **error)
{
	struct store_abilities abilities;
	g_autoptr(GArray) jobs = g_array_new(false, false, sizeof(struct scan_job));
	g_autoptr(GPtrArray) locals = g_ptr_array_new_with_free_func(g_free);
	struct scan scan = {.request = request,
			    .repo = repo,
			    .where = where,
			    .jobs = jobs,
			    .locals = locals,
			    .findings = findings,
			    .mutex = mutex_new()};
	guint before = findings->len;
	bool done;

	store_abilities(repo->store, &abilities);
	scan.locks = abilities.locks;
	gather_jobs(&scan, manifests, held, tables);
	done = repo_list(repo, "", add_versions, &scan, error) &&
	       pool_run(&(struct pool_work){.workers = MAX(request->workers, 1),
					    .jobs = jobs->len,
					    .shared = &scan,
					    .run = scan_job,
					    .tick = request->progress ? scan_tick : NULL,
					    .tick_ms = 200},
			error);
	if (done)
		conclude(&scan, before);
	if (done && scan.locks && scan.lock_unknown == 0)
		*unlocked = scan.unlocked;
	g_free(scan.first_unlocked);
	mutex_free(scan.mutex);
	return done;
}
