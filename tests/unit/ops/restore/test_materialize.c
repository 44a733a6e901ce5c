#include "ops/restore/materialize.h"

#include "../../repo/fixture.h"
#include "base/pool.h"
#include "ops/copy/copy.h"
#include "store/driver.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is copied into packs and a layer, and written out again, is what was there. */
#define PAGE	8192
#define KIB	((size_t)1024)
#define MIB	(KIB * KIB)
#define STARTED ((usec_t)1767225600 * USEC_PER_SEC)
#define MTIME	((STARTED - USEC_PER_DAY) * 1000 + 123456789)

struct site {
	struct fixture fixture;
	char *source, *target;
	struct control control;
	GPtrArray *listed;  /* struct pgdata_file */
	GPtrArray *entries; /* as read back from the layer */
	GPtrArray *damaged;
	GPtrArray *tables;
	struct layer_ref ref;
	unsigned workers;
	size_t pack_size;
};

static void must(GError *error)
{
	g_assert_no_error(error);
}

static void site_init(struct site *site, const void *data)
{
	GError *error = NULL;

	(void)data;
	fixture_init(&site->fixture);
	site->source = g_dir_make_tmp("odr-source-XXXXXX", &error);
	must(error);
	site->target = g_dir_make_tmp("odr-target-XXXXXX", &error);
	must(error);
	site->listed = g_ptr_array_new_with_free_func((GDestroyNotify)pgdata_file_free);
	site->entries = g_ptr_array_new_with_free_func((GDestroyNotify)layer_entry_free);
	site->damaged = g_ptr_array_new_with_free_func((GDestroyNotify)damage_free);
	site->tables = g_ptr_array_new_with_free_func((GDestroyNotify)table_free);
	site->workers = 2;
	site->pack_size = 4 * MIB;
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	file_remove_tree(site->source, NULL);
	file_remove_tree(site->target, NULL);
	g_free(site->source);
	g_free(site->target);
	g_ptr_array_unref(site->listed);
	g_ptr_array_unref(site->entries);
	g_ptr_array_unref(site->damaged);
	g_ptr_array_unref(site->tables);
	fixture_clear(&site->fixture);
}

/* Bytes that do not compress and differ by file. */
static void fill(uint8_t *bytes, size_t size, uint64_t seed)
{
	for (size_t i = 0; i < size; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		bytes[i] = (uint8_t)(seed >> 56);
	}
}

static void write_source(struct site *site, const char *path, const void *bytes, size_t size)
{
	g_autofree char *full = g_build_filename(site->source, path, NULL);
	g_autofree char *folder = g_path_get_dirname(full);
	GError *error = NULL;

	g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
	g_file_set_contents(full, bytes, (gssize)size, &error);
	must(error);
}

static struct pgdata_file *list(struct site *site, const char *path, size_t size)
{
	struct pgdata_file *file = g_new0(struct pgdata_file, 1);
	struct pgdata_relation relation;

	file->path = g_strdup(path);
	file->type = 'f';
	file->mode = 0640;
	file->uid = getuid();
	file->gid = getgid();
	file->size = size;
	file->mtime_ns = MTIME;
	file->paged = pgdata_relation_parse(path, &relation);
	g_ptr_array_add(site->listed, file);
	return file;
}

static void add(struct site *site, const char *path, const void *bytes, size_t size)
{
	write_source(site, path, bytes, size);
	list(site, path, size);
}

static void add_noise(struct site *site, const char *path, size_t size)
{
	g_autofree uint8_t *bytes = g_malloc(size + 1);

	fill(bytes, size, g_str_hash(path));
	add(site, path, bytes, size);
}

