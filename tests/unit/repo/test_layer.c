#include "repo/layer.h"

#include "base/bytes.h"
#include "fixture.h"

#define ROWS	100 /* of the table, where there is none */
#define PAGE	((uint64_t)8192)
#define SEGMENT ((uint64_t)1 << 30)
#define SMALL	((size_t)64 << 10)
#define MANY	30000

static struct layer_entry *entry_new(const char *path, enum entry_kind kind)
{
	struct layer_entry *entry = g_new0(struct layer_entry, 1);

	entry->path = g_strdup(path);
	entry->kind = kind;
	entry->mode = 0640;
	entry->uid = 26;
	entry->gid = UINT32_MAX;
	entry->owner = g_strdup("postgres");
	entry->group = g_strdup("");
	entry->mtime_ns = -1234567890123;
	return entry;
}

static struct layer_entry *file_new(const char *path)
{
	struct layer_entry *entry = entry_new(path, ENTRY_FILE);

	random_bytes(entry->digest, sizeof(entry->digest));
	entry->extents = g_array_new(FALSE, TRUE, sizeof(struct extent));
	return entry;
}

static void add_extent(struct layer_entry *entry, const struct extent *extent)
{
	g_array_append_vals(entry->extents, extent, 1);
	entry->size += extent->length;
}

static void add_data(struct layer_entry *entry, uint64_t length, const struct chunk_place *place,
		     uint32_t slice)
{
	struct extent extent = {
		.kind = EXTENT_DATA, .length = length, .place = *place, .slice = slice};

	add_extent(entry, &extent);
}

static void add_other(struct layer_entry *entry, enum extent_kind kind, uint64_t length)
{
	add_extent(entry, &(struct extent){.kind = kind, .length = length});
}

static const struct chunk_place whole = {
	.pack = 3, .chunk = 7, .offset = 5000, .sealed_size = 4000, .plain_size = CHUNK_MAX};
static const struct chunk_place behind = {
	.pack = 3, .chunk = 8, .offset = 9000, .sealed_size = 40017, .plain_size = 50000};
static const struct chunk_place elsewhere = {.pack = ROWS - 1,
					     .chunk = 32766,
					     .offset = STORE_OBJECT_MAX - 18,
					     .sealed_size = 18,
					     .plain_size = 1};

static void assert_same_place(const struct chunk_place *a, const struct chunk_place *b)
{
	g_assert_cmpuint(a->pack, ==, b->pack);
	g_assert_cmpuint(a->chunk, ==, b->chunk);
	g_assert_cmpuint(a->offset, ==, b->offset);
	g_assert_cmpuint(a->sealed_size, ==, b->sealed_size);
	g_assert_cmpuint(a->plain_size, ==, b->plain_size);
}

static void assert_same_extents(const struct layer_entry *a, const struct layer_entry *b)
{
	g_assert_cmpuint(a->extents->len, ==, b->extents->len);
	for (guint i = 0; i < a->extents->len; i++) {
		const struct extent *x = &g_array_index(a->extents, struct extent, i);
		const struct extent *y = &g_array_index(b->extents, struct extent, i);

		g_assert_cmpint(x->kind, ==, y->kind);
		g_assert_cmpuint(x->length, ==, y->length);
		g_assert_cmpuint(x->slice, ==, y->slice);
		assert_same_place(&x->place, &y->place);
	}
}

static void assert_same(const struct layer_entry *a, const struct layer_entry *b)
{
	g_assert_cmpstr(a->path, ==, b->path);
	g_assert_cmpint(a->kind, ==, b->kind);
	if (a->kind == ENTRY_TOMBSTONE)
		return;
	g_assert_cmpuint(a->flags, ==, b->flags);
	g_assert_cmpuint(a->mode, ==, b->mode);
	g_assert_cmpuint(a->uid, ==, b->uid);
	g_assert_cmpuint(a->gid, ==, b->gid);
	g_assert_cmpstr(a->owner, ==, b->owner);
	g_assert_cmpstr(a->group, ==, b->group);
	g_assert_cmpint(a->mtime_ns, ==, b->mtime_ns);
	g_assert_cmpstr(a->link, ==, b->link);
	if (a->kind != ENTRY_FILE)
		return;
	g_assert_cmpuint(a->size, ==, b->size);
	g_assert_cmpmem(a->digest, XXH128_SIZE, b->digest, XXH128_SIZE);
	g_assert_cmpuint(a->crc32c, ==, b->crc32c);
	g_assert_cmpmem(a->sha1, SHA1_SIZE, b->sha1, SHA1_SIZE);
	assert_same_extents(a, b);
}

