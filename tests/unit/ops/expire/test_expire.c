#include "ops/expire/expire.h"

#include "../../repo/newer.h"
#include "../../repo/service.h"
#include "repo/wal_journal.h"
#include "store/diagnose.h"
#include "store/driver.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

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

static struct faulty *faulty(Store *store)
{
	return (struct faulty *)store;
}

static void faulty_free(Store *store)
{
	store_free(faulty(store)->inner);
	g_free(store);
}

static void faulty_abilities(Store *store, struct store_abilities *abilities)
{
	store_abilities(faulty(store)->inner, abilities);
	abilities->locks = faulty(store)->locks;
}

static bool faulty_put(Store *store, const char *name, const struct iovec *parts, int count,
		       const struct store_put *how, struct store_receipt *receipt, GError **error)
{
	return store_put(faulty(store)->inner, name, parts, count, how, receipt, error);
}

static bool faulty_get(Store *store, const char *name, const char *version, uint64_t limit,
		       GBytes **content, GError **error)
{
	return store_get(faulty(store)->inner, name, version, limit, content, error);
}

static bool faulty_list(Store *store, const char *prefix, store_each each, void *data,
			GError **error)
{
	return store_list(faulty(store)->inner, prefix, each, data, error);
}

static bool faulty_delete(Store *store, const char *name, const char *version, GError **error)
{
	struct faulty *self = faulty(store);

	if (++self->deletions == self->fail_at)
		return odr_fail(error, ODR_ERROR_TRANSIENT, "planted");
	if (self->refuse && strstr(name, self->refuse))
		return odr_fail(error, ODR_ERROR_REFUSED, "it is locked");
	return store_delete(self->inner, name, version, error);
}

static bool faulty_lock_get(Store *store, const char *name, const char *version,
			    struct store_lock *lock, GError **error)
{
	*lock = (struct store_lock){.until = faulty(store)->locked_until};
	return true;
}

static bool faulty_head(Store *store, const char *name, struct store_object *object, GError **error)
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

static void site_init(struct site *site, const void *data)
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

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	expire_result_clear(&site->result);
	g_ptr_array_unref(site->repos);
	g_free(site->state);
	service_tear_down(&site->service);
}

/* An object that was stored at a time. */
static void put(struct site *site, const char *local, const void *bytes, size_t size, usec_t time)
{
	g_autofree char *path = service_path(&site->service, local);
	struct timespec times[2] = {{.tv_sec = time / USEC_PER_SEC},
				    {.tv_sec = time / USEC_PER_SEC}};

	service_put(&site->service, local, bytes, size);
	g_assert_cmpint(utimensat(AT_FDCWD, path, times, 0), ==, 0);
}

static char *put_pack(struct site *site, const char *generation, usec_t time)
{
	uint8_t name[SHA256_SIZE];
	char *local;

	random_bytes(name, sizeof(name));
	local = layout_pack(generation, name);
	put(site, local, "pack", 4, time);
	return local;
}

static void put_wal(struct site *site, unsigned first, unsigned last, usec_t time)
{
	static const uint8_t digest[XXH128_SIZE] = {1};

	for (unsigned i = first; i <= last; i++) {
		char name[WAL_SEGMENT_NAME_SIZE];

		wal_segment_name(1, AT(i), SEGMENT, name);
		g_autofree char *local = layout_wal(name, digest);

		put(site, local, "wal", 3, time);
	}
}

static void add_part(struct site *site, Manifest *manifest, const char *generation, usec_t lock,
		     usec_t time)
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

static void add_wal(Manifest *manifest, unsigned first, unsigned last, const char *listed)
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
static char *put_set(struct site *site, const struct wanted *wanted)
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

static bool expire_at(struct site *site, usec_t now, bool plan, GError **error)
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

static const struct expire_repository *expire_ok(struct site *site, usec_t now)
{
	g_autoptr(GError) error = NULL;
	bool done = expire_at(site, now, false, &error);

	g_assert_no_error(error);
	g_assert_true(done);
	return site->result.repositories->pdata[0];
}

static bool count_each(void *data, const struct store_object *object)
{
	(void)object;
	(*(unsigned *)data)++;
	return true;
}

static unsigned count(struct site *site, const char *prefix)
{
	g_autoptr(GError) error = NULL;
	unsigned found = 0;

	repo_list(site->service.repo, prefix, count_each, &found, &error);
	g_assert_no_error(error);
	return found;
}

/* Fifteen daily sets from day 0 on, with ten segments a day, and a history file. */
static void put_days(struct site *site, unsigned days)
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