static int compare_listed(const void *a, const void *b)
{
	const struct pgdata_file *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

static bool keep_entry(void *data, struct layer_entry **entry, GError **error)
{
	(void)error;
	g_ptr_array_add(data, g_steal_pointer(entry));
	return true;
}

static void store_layer(struct site *site, struct pack_sink *sink, const GPtrArray *entries)
{
	g_autoptr(PackWriter) packs = pack_writer_new(sink);
	g_autoptr(LayerWriter) writer = layer_writer_new(packs);
	GError *error = NULL;

	for (guint i = 0; i < entries->len; i++) {
		layer_writer_add(writer, entries->pdata[i], &error);
		must(error);
	}
	layer_writer_finish(writer, &site->ref, &error);
	must(error);
	pack_writer_finish(packs, &error);
	must(error);
}

/* Copies what is listed, and reads the entries back. */
static void capture(struct site *site, lsn_t start, lsn_t stop)
{
	struct pack_sink *sink = fixture_sink(&site->fixture, site->pack_size);
	g_autoptr(GHashTable) tablespaces = g_hash_table_new(NULL, NULL);
	g_autoptr(GPtrArray) entries =
		g_ptr_array_new_with_free_func((GDestroyNotify)layer_entry_free);
	const Table *made;
	Table *table;
	GError *error = NULL;

	g_ptr_array_sort(site->listed, compare_listed);

	struct copy *copy = copy_new(&(struct copy_settings){.pgdata = site->source,
							     .control = &site->control,
							     .backup_start = start,
							     .started = STARTED,
							     .sink = sink,
							     .workers = site->workers,
							     .digest_seed = FIXTURE_SEED,
							     .spool = site->target},
				     site->listed);

	copy_run(copy, &error);
	must(error);
	copy_finish(copy, &(struct copy_end){.stop = stop, .tablespaces = tablespaces},
		    &(struct copy_gather){
			    .each = keep_entry, .data = entries, .damaged = site->damaged},
		    &error);
	must(error);
	store_layer(site, sink, entries);
	pack_sink_table(sink, &made, &error);
	must(error);
	table_store(site->fixture.repos, made, 0, site->ref.table, &error);
	must(error);
	table_load(site->fixture.repo, site->ref.table, &table, &error);
	must(error);
	g_ptr_array_add(site->tables, table);
	layer_read(site->fixture.repo, site->fixture.identity, &site->ref, table, keep_entry,
		   site->entries, &error);
	must(error);
	copy_free(copy);
	pack_sink_free(sink);
}

static struct materialize_settings settings_of(struct site *site)
{
	return (struct materialize_settings){.repo = site->fixture.repo,
					     .identity = site->fixture.identity,
					     .tables = site->tables,
					     .digest_seed = FIXTURE_SEED,
					     .workers = site->workers,
					     .spool = site->target};
}

static char *target_of(const struct site *site, const struct layer_entry *entry)
{
	return g_build_filename(site->target, entry->path + strlen("pgdata/"), NULL);
}

static char *path_of(const void *site, const struct layer_entry *entry)
{
	return target_of(site, entry);
}

static bool try_restore(struct site *site, GError **error)
{
	struct materialize_settings settings = settings_of(site);
	g_autoptr(Materializer) files = materializer_new(&settings);

	for (guint i = 0; i < site->entries->len; i++) {
		g_autofree char *path = target_of(site, site->entries->pdata[i]);
		g_autofree char *folder = g_path_get_dirname(path);

		g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
		if (!materializer_add(files, site->entries->pdata[i], path, error))
			return false;
	}
	return materializer_run(files, error);
}

static void restore(struct site *site)
{
	GError *error = NULL;

	try_restore(site, &error);
	must(error);
}

static const struct layer_entry *entry_of(const struct site *site, const char *path)
{
	for (guint i = 0; i < site->entries->len; i++) {
		const struct layer_entry *entry = site->entries->pdata[i];

		if (strcmp(entry->path + strlen("pgdata/"), path) == 0)
			return entry;
	}
	return NULL;
}

static void assert_same_file(const struct site *site, const char *path)
{
	g_autofree char *from = g_build_filename(site->source, path, NULL);
	g_autofree char *to = g_build_filename(site->target, path, NULL);
	g_autofree char *expected = NULL;
	g_autofree char *found = NULL;
	gsize expected_size, found_size;
	GError *error = NULL;
	struct stat status;

	g_file_get_contents(from, &expected, &expected_size, &error);
	must(error);
	g_file_get_contents(to, &found, &found_size, &error);
	must(error);
	g_assert_cmpuint(found_size, ==, expected_size);
	g_assert_true(memcmp(expected, found, expected_size) == 0);
	g_assert_cmpint(stat(to, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 07777, ==, 0640);
	g_assert_cmpint((int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec, ==,
			MTIME);
}

static void assert_all_same(const struct site *site)
{
	g_assert_cmpuint(site->entries->len, ==, site->listed->len);
	g_assert_cmpuint(site->damaged->len, ==, 0);
	for (guint i = 0; i < site->listed->len; i++)
		assert_same_file(site, ((struct pgdata_file *)site->listed->pdata[i])->path);
}

/* Where chunks, shared chunks, blocks and packs begin and end. */
static void every_size(struct site *site, const void *data)
{
	static const size_t sizes[] = {0,
				       1,
				       8191,
				       8192,
				       8193,
				       512 * KIB - 1,
				       512 * KIB,
				       512 * KIB + 1,
				       MIB - 1,
				       MIB,
				       MIB + 1,
				       2 * MIB,
				       2 * MIB + 1,
				       3 * MIB - 1,
				       3 * MIB + 4095,
				       5 * MIB};

	(void)data;
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree char *path = g_strdup_printf("any/%zu", sizes[i]);

		add_noise(site, path, sizes[i]);
	}
	capture(site, 1, 1);
	restore(site);
	assert_all_same(site);
}

static void one_worker_small_packs(struct site *site, const void *data)
{
	site->workers = 1;
	site->pack_size = 256 * KIB;
	every_size(site, data);
	g_assert_cmpuint(((Table *)site->tables->pdata[0])->rows->len, >, 10);
}

/* A store that gives its first range only when a second one is asked for beside it. */
struct meeting {
	struct store store;
	Store *inner;
	struct mutex *mutex;
	struct condition *came;
	unsigned reading;
	bool met;
};

static bool meeting_get_range(Store *store, const char *name, const char *version, uint64_t offset,
			      size_t size, void *buffer, GError **error)
{
	struct meeting *meeting = (struct meeting *)store;
	bool done;

	mutex_lock(meeting->mutex);
	meeting->met |= ++meeting->reading > 1;
	condition_tell(meeting->came);
	while (!meeting->met)
		condition_wait(meeting->came, meeting->mutex);
	mutex_unlock(meeting->mutex);
	done = store_get_range(meeting->inner, name, version, offset, size, buffer, error);
	mutex_lock(meeting->mutex);
	meeting->reading--;
	mutex_unlock(meeting->mutex);
	return done;
}

/* While a worker opens what it has, what comes next is on its way. */
static void fetches_ahead(struct site *site, const void *data)
{
	static const struct store_class class = {.type = "meeting", .get_range = meeting_get_range};
	Repo *repo = site->fixture.repo;
	struct meeting meeting = {
		.inner = repo->store, .mutex = mutex_new(), .came = condition_new()};

	(void)data;
	site->workers = 1;
	site->pack_size = 256 * KIB;
	add_noise(site, "large", 2 * MIB);
	capture(site, 1, 1);
	meeting.store = *repo->store;
	meeting.store.class = &class;
	repo->store = &meeting.store;
	/* Where nobody comes, the test ends by this. */
	alarm(60);
	restore(site);
	alarm(0);
	repo->store = meeting.inner;
	g_assert_true(meeting.met);
	assert_all_same(site);
	mutex_free(meeting.mutex);
	condition_free(meeting.came);
}

/* Runs of zeros at the beginning, within, at the end, and throughout, on and off the borders of blocks. */
static void runs_of_zeros(struct site *site, const void *data)
{
	static const struct {
		size_t size, from, to; /* zeros in between */
	} cases[] = {
		{3 * MIB, 0, 3 * MIB},
		{3 * MIB + 1, 0, 3 * MIB + 1},
		{3 * MIB, 0, MIB},
		{3 * MIB, MIB, 2 * MIB},
		{3 * MIB, 2 * MIB, 3 * MIB},
		{5 * MIB, MIB, 4 * MIB},
		{3 * MIB + 10, MIB, 3 * MIB + 10},
		{3 * MIB, 100, 2 * MIB + 100},
		{600 * KIB, 0, 600 * KIB},
		{100, 0, 100},
		{8192, 0, 8192},
		{MIB, 0, MIB - 1},
	};

	(void)data;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strdup_printf("zero/%zu", i);
		g_autofree uint8_t *bytes = g_malloc(cases[i].size);

		fill(bytes, cases[i].size, i);
		memset(bytes + cases[i].from, 0, cases[i].to - cases[i].from);
		add(site, path, bytes, cases[i].size);
	}
	capture(site, 1, 1);
	restore(site);
	assert_all_same(site);
	/* Not stored at all. */
	const struct layer_entry *entry = entry_of(site, "zero/0");

	g_assert_cmpuint(entry->extents->len, ==, 1);
	g_assert_cmpint(g_array_index(entry->extents, struct extent, 0).kind, ==, EXTENT_ZERO);
}

static void many_small_files(struct site *site, const void *data)
{
	(void)data;
	for (unsigned i = 0; i < 3000; i++) {
		/* Of several databases, which never share a chunk. */
		g_autofree char *path = g_strdup_printf("base/%u/f%u", i % 3 + 1, i);

		add_noise(site, path, i * 7 % 3001);
	}
	capture(site, 1, 1);
	restore(site);
	assert_all_same(site);

	g_autoptr(GHashTable) owners =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

	for (guint i = 0; i < site->entries->len; i++) {
		const struct layer_entry *entry = site->entries->pdata[i];

		if (entry->size == 0)
			continue;
		const struct chunk_place *place =
			&g_array_index(entry->extents, struct extent, 0).place;
		g_autofree char *database = g_path_get_dirname(entry->path);
		char *chunk = g_strdup_printf("%u %u", place->pack, place->chunk);
		const char *owner = g_hash_table_lookup(owners, chunk);

		if (owner) {
			g_assert_cmpstr(owner, ==, database);
			g_free(chunk);
		} else {
			g_hash_table_insert(owners, chunk, g_steal_pointer(&database));
		}
	}
}

/* A file may shrink, vanish or grow while the backup runs: it is captured as far as it was listed. */
static void changing_files(struct site *site, const void *data)
{
	(void)data;
	add_noise(site, "kept", 2 * MIB);
	add_noise(site, "shrunk/large", 700 * KIB);
	add_noise(site, "shrunk/small", 5000);
	add_noise(site, "grown", MIB + 5);
	list(site, "vanished/large", 3 * MIB);
	list(site, "vanished/small", 10);
	/* What was listed is more, or less, than what is there now. */
	for (guint i = 0; i < site->listed->len; i++) {
		struct pgdata_file *file = site->listed->pdata[i];

		if (g_str_has_prefix(file->path, "shrunk/"))
			file->size *= 3;
		if (strcmp(file->path, "grown") == 0)
			file->size = MIB;
	}
	capture(site, 1, 1);
	restore(site);
	g_assert_null(entry_of(site, "vanished/large"));
	g_assert_null(entry_of(site, "vanished/small"));
	assert_same_file(site, "kept");
	assert_same_file(site, "shrunk/large");
	assert_same_file(site, "shrunk/small");
	g_assert_cmpuint(entry_of(site, "grown")->size, ==, MIB);
	g_assert_cmpuint(entry_of(site, "shrunk/large")->size, ==, 700 * KIB);
}

static void names_and_modes(struct site *site, const void *data)
{
	static const char *const names[] = {"line\nbreak", "quote\" '$(x) %p", "not \xff\xfe utf-8",
					    "-dash",	   "\xc3\xa4",	       "a b",
					    ".hidden"};

	(void)data;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		add_noise(site, names[i], 100 + i);
	capture(site, 1, 1);
	restore(site);
	assert_all_same(site);
}

/* Which files are left as they are by a delta. */
static void compared(struct site *site, const void *data)
{
	static const char *const names[] = {"a-same", "b-byte",	 "c-longer", "d-shorter",
					    "e-gone", "f-empty", "g-link",   "h-large"};
	static const bool wanted[] = {true, false, false, false, false, true, false, true};
	bool kept[G_N_ELEMENTS(names)] = {false};
	struct materialize_settings settings = settings_of(site);
	GError *error = NULL;

	(void)data;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		add_noise(site, names[i], i == 5 ? 0 : i == 7 ? 3 * MIB : 20000);
	capture(site, 1, 1);
	restore(site);

	g_autoptr(EntryList) entries = entry_list_new(site->target);
	char *file[G_N_ELEMENTS(names)];

	for (guint i = 0; i < site->entries->len; i++) {
		file[i] = target_of(site, site->entries->pdata[i]);
		entry_list_add(entries, site->entries->pdata[i], &error);
		must(error);
	}
	int fd = open(file[1], O_RDWR);

	g_assert_cmpint(pwrite(fd, "!", 1, 12345), ==, 1);
	close(fd);
	g_assert_cmpint(truncate(file[2], 20001), ==, 0);
	g_assert_cmpint(truncate(file[3], 19999), ==, 0);
	g_assert_cmpint(unlink(file[4]), ==, 0);
	g_assert_cmpint(unlink(file[6]), ==, 0);
	g_assert_cmpint(symlink(file[0], file[6]), ==, 0);
	g_assert_cmpint(chmod(file[7], 0600), ==, 0);

	materialize_compare(&(struct materialize_comparison){.settings = &settings,
							     .entries = entries,
							     .path_of = path_of,
							     .data = site},
			    kept, &error);
	must(error);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (kept[i] != wanted[i])
			g_error("%s: kept is %d", names[i], kept[i]);
		g_free(file[i]);
	}
	/* Attributes are made right all the same. */
	assert_same_file(site, "h-large");
}