static GPtrArray *entries_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)layer_entry_free);
}

/* One of every sort, in order. */
static GPtrArray *entries_sample(void)
{
	GPtrArray *entries = entries_new();
	struct layer_entry *file;

	g_ptr_array_add(entries, entry_new("pgdata", ENTRY_DIRECTORY));
	g_ptr_array_add(entries, file_new("pgdata/PG_VERSION"));
	file = file_new("pgdata/base/1/1259");
	file->flags = ENTRY_PAGED | ENTRY_CRC32C | ENTRY_DAMAGED;
	file->crc32c = 0xdeadbeef;
	add_data(file, CHUNK_MAX, &whole, 0);
	add_data(file, 50000, &behind, 0);
	add_other(file, EXTENT_ZERO, 12345);
	add_data(file, 1, &elsewhere, 0);
	g_ptr_array_add(entries, file);
	file = file_new("pgdata/base/1/1260");
	file->flags = ENTRY_PAGED | ENTRY_PATCH | ENTRY_SHA1;
	random_bytes(file->sha1, sizeof(file->sha1));
	add_other(file, EXTENT_INHERITED, 7 * PAGE);
	add_data(file, PAGE, &whole, 2 * PAGE);
	add_other(file, EXTENT_INHERITED, PAGE);
	add_data(file, PAGE, &whole, 3 * PAGE);
	add_data(file, PAGE, &whole, 0);
	add_data(file, 100, &behind, 49900);
	g_ptr_array_add(entries, file);
	g_ptr_array_add(entries, entry_new("pgdata/base/1/1261", ENTRY_TOMBSTONE));
	file = entry_new("pgdata/pg_wal", ENTRY_SYMLINK);
	file->link = g_strdup("/srv/wal/../wal");
	g_ptr_array_add(entries, file);
	g_ptr_array_add(entries, entry_new("pgdata/\xc3\xa4\xff", ENTRY_DIRECTORY));
	return entries;
}

static GByteArray *encode(const GPtrArray *entries)
{
	GByteArray *bytes = g_byte_array_new();

	for (guint i = 0; i < entries->len; i++)
		layer_entry_encode(entries->pdata[i], bytes);
	return bytes;
}

static void test_round_trip(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) entries = entries_sample();
	g_autoptr(GByteArray) bytes = encode(entries);
	g_autoptr(GPtrArray) again = NULL;

	layer_entries_parse(bytes->data, bytes->len, ROWS, &again, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(again->len, ==, entries->len);
	for (guint i = 0; i < entries->len; i++)
		assert_same(entries->pdata[i], again->pdata[i]);
}

static void test_cut_short(void)
{
	g_autoptr(GPtrArray) entries = entries_sample();
	g_autoptr(GByteArray) bytes = encode(entries);

	for (guint size = 1; size < bytes->len; size++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GPtrArray) again = NULL;
		g_autofree uint8_t *exact = g_memdup2(bytes->data, size);

		if (layer_entries_parse(exact, size, ROWS, &again, &error))
			g_assert_cmpuint(again->len, <, entries->len);
		else
			g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	}
}

/* Nothing to judge but that sanitizers are silent, and that what passes can be encoded again. */
static void test_any_byte(void)
{
	g_autoptr(GPtrArray) entries = entries_sample();
	g_autoptr(GByteArray) bytes = encode(entries);

	for (guint i = 0; i < bytes->len; i++)
		for (unsigned value = 0; value < 256; value += 5) {
			uint8_t before = bytes->data[i];
			g_autoptr(GPtrArray) again = NULL;

			bytes->data[i] = (uint8_t)value;
			if (layer_entries_parse(bytes->data, bytes->len, ROWS, &again, NULL))
				g_byte_array_unref(encode(again));
			bytes->data[i] = before;
		}
}

/* A relation segment of which every second page changed is one entry of one chunk. */
static void test_compact(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) entries = entries_new(), again = NULL;
	g_autoptr(GByteArray) bytes = NULL;
	struct layer_entry *file = file_new("pgdata/base/1/1259");
	struct chunk_place place = whole;
	uint32_t slice = 0;

	file->flags = ENTRY_PAGED | ENTRY_PATCH;
	while (file->size < SEGMENT) {
		add_other(file, EXTENT_INHERITED, PAGE);
		add_data(file, PAGE, &place, slice);
		slice += PAGE;
		if (slice == CHUNK_MAX) {
			place.chunk++;
			place.offset += place.sealed_size;
			slice = 0;
		}
	}
	g_ptr_array_add(entries, file);
	bytes = encode(entries);
	g_assert_cmpuint(bytes->len, <, CHUNK_MAX / 3);
	layer_entries_parse(bytes->data, bytes->len, ROWS, &again, &error);
	g_assert_no_error(error);
	assert_same(file, again->pdata[0]);
}