/* Set 0 is needed until set 1 + 10 days = day 11 + 1 h, and retains itself as long; set 3 until 14. */
static void test_expires(struct site *site, const void *data)
{
	const struct expire_repository *out;

	(void)data;
	put_days(site, 15);
	out = expire_ok(site, DAY(14) + 2 * USEC_PER_HOUR);
	g_assert_cmpuint(out->sets->len, ==, 15);
	g_assert_cmpuint(count(site, "set/"), ==, 11);
	g_assert_cmpuint(out->generations, ==, 4);
	g_assert_cmpuint(out->objects, ==, 12);
	g_assert_cmpuint(count(site, "pack/"), ==, 22);
	g_assert_cmpuint(count(site, "table/"), ==, 11);
	/* The floor is the segment at which set 4 begins. */
	g_assert_cmpstr(out->floor, ==, "00000001000000000000002D");
	g_assert_cmpuint(out->wal->len, ==, 40);
	g_assert_cmpuint(count(site, "wal/00000001/"), ==, 150 - 40);
	g_assert_cmpuint(count(site, "wal/00000002/"), ==, 1);
	g_assert_cmpuint(out->troubles->len, ==, 0);
	out = expire_ok(site, DAY(14) + 2 * USEC_PER_HOUR);
	g_assert_cmpuint(out->objects + out->wal->len, ==, 0);
	g_assert_cmpuint(count(site, "set/"), ==, 11);
}

static void test_plan(struct site *site, const void *data)
{
	g_autoptr(GError) error = NULL;
	const struct expire_repository *out;

	(void)data;
	put_days(site, 15);
	expire_at(site, DAY(14) + 2 * USEC_PER_HOUR, true, &error);
	g_assert_no_error(error);
	out = site->result.repositories->pdata[0];
	g_assert_cmpuint(out->generations, ==, 4);
	g_assert_cmpuint(out->wal->len, ==, 40);
	g_assert_cmpuint(site->faults->deletions, ==, 0);
	g_assert_cmpuint(count(site, "set/"), ==, 15);
}

/* Whatever the clock says, time passes only while sets arrive. */
static void test_clock(struct site *site, const void *data)
{
	const struct expire_repository *out;

	(void)data;
	put_days(site, 5);
	out = expire_ok(site, DAY(4000));
	g_assert_cmpint(out->now, ==, DAY(6) + USEC_PER_HOUR);
	g_assert_cmpuint(count(site, "set/"), ==, 5);
	g_assert_cmpuint(site->faults->deletions, ==, 0);
	g_assert_cmpuint(out->troubles->len, ==, 1);
	g_assert_nonnull(strstr(out->troubles->pdata[0], "nothing expires by the time since"));
}

/* Nor does a clock that went back. */
static void test_clock_back(struct site *site, const void *data)
{
	(void)data;
	put_days(site, 15);
	expire_ok(site, DAY(1));
	g_assert_cmpuint(count(site, "set/"), ==, 15);
	g_assert_cmpuint(site->faults->deletions, ==, 0);
}

static void assert_listed_sets_are_whole(struct site *site)
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

/* Ended at any deletion, what is listed is whole, and the next run goes on. */
static void test_interrupted(struct site *site, const void *data)
{
	usec_t now = DAY(14) + 2 * USEC_PER_HOUR;
	unsigned ended = 0;

	(void)data;
	put_days(site, 15);
	for (;;) {
		g_autoptr(GError) error = NULL;

		site->faults->deletions = 0;
		site->faults->fail_at = ended % 3 + 1;
		if (expire_at(site, now, false, &error))
			break;
		g_assert_error(error, ODR_ERROR, ODR_ERROR_TRANSIENT);
		g_assert_nonnull(strstr(error->message, "cannot expire in repository main"));
		assert_listed_sets_are_whole(site);
		g_assert_cmpuint(++ended, <, 200);
	}
	site->faults->fail_at = 0;
	assert_listed_sets_are_whole(site);
	g_assert_cmpuint(count(site, "set/"), ==, 11);
	/* What lost its manifest to an earlier run is left over: it goes when its time has come. */
	for (unsigned day = 15; day < 40; day++) {
		struct wanted wanted = {.time = DAY(day), .segment = 10 * day + 5};
		g_autofree char *set = put_set(site, &wanted);

		put_wal(site, wanted.segment, wanted.segment, wanted.time);
	}
	expire_ok(site, DAY(39) + USEC_PER_HOUR);
	g_assert_cmpuint(count(site, "pack/"), ==, 2 * count(site, "set/"));
	g_assert_cmpuint(count(site, "table/"), ==, count(site, "set/"));
	assert_listed_sets_are_whole(site);
}