/* Two captures: the packs of the second come behind those of the first. */
static void several_tables(struct site *site, const void *data)
{
	guint first, packs;

	(void)data;
	site->pack_size = 256 * KIB;
	add_noise(site, "base/1/first", 3 * MIB);
	add_noise(site, "base/1/small", 100);
	capture(site, 1, 1);
	first = site->entries->len;
	packs = ((Table *)site->tables->pdata[0])->rows->len;
	g_ptr_array_set_size(site->listed, 0);
	add_noise(site, "base/2/second", 2 * MIB);
	add_noise(site, "base/2/empty", 0);
	capture(site, 1, 1);
	for (guint i = first; i < site->entries->len; i++) {
		struct layer_entry *entry = site->entries->pdata[i];

		for (guint j = 0; j < entry->extents->len; j++)
			g_array_index(entry->extents, struct extent, j).place.pack += packs;
	}
	restore(site);
	assert_same_file(site, "base/1/first");
	assert_same_file(site, "base/1/small");
	assert_same_file(site, "base/2/second");
	assert_same_file(site, "base/2/empty");
}

/* A file whose middle was captured later: its blocks do not come in order, nor are its pieces blocks. */
static void patched_file(struct site *site, const void *data)
{
	const size_t patch = 40 * KIB, at = MIB + 8 * KIB;
	g_autofree uint8_t *bytes = g_malloc(3 * MIB);
	struct layer_entry *whole, *part;

	(void)data;
	site->pack_size = 256 * KIB;
	fill(bytes, patch, 7);
	add(site, "part", bytes, patch);
	capture(site, 1, 1);
	part = site->entries->pdata[0];

	guint packs = ((Table *)site->tables->pdata[0])->rows->len;

	g_ptr_array_set_size(site->listed, 0);
	fill(bytes, 3 * MIB, 8);
	add(site, "whole", bytes, 3 * MIB);
	capture(site, 1, 1);
	whole = site->entries->pdata[1];
	for (guint i = 0; i < whole->extents->len; i++)
		g_array_index(whole->extents, struct extent, i).place.pack += packs;

	/* The second block becomes what is before, the patch, and what is behind. */
	struct extent *block = &g_array_index(whole->extents, struct extent, 1), extents[3];

	extents[0] = extents[2] = *block;
	extents[0].length = at - MIB;
	extents[1] = g_array_index(part->extents, struct extent, 0);
	extents[2].slice = (uint32_t)(at - MIB + patch);
	extents[2].length = MIB - extents[2].slice;
	g_array_remove_index(whole->extents, 1);
	g_array_insert_vals(whole->extents, 1, extents, 3);
	fill(bytes + at, patch, 7);
	write_source(site, "whole", bytes, 3 * MIB);

	/* Of the whole as it is now. */
	uint8_t digests[3 * XXH128_SIZE];

	for (size_t i = 0; i < 3; i++)
		xxh128(FIXTURE_SEED, bytes + i * MIB, MIB, digests + i * XXH128_SIZE);
	content_digest_join(FIXTURE_SEED, digests, 3, whole->digest);
	restore(site);
	assert_same_file(site, "part");
	assert_same_file(site, "whole");
}