/* What is wrong with an entry: each case makes one that must be refused. */
static void break_slice(struct layer_entry *file)
{
	add_data(file, 101, &behind, 49900);
}

static void break_slice_start(struct layer_entry *file)
{
	add_data(file, 1, &behind, 50001);
}

static void break_extent_size(struct layer_entry *file)
{
	add_data(file, 100, &whole, 0);
	file->size = 99;
}

static void break_uncovered(struct layer_entry *file)
{
	add_data(file, 100, &whole, 0);
	file->size = 101;
}

static void break_no_extent(struct layer_entry *file)
{
	file->size = 1;
}

static void break_empty_extent(struct layer_entry *file)
{
	add_other(file, EXTENT_ZERO, 0);
}

static void break_overflow(struct layer_entry *file)
{
	add_other(file, EXTENT_ZERO, INT64_MAX);
	add_other(file, EXTENT_ZERO, INT64_MAX);
	add_other(file, EXTENT_ZERO, 3);
}

static void break_pack(struct layer_entry *file)
{
	struct chunk_place place = whole;

	place.pack = ROWS;
	add_data(file, 100, &place, 0);
}

static void break_place(struct layer_entry *file)
{
	struct chunk_place place = whole;

	place.offset = STORE_OBJECT_MAX - place.sealed_size + 1;
	add_data(file, 100, &place, 0);
}

static void break_sealed_size(struct layer_entry *file)
{
	struct chunk_place place = elsewhere;

	place.sealed_size++;
	add_data(file, 1, &place, 0);
}

static void break_inherited(struct layer_entry *file)
{
	add_other(file, EXTENT_INHERITED, PAGE);
}

static void test_refuses_extents(void)
{
	static const struct {
		void (*make)(struct layer_entry *file);
		const char *message;
	} cases[] = {
		{break_slice, "entry 'a': a slice goes beyond its chunk"},
		{break_slice_start, "entry 'a': a slice goes beyond its chunk"},
		{break_extent_size, "entry 'a': its extents do not cover exactly its size"},
		{break_uncovered, "entry 'a': its extents do not cover exactly its size"},
		{break_no_extent, "entry 'a': its extents do not cover exactly its size"},
		{break_empty_extent, "entry 'a': its extents do not cover exactly its size"},
		{break_overflow, "entry 'a': its extents do not cover exactly its size"},
		{break_pack, "entry 'a': it refers to pack 100 of 100"},
		{break_place,
		 "entry 'a': 4000 bytes at 67104865 lie outside an object of 67108864 bytes"},
		{break_sealed_size, "entry 'a': a chunk of 1 bytes, 19 sealed, is impossible"},
		{break_inherited, "entry 'a': it inherits and is no patch"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GPtrArray) entries = entries_new(), again = NULL;
		g_autoptr(GByteArray) bytes = NULL;
		struct layer_entry *file = file_new("a");

		cases[i].make(file);
		g_ptr_array_add(entries, file);
		bytes = encode(entries);
		g_assert_false(layer_entries_parse(bytes->data, bytes->len, ROWS, &again, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
		g_assert_cmpstr(error->message, ==, cases[i].message);
	}
}

static void test_refuses_paths(void)
{
	g_autofree char *longest = g_strnfill(ENTRY_PATH_MAX, 'x');
	g_autofree char *longer = g_strnfill(ENTRY_PATH_MAX + 1, 'x');
	const char *const wrong[] = {
		"",	"/",	  "/a",	   "a/", "a//b", "..",	"../a",
		"a/..", "a/../b", "a/./b", ".",	 "./a",	 "a/.", longer,
	};
	const char *const good[] = {"..a", "a/...", "a/..b/.c", ".a", longest};

	for (size_t i = 0; i < G_N_ELEMENTS(wrong) + G_N_ELEMENTS(good); i++) {
		bool expected = i >= G_N_ELEMENTS(wrong);
		const char *path = expected ? good[i - G_N_ELEMENTS(wrong)] : wrong[i];
		g_autoptr(GPtrArray) entries = entries_new(), again = NULL;
		g_autoptr(GByteArray) bytes = NULL;

		g_ptr_array_add(entries, entry_new(path, ENTRY_TOMBSTONE));
		bytes = encode(entries);
		if (layer_entries_parse(bytes->data, bytes->len, ROWS, &again, NULL) != expected)
			g_error("path '%s' is %s", path, expected ? "refused" : "taken");
	}
}

static void test_refuses_nul_in_path(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) entries = entries_new(), again = NULL;
	g_autoptr(GByteArray) bytes = NULL;

	g_ptr_array_add(entries, entry_new("abc", ENTRY_TOMBSTONE));
	bytes = encode(entries);
	bytes->data[bytes->len - 2] = 0;
	assert_failed(layer_entries_parse(bytes->data, bytes->len, ROWS, &again, &error), error,
		      ODR_ERROR_CORRUPT, "entry 0 cannot be decoded");
}

static void test_refuses_disorder(void)
{
	static const char *const pairs[][2] = {
		{"b", "a"}, {"a", "a"}, {"a/b", "a"}, {"a/b", "a-b"}};

	for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GPtrArray) entries = entries_new(), again = NULL;
		g_autoptr(GByteArray) bytes = NULL;

		g_ptr_array_add(entries, entry_new(pairs[i][0], ENTRY_TOMBSTONE));
		g_ptr_array_add(entries, entry_new(pairs[i][1], ENTRY_TOMBSTONE));
		bytes = encode(entries);
		assert_failed(layer_entries_parse(bytes->data, bytes->len, ROWS, &again, &error),
			      error, ODR_ERROR_CORRUPT, "entry 1 is not in the order of paths");
	}
}

