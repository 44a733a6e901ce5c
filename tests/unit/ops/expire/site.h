#ifndef ODR_TEST_OPS_EXPIRE_SITE_H
#define ODR_TEST_OPS_EXPIRE_SITE_H

#include "../../repo/service.h"
#include "ops/expire/expire.h"
#include "store/driver.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* A repository whose sets, packs and WAL were stored at chosen times, in a store that can fail. */

/* Days since an epoch of the tests; sets are due daily, kept for 10 days, at least 2. */
#define DAY(n)	((usec_t)1767225600 * USEC_PER_SEC + (usec_t)(n)*USEC_PER_DAY)
#define SEGMENT (16u << 20)
#define AT(n)	((lsn_t)(n) << 24)
#define RETAIN	(10 * USEC_PER_DAY)

/* A store that fails its k-th deletion, refuses all of a prefix, or says that it locks. */
struct faulty {
	struct store store;
	Store *inner;
	unsigned deletions, fail_at;
	const char *refuse;
	bool locks;
	usec_t locked_until; /* all of it */
};

static inline struct faulty *faulty(Store *store)
{
	return (struct faulty *)store;
}

static inline void faulty_free(Store *store)
{
	store_free(faulty(store)->inner);
	g_free(store);
}

static inline void faulty_abilities(Store *store, struct store_abilities *abilities)
{
	store_abilities(faulty(store)->inner, abilities);
	abilities->locks = faulty(store)->locks;
}

static inline bool faulty_put(Store *store, const char *name, const struct iovec *parts, int count,
			      const struct store_put *how, struct store_receipt *receipt,
			      GError **error)
{
	return store_put(faulty(store)->inner, name, parts, count, how, receipt, error);
}

static inline bool faulty_get(Store *store, const char *name, const char *version, uint64_t limit,
			      GBytes **content, GError **error)
{
	return store_get(faulty(store)->inner, name, version, limit, content, error);
}

static inline bool faulty_list(Store *store, const char *prefix, store_each each, void *data,
			       GError **error)
{
	return store_list(faulty(store)->inner, prefix, each, data, error);
}

static inline bool faulty_delete(Store *store, const char *name, const char *version,
				 GError **error)
{
	struct faulty *self = faulty(store);

	if (++self->deletions == self->fail_at)
		return odr_fail(error, ODR_ERROR_TRANSIENT, "planted");
	if (self->refuse && strstr(name, self->refuse))
		return odr_fail(error, ODR_ERROR_REFUSED, "it is locked");
	return store_delete(self->inner, name, version, error);
}

static inline bool faulty_lock_get(Store *store, const char *name, const char *version,
				   struct store_lock *lock, GError **error)
{
	*lock = (struct store_lock){.until = faulty(store)->locked_until};
	return true;
}

static inline bool faulty_head(Store *store, const char *name, struct store_object *object,
			       GError **error)
{
	return store_head(faulty(store)->inner, name, object, error);
}

static const struct store_class store_faulty = {
	.type = "faulty",
	.free = faulty_free,
	.abilities = faulty_abilities,
	.put = faulty_put,
	.get = faulty_get,
	.list = faulty_list,
	.delete = faulty_delete,
	.head = faulty_head,
	.lock_get = faulty_lock_get,
};

struct site {
	struct service service;
	struct faulty *faults; /* the repository's store */
	GPtrArray *repos;
	char *state;
	struct expire_result result;
};

static inline void site_init(struct site *site, const void *data)
{
	g_autofree char *journal = NULL;
	struct faulty *faults = g_new0(struct faulty, 1);

	(void)data;
	service_set_up(&site->service);
	faults->inner = site->service.repo->store;
	faults->store = *faults->inner;
	faults->store.class = &store_faulty;
	faults->store.alterations = NULL;
	site->service.repo->store = &faults->store;
	site->faults = faults;
	site->repos = g_ptr_array_new();
	g_ptr_array_add(site->repos, site->service.repo);
	site->state = g_build_filename(site->service.folder, "state", NULL);
	journal = g_build_filename(site->state, "wal", NULL);
	g_mkdir_with_parents(journal, 0700);
}

