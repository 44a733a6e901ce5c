#include "entries.h"

#define SMALL ((size_t)64 << 10)
#define MANY  30000

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
	g_test_add_func("/repo/layer/stored-and-read", test_store_and_read);
	g_test_add_func("/repo/layer/a-root-of-several-chunks", test_long_root);
	g_test_add_func("/repo/layer/the-writer-refuses-what-a-reader-would", test_writer_refuses);
	g_test_add_func("/repo/layer/an-altered-root-is-noticed", test_altered_root);
	g_test_add_func("/repo/layer/a-pack-is-no-root", test_pack_as_root);
	g_test_add_func("/repo/layer/the-table-of-another-layer-is-noticed", test_other_table);
	g_test_add_func("/repo/layer/reading-ends-when-told", test_reader_stops);
	return g_test_run();
}