/* A set that cannot be removed keeps everything it needs. */
static void test_refused(struct site *site, const void *data)
{
	const struct expire_repository *out;

	(void)data;
	put_days(site, 15);
	site->faults->refuse = "/set/";
	out = expire_ok(site, DAY(14) + 2 * USEC_PER_HOUR);
	g_assert_cmpuint(out->refused, ==, 4);
	g_assert_cmpuint(count(site, "set/"), ==, 15);
	g_assert_cmpuint(count(site, "pack/"), ==, 30);
	g_assert_cmpstr(out->floor, ==, "000000010000000000000005");
	assert_listed_sets_are_whole(site);
}

/* Locks of a store outlive what retention keeps: no trouble, as long as they have not ended. */
static void test_locked(struct site *site, const void *data)
{
	usec_t now = DAY(14) + 2 * USEC_PER_HOUR;
	const struct expire_repository *out;

	(void)data;
	put_days(site, 15);
	site->faults->refuse = "/wal/";
	site->faults->locked_until = now + USEC_PER_HOUR;
	out = expire_ok(site, now);
	g_assert_cmpuint(out->locked, >, 0);
	g_assert_cmpuint(out->refused, ==, 0);
	g_assert_cmpuint(out->troubles->len, ==, 0);
	site->faults->locked_until = now;
	expire_result_clear(&site->result);
	out = expire_ok(site, now);
	g_assert_cmpuint(out->locked, ==, 0);
	g_assert_cmpuint(out->refused, >, 0);
	assert_listed_sets_are_whole(site);
}

static void test_shared_generation(struct site *site, const void *data)
{
	g_autofree char *generation = generation_id_new(DAY(30));
	const struct expire_repository *out;

	(void)data;
	for (unsigned day = 0; day < 15; day++) {
		struct wanted wanted = {
			.time = DAY(day), .segment = 10 * day + 5, .generation = generation};
		g_autofree char *set = put_set(site, &wanted);
	}
	out = expire_ok(site, DAY(14) + USEC_PER_HOUR);
	g_assert_cmpuint(count(site, "set/"), <, 15);
	g_assert_cmpuint(out->objects, ==, 0);
	g_assert_cmpuint(count(site, "pack/"), ==, 30);
	g_assert_cmpuint(count(site, "table/"), ==, 15);
}

static void test_listed_wal(struct site *site, const void *data)
{
	struct wanted wanted = {
		.time = DAY(15), .segment = 155, .listed = "000000010000000000000006"};
	g_autofree char *set = NULL;

	(void)data;
	put_days(site, 15);
	set = put_set(site, &wanted);
	put_wal(site, 155, 155, DAY(15));

	expire_ok(site, DAY(15) + USEC_PER_HOUR);
	g_assert_cmpuint(count(site, "wal/00000001/000000010000000000000006-"), ==, 1);
	g_assert_cmpuint(count(site, "wal/00000001/000000010000000000000007-"), ==, 0);
	assert_listed_sets_are_whole(site);
}

/* After a recovery to an older moment, new WAL has positions below those of the sets before it. */
static void test_young_wal(struct site *site, const void *data)
{
	static const uint8_t digest[XXH128_SIZE] = {3};
	g_autofree char *local = layout_wal("000000030000000000000003", digest);

	(void)data;
	put_days(site, 15);
	put(site, local, "young", 5, DAY(14));
	expire_ok(site, DAY(14) + 2 * USEC_PER_HOUR);
	g_assert_cmpuint(count(site, local), ==, 1);
}

/* One object named as a set that cannot be read, beside fifteen sets. */
static void expire_beside(struct site *site, const char *local)
{
	const struct expire_repository *out = expire_ok(site, DAY(14) + 2 * USEC_PER_HOUR);

	g_assert_cmpuint(out->unverified, ==, 1);
	g_assert_nonnull(strstr(out->troubles->pdata[0], local));
	g_assert_cmpuint(out->sets->len, ==, 15);
	g_assert_cmpuint(count(site, local), ==, 1);
	g_assert_cmpuint(count(site, "pack/"), ==, 30);
	g_assert_cmpuint(count(site, "wal/00000001/"), ==, 150);
	assert_listed_sets_are_whole(site);
}

static void test_unverified(struct site *site, const void *data)
{
	g_autofree char *id = set_id_new(DAY(1));
	g_autofree char *local = layout_set(id);

	(void)data;
	put_days(site, 15);
	put(site, local, "this is no set", 14, DAY(1));
	expire_beside(site, local);
}