static inline void site_clear(struct site *site, const void *data)
{
	(void)data;
	expire_result_clear(&site->result);
	g_ptr_array_unref(site->repos);
	g_free(site->state);
	service_tear_down(&site->service);
}

/* An object that was stored at a time. */
static inline void put(struct site *site, const char *local, const void *bytes, size_t size,
		       usec_t time)
{
	g_autofree char *path = service_path(&site->service, local);
	struct timespec times[2] = {{.tv_sec = time / USEC_PER_SEC},
				    {.tv_sec = time / USEC_PER_SEC}};

	service_put(&site->service, local, bytes, size);
	g_assert_cmpint(utimensat(AT_FDCWD, path, times, 0), ==, 0);
}

static inline char *put_pack(struct site *site, const char *generation, usec_t time)
{
	uint8_t name[SHA256_SIZE];
	char *local;

	random_bytes(name, sizeof(name));
	local = layout_pack(generation, name);
	put(site, local, "pack", 4, time);
	return local;
}

static inline void put_wal(struct site *site, unsigned first, unsigned last, usec_t time)
{
	static const uint8_t digest[XXH128_SIZE] = {1};

	for (unsigned i = first; i <= last; i++) {
		char name[WAL_SEGMENT_NAME_SIZE];

		wal_segment_name(1, AT(i), SEGMENT, name);
		g_autofree char *local = layout_wal(name, digest);

		put(site, local, "wal", 3, time);
	}
}

static inline void add_part(struct site *site, Manifest *manifest, const char *generation,
			    usec_t lock, usec_t time)
{
	struct set_part *part = g_new0(struct set_part, 1);
	struct layer_ref ref = {.root_size = 4};
	g_autoptr(Table) table = table_new(generation);
	struct pack_row row = {.size = 4};

	random_bytes(ref.root, sizeof(ref.root));
	g_autofree char *root = layout_pack(generation, ref.root);

	put(site, root, "root", 4, time);
	random_bytes(row.name, sizeof(row.name));
	g_autofree char *pack = layout_pack(generation, row.name);

	put(site, pack, "pack", 4, time);
	g_array_append_val(table->rows, row);

	g_autoptr(GByteArray) bytes = table_encode(table);

	sha256(bytes->data, bytes->len, ref.table);
	g_autofree char *local = layout_table(ref.table);

	put(site, local, bytes->data, bytes->len, time);
	part->part = g_strdup(PART_DATABASE);
	part->kind = g_strdup("full");
	part->generation = g_strdup(generation);
	part->lock_until = lock;
	part->layers = g_array_new(false, false, sizeof(struct layer_ref));
	g_array_append_val(part->layers, ref);
	g_ptr_array_add(manifest->parts, part);
}

static inline void add_wal(Manifest *manifest, unsigned first, unsigned last, const char *listed)
{
	static const uint8_t digest[XXH128_SIZE] = {1};

	manifest->wal = g_new0(struct set_wal, 1);
	manifest->wal->timeline = 1;
	manifest->wal->segment_size = SEGMENT;
	manifest->wal->start = AT(first) + 0x28;
	manifest->wal->stop = AT(last) + 0x100;
	wal_segment_name(1, manifest->wal->start, SEGMENT, manifest->wal->first);
	wal_segment_name(1, manifest->wal->stop - 1, SEGMENT, manifest->wal->last);
	manifest->wal->objects = g_ptr_array_new_with_free_func(g_free);
	for (unsigned i = first; i <= last; i++) {
		char name[WAL_SEGMENT_NAME_SIZE];

		wal_segment_name(1, AT(i), SEGMENT, name);
		g_ptr_array_add(manifest->wal->objects, layout_wal(name, digest));
	}
	if (listed)
		g_ptr_array_add(manifest->wal->objects, layout_wal(listed, digest));
}

struct wanted {
	usec_t time;
	unsigned segment;
	const char *generation; /* NULL: one of its own */
	const char *listed;	/* a further segment in its manifest */
};