/* Layers in a repository. */

static void write_layer(struct pack_sink *sink, const GPtrArray *entries, struct layer_ref *ref)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PackWriter) packs = pack_writer_new(sink);
	g_autoptr(LayerWriter) writer = layer_writer_new(packs);

	for (guint i = 0; i < entries->len; i++) {
		layer_writer_add(writer, entries->pdata[i], &error);
		g_assert_no_error(error);
	}
	layer_writer_finish(writer, ref, &error);
	g_assert_no_error(error);
}

static bool steal(void *data, struct layer_entry **entry, GError **error)
{
	g_ptr_array_add(data, g_steal_pointer(entry));
	return true;
}

static const Table *table_of(struct pack_sink *sink)
{
	g_autoptr(GError) error = NULL;
	const Table *table = NULL;

	pack_sink_table(sink, &table, &error);
	g_assert_no_error(error);
	return table;
}

static void store_and_read(const GPtrArray *entries, size_t pack_size, guint *packs)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) again = entries_new();
	struct layer_ref ref;
	struct fixture fixture;

	fixture_init(&fixture);

	struct pack_sink *sink = fixture_sink(&fixture, pack_size);

	/* Room in the table for what the entries refer to. */
	write_layer(sink, entries, &ref);
	*packs = table_of(sink)->rows->len;
	layer_read(fixture.repo, fixture.identity, &ref, table_of(sink), steal, again, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(again->len, ==, entries->len);
	for (guint i = 0; i < entries->len; i++)
		assert_same(entries->pdata[i], again->pdata[i]);
	pack_sink_free(sink);
	fixture_clear(&fixture);
}

/* Filestore files whose content is in pack 0; names and digests do not compress. */
static GPtrArray *entries_many(guint count)
{
	GPtrArray *entries = entries_new();

	for (guint i = 0; i < count; i++) {
		g_autofree char *path = NULL;
		g_autofree char *hex = NULL;
		struct chunk_place place = behind;
		uint8_t name[16];

		random_bytes(name, sizeof(name));
		hex = hex_encode(name, sizeof(name));
		path = g_strdup_printf("%08u/%s", i, hex);

		struct layer_entry *file = file_new(path);

		place.pack = 0;
		add_data(file, 1 + i, &place, 0);
		g_ptr_array_add(entries, file);
	}
	return entries;
}

static void test_store_and_read(void)
{
	g_autoptr(GPtrArray) none = entries_new();
	g_autoptr(GPtrArray) one = entries_many(1);
	g_autoptr(GPtrArray) many = entries_many(MANY);
	guint packs;

	store_and_read(none, SMALL, &packs);
	g_assert_cmpuint(packs, ==, 0);
	store_and_read(one, SMALL, &packs);
	g_assert_cmpuint(packs, ==, 1);
	store_and_read(many, SMALL, &packs);
	g_assert_cmpuint(packs, >, 2);
	store_and_read(many, (size_t)32 << 20, &packs);
	g_assert_cmpuint(packs, ==, 1);
}

