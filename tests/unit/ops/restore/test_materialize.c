#include "base/pool.h"
#include "copied.h"
#include "store/driver.h"

#include <fcntl.h>

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