/* A set of a later program may need packs and WAL: nobody here can read which. */
static void test_newer(struct site *site, const void *data)
{
	for (enum newer how = 0; how < NEWERS; how++) {
		g_autofree char *id = set_id_new(DAY(1));
		g_autofree char *local = layout_set(id);

		put_days(site, 15);
		newer_put_set(&site->service, id, how);
		expire_beside(site, local);
		expire_result_clear(&site->result);
		site_clear(site, data);
		*site = (struct site){0};
		site_init(site, data);
	}
}

static void test_abandoned(struct site *site, const void *data)
{
	usec_t now = DAY(14) + 2 * USEC_PER_HOUR;
	g_autofree char *open = generation_id_new(DAY(100));
	g_autofree char *ended = generation_id_new(DAY(10));
	g_autofree char *mixed = generation_id_new(DAY(100));
	g_autofree char *old = put_pack(site, open, now - 11 * USEC_PER_DAY);
	g_autofree char *locked_until_10 = put_pack(site, ended, DAY(9));
	g_autofree char *first = put_pack(site, mixed, now - 11 * USEC_PER_DAY);
	g_autofree char *second = put_pack(site, mixed, now - 9 * USEC_PER_DAY);
	const struct expire_repository *out;

	(void)data;
	put_days(site, 15);
	site->faults->locks = true;
	out = expire_ok(site, now);
	g_assert_cmpuint(out->abandoned, ==, 1);
	g_assert_cmpuint(count(site, locked_until_10), ==, 0);
	g_assert_cmpuint(count(site, old), ==, 1);
	/* Locks hold sets longer than their retention. */
	g_assert_cmpuint(count(site, "set/"), ==, 15);
	site->faults->locks = false;
	out = expire_ok(site, now);
	g_assert_cmpuint(out->abandoned, ==, 1);
	g_assert_cmpuint(count(site, old), ==, 0);
	g_assert_cmpuint(count(site, first), ==, 1);
	g_assert_cmpuint(count(site, second), ==, 1);
}

static void test_nothing(struct site *site, const void *data)
{
	const struct expire_repository *out;

	(void)data;
	put_wal(site, 1, 3, DAY(0));
	out = expire_ok(site, DAY(100));
	g_assert_cmpuint(out->sets->len, ==, 0);
	g_assert_cmpstr(out->floor, ==, "");
	g_assert_cmpuint(count(site, "wal/"), ==, 3);
}

static void test_lock(struct site *site, const void *data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(site->state, "filestore.lock", NULL);
	struct file_lock lock = {0};

	(void)data;
	file_lock_take(&lock, path, 0, &error);
	g_assert_no_error(error);
	g_assert_false(expire_at(site, DAY(1), false, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_BUSY);
	g_clear_error(&error);
	expire_at(site, DAY(1), true, &error);
	g_assert_no_error(error);
	file_lock_release(&lock);
}

static bool journal_has(const char *folder, const char *file)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) records = NULL;

	wal_journal_find(folder, file, &records, &error);
	g_assert_no_error(error);
	return records->len > 0;
}

/* Journals hold 256 segments each: those that lie wholly below the floor go. */
static void test_journal(struct site *site, const void *data)
{
	g_autofree char *folder = g_build_filename(site->state, "wal", NULL);
	g_autoptr(GError) error = NULL;
	struct wal_repository main = {"main", "", "00112233445566778899aabbccddeeff"};
	struct wal_record records[] = {
		{(char *)"0000000100000000000000FF", {1}, 1, main, DAY(0), false},
		{(char *)"000000010000000100000000", {1}, 1, main, DAY(0), false},
		{(char *)"00000002.history", {1}, 1, main, DAY(0), false},
	};

	(void)data;
	wal_journal_append(folder, records, G_N_ELEMENTS(records), &error);
	g_assert_no_error(error);
	for (unsigned day = 0; day < 15; day++) {
		struct wanted wanted = {.time = DAY(day), .segment = 250 + 10 * day};
		g_autofree char *set = put_set(site, &wanted);
	}
	expire_ok(site, DAY(14) + USEC_PER_HOUR);
	g_assert_false(journal_has(folder, records[0].file));
	g_assert_true(journal_has(folder, records[1].file));
	g_assert_true(journal_has(folder, records[2].file));
}

static bool has_probe(struct site *site, const char *name)
{
	struct store_object object;

	return store_head(site->faults->inner, name, &object, NULL);
}