static char *long_path(guint number)
{
	g_autofree char *filler = g_strnfill(3900, 'x');

	return g_strdup_printf("%08u/%s", number, filler);
}

static bool check_long_path(void *data, struct layer_entry **entry, GError **error)
{
	guint *seen = data;
	g_autofree char *expected = long_path((*seen)++);

	g_assert_cmpstr((*entry)->path, ==, expected);
	return true;
}

/* Long paths, each the first of its chunk because two such entries do not fit into one. */
static void test_long_root(void)
{
	g_autoptr(GError) error = NULL;
	struct layer_entry *file = file_new("");
	struct layer_ref ref;
	struct fixture fixture;
	const guint count = CHUNK_MAX / 3900 + 10;
	guint seen = 0;

	fixture_init(&fixture);

	struct pack_sink *sink = fixture_sink(&fixture, (size_t)1 << 20);
	PackWriter *packs = pack_writer_new(sink);
	LayerWriter *writer = layer_writer_new(packs);

	for (guint i = 0; i < 110000; i++)
		add_data(file, 1, &whole, (i * 7919) % CHUNK_MAX);
	for (guint i = 0; i < count; i++) {
		g_free(file->path);
		file->path = long_path(i);
		layer_writer_add(writer, file, &error);
		g_assert_no_error(error);
	}
	layer_writer_finish(writer, &ref, &error);
	g_assert_no_error(error);
	layer_read(fixture.repo, fixture.identity, &ref, table_of(sink), check_long_path, &seen,
		   &error);
	g_assert_no_error(error);
	g_assert_cmpuint(seen, ==, count);

	layer_entry_free(file);
	layer_writer_free(writer);
	pack_writer_free(packs);
	pack_sink_free(sink);
	fixture_clear(&fixture);
}

static void test_writer_refuses(void)
{
	g_autoptr(GError) error = NULL;
	struct fixture fixture;

	fixture_init(&fixture);

	struct pack_sink *sink = fixture_sink(&fixture, SMALL);
	PackWriter *packs = pack_writer_new(sink);
	LayerWriter *writer = layer_writer_new(packs);
	struct layer_entry *entry = entry_new("b", ENTRY_DIRECTORY);

	layer_writer_add(writer, entry, &error);
	g_assert_no_error(error);
	assert_failed(layer_writer_add(writer, entry, &error), error, ODR_ERROR_FAILED,
		      "entry 'b' is given after 'b', not in the order of paths");
	layer_entry_free(entry);

	entry = entry_new("c/../../etc", ENTRY_DIRECTORY);
	assert_failed(layer_writer_add(writer, entry, &error), error, ODR_ERROR_CORRUPT,
		      "entry 'c/../../etc': its path has a component '.' or '..'");
	layer_entry_free(entry);

	entry = file_new("d");
	for (guint i = 0; i < 300000; i++)
		add_data(entry, 1, &whole, (i * 7919) % CHUNK_MAX);
	assert_failed(layer_writer_add(writer, entry, &error), error, ODR_ERROR_REFUSED,
		      "file 'd' is in too many pieces (300000)");
	layer_entry_free(entry);

	layer_writer_free(writer);
	pack_writer_free(packs);
	pack_sink_free(sink);
	fixture_clear(&fixture);
}

static void test_altered_root(void)
{
	g_autoptr(GPtrArray) entries = entries_many(3);
	g_autoptr(GPtrArray) again = entries_new();
	g_autoptr(GByteArray) bytes = NULL;
	g_autofree char *local = NULL;
	struct layer_ref ref;
	struct fixture fixture;

	fixture_init(&fixture);

	struct pack_sink *sink = fixture_sink(&fixture, SMALL);

	write_layer(sink, entries, &ref);
	local = layout_pack(fixture.generation, ref.root);
	bytes = fixture_read(&fixture, local);
	for (guint i = 0; i < bytes->len; i += 3) {
		g_autoptr(GError) error = NULL;

		bytes->data[i] ^= 1;
		fixture_replace(&fixture, local, bytes->data, bytes->len);
		assert_failed(
			layer_read(fixture.repo, fixture.identity, &ref, table_of(sink), steal,
				   again, &error),
			error, ODR_ERROR_CORRUPT,
			"in repository main: its content does not have the SHA-256 of its name");
		bytes->data[i] ^= 1;
	}
	g_assert_cmpuint(again->len, ==, 0);
	pack_sink_free(sink);
	fixture_clear(&fixture);
}