/* What is wrong in a pack never becomes a file that is taken for good. */
static void damaged_packs(struct site *site, const void *data)
{
	const struct pack_row *row;
	GError *error = NULL;

	(void)data;
	site->pack_size = 4 * MIB;
	add_noise(site, "file", MIB + 100);
	capture(site, 1, 1);
	row = &g_array_index(((Table *)site->tables->pdata[0])->rows, struct pack_row, 0);

	g_autofree char *local = layout_pack(site->fixture.generation, row->name);
	g_autoptr(GByteArray) pack = fixture_read(&site->fixture, local);
	const size_t places[] = {0, 8, 40, 100, pack->len / 2};

	for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
		pack->data[places[i]] ^= 0x20;
		fixture_replace(&site->fixture, local, pack->data, pack->len);
		g_assert_false(try_restore(site, &error));
		g_assert_nonnull(strstr(error->message, local));
		g_clear_error(&error);
		pack->data[places[i]] ^= 0x20;
	}
	fixture_replace(&site->fixture, local, pack->data, pack->len / 2);
	g_assert_false(try_restore(site, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	g_clear_error(&error);
	fixture_replace(&site->fixture, local, pack->data, pack->len);
	g_assert_true(try_restore(site, &error));
	assert_same_file(site, "file");
}

/* Entries that name what is not there, as only a bug of ours could make them. */
static void wrong_entries(struct site *site, const void *data)
{
	struct layer_entry *entry;
	struct extent *extent;
	GError *error = NULL;

	(void)data;
	add_noise(site, "file", MIB);
	capture(site, 1, 1);
	entry = site->entries->pdata[0];
	extent = &g_array_index(entry->extents, struct extent, 0);

	entry->digest[3] ^= 1;
	assert_failed(try_restore(site, &error), error, ODR_ERROR_CORRUPT,
		      "its digest is not that of the captured content");
	entry->digest[3] ^= 1;
	extent->slice = 1;
	assert_failed(try_restore(site, &error), error, ODR_ERROR_CORRUPT, "leaves its chunk");
	extent->slice = 0;
	extent->place.pack = 99;
	assert_failed(try_restore(site, &error), error, ODR_ERROR_CORRUPT,
		      "names a pack that is not there");
	extent->place.pack = 0;
	extent->kind = EXTENT_INHERITED;
	assert_failed(try_restore(site, &error), error, ODR_ERROR_CORRUPT,
		      "from a layer that is not there");
	extent->kind = EXTENT_ZERO;
	entry->size = (uint64_t)1 << 60;
	assert_failed(try_restore(site, &error), error, ODR_ERROR_CORRUPT,
		      "cannot have 1152921504606846976 bytes");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*test)(struct site *site, const void *data);
	} tests[] = {
		{"every-size", every_size},
		{"one-worker-small-packs", one_worker_small_packs},
		{"what-comes-next-is-fetched-meanwhile", fetches_ahead},
		{"runs-of-zeros", runs_of_zeros},
		{"many-small-files", many_small_files},
		{"changing-files", changing_files},
		{"names-and-modes", names_and_modes},
		{"compared", compared},
		{"packs-of-several-tables", several_tables},
		{"patched-file", patched_file},
		{"damaged-packs", damaged_packs},
		{"wrong-entries", wrong_entries},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strconcat("/materialize/", tests[i].name, NULL);

		g_test_add(path, struct site, NULL, site_init, tests[i].test, site_clear);
	}
	return g_test_run();
}