static void put_probe(struct site *site, const char *name, usec_t time)
{
	struct iovec part = {(char *)"probe", 5};
	g_autofree char *path = g_build_filename(site->service.folder, "repository", name, NULL);
	struct timespec times[2] = {{.tv_sec = time / USEC_PER_SEC},
				    {.tv_sec = time / USEC_PER_SEC}};

	g_assert_true(store_put(site->faults->inner, name, &part, 1, NULL, NULL, NULL));
	g_assert_cmpint(utimensat(AT_FDCWD, path, times, 0), ==, 0);
}

/* What a check left that may not delete; a locked one stays, and is no trouble. What is not ours stays. */
static void test_probes(struct site *site, const void *data)
{
	const struct expire_repository *out;

	(void)data;
	put_probe(site, STORE_PROBE "20260102T000000Z-00000001", DAY(1));
	put_probe(site, STORE_PROBE "20260102T000000Z-00000002-locked", DAY(1));
	put_probe(site, STORE_PROBE "20260103T000000Z-00000003", DAY(2));
	put_probe(site, STORE_PROBE "of-others", DAY(1));
	site->faults->refuse = "locked";
	out = expire_ok(site, DAY(2) + USEC_PER_HOUR);
	g_assert_cmpuint(out->refused, ==, 0);
	g_assert_cmpuint(out->troubles->len, ==, 0);
	g_assert_false(has_probe(site, STORE_PROBE "20260102T000000Z-00000001"));
	g_assert_true(has_probe(site, STORE_PROBE "20260102T000000Z-00000002-locked"));
	g_assert_true(has_probe(site, STORE_PROBE "of-others"));
	g_assert_true(has_probe(site, STORE_PROBE "20260103T000000Z-00000003"));
}

static void put_mark_and_moment(struct site *site, usec_t time)
{
	static const uint8_t digest[MARK_DIGEST_SIZE] = {1};
	g_autofree char *mark_id = mark_id_of(time, digest), *mark = layout_mark(mark_id);
	g_autofree char *name = set_id_new(time), *moment = layout_moment(PART_FILESTORE, name);

	put(site, mark, "mark", 4, time);
	put(site, moment, "moment", 6, time);
}

/* Sets 0 to 3 go: what is younger than set 4 stays, and so does what is neither. */
static void test_marks(struct site *site, const void *data)
{
	const struct expire_repository *out;

	(void)data;
	put_days(site, 15);
	put_mark_and_moment(site, DAY(2));
	put_mark_and_moment(site, DAY(3));
	put_mark_and_moment(site, DAY(4) + 2 * USEC_PER_HOUR);
	put(site, "mark/of-others", "?", 1, DAY(1));
	out = expire_ok(site, DAY(14) + 2 * USEC_PER_HOUR);
	g_assert_cmpuint(out->marks, ==, 2);
	g_assert_cmpuint(out->moments, ==, 2);
	g_assert_cmpuint(count(site, "mark/"), ==, 2);
	g_assert_cmpuint(count(site, "moment/"), ==, 1);
}

static void add(const char *path, void (*test)(struct site *, const void *))
{
	g_test_add(path, struct site, NULL, site_init, test, site_clear);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("/expire/sets-go-with-their-packs-and-the-wal-below-the-rest", test_expires);
	add("/expire/a-plan-removes-nothing", test_plan);
	add("/expire/a-clock-that-jumped-ahead-removes-nothing", test_clock);
	add("/expire/a-clock-that-went-back-removes-nothing", test_clock_back);
	add("/expire/ended-anywhere-listed-sets-are-whole", test_interrupted);
	add("/expire/a-set-that-cannot-go-keeps-what-it-needs", test_refused);
	add("/expire/what-is-locked-goes-another-time", test_locked);
	add("/expire/a-generation-goes-with-its-last-set", test_shared_generation);
	add("/expire/wal-that-a-kept-set-lists-stays", test_listed_wal);
	add("/expire/wal-younger-than-the-oldest-set-stays", test_young_wal);
	add("/expire/what-does-not-verify-is-neither-kept-nor-removed", test_unverified);
	add("/expire/what-a-newer-version-stored-ends-no-expiry", test_newer);
	add("/expire/what-aborted-runs-left-goes-when-nothing-can-need-it", test_abandoned);
	add("/expire/without-a-set-no-wal-goes", test_nothing);
	add("/expire/waits-for-no-run-longer-than-told", test_lock);
	add("/expire/the-journal-is-trimmed", test_journal);
	add("/expire/probes-go-after-a-day", test_probes);
	add("/expire/marks-and-moments-go-with-the-sets-that-lead-to-them", test_marks);
	return g_test_run();
}