/* A pack does not pass for a root, though its name fits. */
static void test_pack_as_root(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) entries = entries_many(3);
	g_autoptr(GPtrArray) again = entries_new();
	struct layer_ref ref;
	struct fixture fixture;

	fixture_init(&fixture);

	struct pack_sink *sink = fixture_sink(&fixture, SMALL);

	write_layer(sink, entries, &ref);

	const struct pack_row *row = &g_array_index(table_of(sink)->rows, struct pack_row, 0);

	memcpy(ref.root, row->name, SHA256_SIZE);
	ref.root_size = row->size;
	assert_failed(layer_read(fixture.repo, fixture.identity, &ref, table_of(sink), steal, again,
				 &error),
		      error, ODR_ERROR_CORRUPT, "it is a sealed object of kind 1, not 2");
	pack_sink_free(sink);
	fixture_clear(&fixture);
}

/* A layer read with the table of another one. */
static void test_other_table(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) entries = entries_many(3);
	g_autoptr(GPtrArray) others = entries_many(3);
	g_autoptr(GPtrArray) again = entries_new();
	struct layer_ref ref, other_ref;
	struct fixture fixture;

	fixture_init(&fixture);

	struct pack_sink *sink = fixture_sink(&fixture, SMALL);
	struct pack_sink *other = fixture_sink(&fixture, SMALL);
	g_autoptr(Table) empty = table_new(fixture.generation);

	write_layer(sink, entries, &ref);
	write_layer(other, others, &other_ref);
	g_assert_false(layer_read(fixture.repo, fixture.identity, &ref, table_of(other), steal,
				  again, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	g_clear_error(&error);
	g_assert_false(
		layer_read(fixture.repo, fixture.identity, &ref, empty, steal, again, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	g_assert_cmpuint(again->len, ==, 0);
	pack_sink_free(sink);
	pack_sink_free(other);
	fixture_clear(&fixture);
}

static bool stop_at_third(void *data, struct layer_entry **entry, GError **error)
{
	guint *seen = data;

	if (++*seen == 3)
		return odr_fail(error, ODR_ERROR_STOPPED, "enough");
	return true;
}

static void test_reader_stops(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) entries = entries_many(10);
	struct layer_ref ref;
	struct fixture fixture;
	guint seen = 0;

	fixture_init(&fixture);

	struct pack_sink *sink = fixture_sink(&fixture, SMALL);

	write_layer(sink, entries, &ref);
	assert_failed(layer_read(fixture.repo, fixture.identity, &ref, table_of(sink),
				 stop_at_third, &seen, &error),
		      error, ODR_ERROR_STOPPED, "enough");
	g_assert_cmpuint(seen, ==, 3);
	pack_sink_free(sink);
	fixture_clear(&fixture);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/repo/layer/entries-round-trip", test_round_trip);
	g_test_add_func("/repo/layer/entries-cut-short-anywhere", test_cut_short);
	g_test_add_func("/repo/layer/entries-with-any-byte-altered", test_any_byte);
	g_test_add_func("/repo/layer/a-segment-changed-all-over-fits-into-a-chunk", test_compact);
	g_test_add_func("/repo/layer/refuses-extents-that-lie", test_refuses_extents);
	g_test_add_func("/repo/layer/refuses-unsafe-paths", test_refuses_paths);
	g_test_add_func("/repo/layer/refuses-a-NUL-in-a-path", test_refuses_nul_in_path);
	g_test_add_func("/repo/layer/refuses-entries-out-of-order", test_refuses_disorder);
	g_test_add_func("/repo/layer/stored-and-read", test_store_and_read);
	g_test_add_func("/repo/layer/a-root-of-several-chunks", test_long_root);
	g_test_add_func("/repo/layer/the-writer-refuses-what-a-reader-would", test_writer_refuses);
	g_test_add_func("/repo/layer/an-altered-root-is-noticed", test_altered_root);
	g_test_add_func("/repo/layer/a-pack-is-no-root", test_pack_as_root);
	g_test_add_func("/repo/layer/the-table-of-another-layer-is-noticed", test_other_table);
	g_test_add_func("/repo/layer/reading-ends-when-told", test_reader_stops);
	return g_test_run();
}