/* A whole set; its id. */
static inline char *put_set(struct site *site, const struct wanted *wanted)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Manifest) manifest = manifest_new();
	usec_t lock = wanted->time + 20 * USEC_PER_DAY;
	g_autofree char *own = generation_id_new(lock);
	g_autoptr(GBytes) object = NULL;
	g_autofree char *local = NULL;

	manifest->set_id = set_id_new(wanted->time);
	manifest->sequence = 1;
	manifest->created = wanted->time;
	manifest->retain_until = wanted->time + USEC_PER_DAY + RETAIN;
	manifest->program = g_strdup("odrbackup test");
	manifest->started = manifest->stopped = wanted->time;
	manifest->host = g_strdup("db1");
	manifest->label = g_strdup("test");
	manifest->pg_major = 15;
	manifest->pg_version_num = 150014;
	manifest->system_identifier = 1;
	manifest->data_directory = g_strdup("/srv/pg");
	manifest->backup_label = g_strdup("label");
	add_part(site, manifest, wanted->generation ? wanted->generation : own, lock, wanted->time);
	add_wal(manifest, wanted->segment, wanted->segment, wanted->listed);
	object = manifest_seal(manifest, site->service.bundle, 1, &error);
	g_assert_no_error(error);
	local = layout_set(manifest->set_id);
	put(site, local, g_bytes_get_data(object, NULL), g_bytes_get_size(object), wanted->time);
	return g_strdup(manifest->set_id);
}

static inline bool expire_at(struct site *site, usec_t now, bool plan, GError **error)
{
	expire_result_clear(&site->result);
	return expire_run(&(struct expire_request){.repos = site->repos,
						   .state = site->state,
						   .policy = {.retain = RETAIN, .least = 2},
						   .backup_every = USEC_PER_DAY,
						   .now = now,
						   .plan = plan},
			  &site->result, error);
}

static inline const struct expire_repository *expire_ok(struct site *site, usec_t now)
{
	g_autoptr(GError) error = NULL;
	bool done = expire_at(site, now, false, &error);

	g_assert_no_error(error);
	g_assert_true(done);
	return site->result.repositories->pdata[0];
}

static inline bool count_each(void *data, const struct store_object *object)
{
	(void)object;
	(*(unsigned *)data)++;
	return true;
}

static inline unsigned count(struct site *site, const char *prefix)
{
	g_autoptr(GError) error = NULL;
	unsigned found = 0;

	repo_list(site->service.repo, prefix, count_each, &found, &error);
	g_assert_no_error(error);
	return found;
}

/* Fifteen daily sets from day 0 on, with ten segments a day, and a history file. */
static inline void put_days(struct site *site, unsigned days)
{
	static const uint8_t digest[XXH128_SIZE] = {2};
	g_autofree char *history = layout_wal("00000002.history", digest);

	put(site, history, "history", 7, DAY(0));
	for (unsigned day = 0; day < days; day++) {
		struct wanted wanted = {.time = DAY(day) + USEC_PER_HOUR, .segment = 10 * day + 5};
		g_autofree char *set = put_set(site, &wanted);

		put_wal(site, 10 * day + 5, 10 * day + 14, DAY(day));
	}
}

static inline void assert_listed_sets_are_whole(struct site *site)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) manifests = NULL;

	manifest_list(site->service.repo, NULL, &manifests, NULL, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < manifests->len; i++) {
		const Manifest *manifest = manifests->pdata[i];
		const struct set_part *part = manifest->parts->pdata[0];
		const struct layer_ref *ref = &g_array_index(part->layers, struct layer_ref, 0);
		g_autoptr(Table) table = NULL;
		g_autofree char *root = layout_pack(part->generation, ref->root);

		table_load(site->service.repo, ref->table, &table, &error);
		g_assert_no_error(error);
		const struct pack_row *row = &g_array_index(table->rows, struct pack_row, 0);
		g_autofree char *pack = layout_pack(part->generation, row->name);

		g_assert_cmpuint(count(site, root), ==, 1);
		g_assert_cmpuint(count(site, pack), ==, 1);
		for (guint j = 0; j < manifest->wal->objects->len; j++)
			g_assert_cmpuint(count(site, manifest->wal->objects->pdata[j]), ==, 1);
	}
	g_assert_cmpuint(manifests->len, >=, 2);
}

static inline void add(const char *path, void (*test)(struct site *, const void *))
{
	g_test_add(path, struct site, NULL, site_init, test, site_clear);
}

#endif
