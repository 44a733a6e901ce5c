#include "ops/filestore/shared_chunk.h"

#include "tree.h"

/* Files as they are kept: "name size@slice of chunk, …". */
struct kept {
	GString *text;
	GArray *extents; /* struct extent */
};

static bool keep(void *data, const struct layer_entry *entry, int64_t ctime_ns, GError **error)
{
	struct kept *kept = data;
	const struct extent *extent = &g_array_index(entry->extents, struct extent, 0);

	(void)error;
	g_assert_cmpuint(entry->extents->len, ==, 1);
	g_assert_cmpuint(extent->length, ==, entry->size);
	g_string_append_printf(kept->text, "%s %u@%u of %u, %d\n", entry->path,
			       (unsigned)entry->size, extent->slice, extent->place.chunk,
			       (int)ctime_ns);
	g_array_append_vals(kept->extents, extent, 1);
	return true;
}

static void add(SharedChunk *chunk, const char *path, const uint8_t *content, size_t size,
		int64_t ctime_ns)
{
	g_autoptr(GError) error = NULL;
	struct layer_entry *entry = g_new0(struct layer_entry, 1);

	entry->path = g_strdup(path);
	entry->kind = ENTRY_FILE;
	entry->size = size;
	entry->extents = g_array_new(false, true, sizeof(struct extent));
	shared_chunk_add(chunk, content, &entry, ctime_ns, &error);
	g_assert_no_error(error);
	g_assert_null(entry);
}

static void flush(SharedChunk *chunk)
{
	g_autoptr(GError) error = NULL;

	shared_chunk_flush(chunk, &error);
	g_assert_no_error(error);
}

static void test_shared(void)
{
	g_autofree uint8_t *large = g_malloc(CHUNK_MAX);
	g_autofree uint8_t *read = g_malloc(CHUNK_MAX);
	g_autoptr(GError) error = NULL;
	struct kept kept = {g_string_new(NULL), g_array_new(false, false, sizeof(struct extent))};
	struct tree tree;
	const Table *table;

	tree_init(&tree);
	random_bytes(large, CHUNK_MAX);
	PackWriter *packs = pack_writer_new(tree.sink);
	SharedChunk *chunk = shared_chunk_new(&(struct shared_chunk_settings){packs, keep, &kept});

	flush(chunk);
	add(chunk, "a", (const uint8_t *)"hello", 5, 1);
	add(chunk, "b", (const uint8_t *)"world!", 6, 2);
	g_assert_cmpstr(kept.text->str, ==, "");
	/* It does not fit any more. */
	add(chunk, "c", large, CHUNK_MAX - 10, 3);
	g_assert_cmpstr(kept.text->str, ==, "a 5@0 of 0, 1\nb 6@5 of 0, 2\n");
	flush(chunk);
	/* Exactly full. */
	add(chunk, "d", large, CHUNK_MAX, 4);
	flush(chunk);
	flush(chunk);
	g_assert_cmpstr(kept.text->str, ==,
			"a 5@0 of 0, 1\nb 6@5 of 0, 2\nc 1048566@0 of 1, 3\nd 1048576@0 of 2, 4\n");
	pack_writer_finish(packs, &error);
	g_assert_no_error(error);
	pack_sink_table(tree.sink, &table, &error);
	g_assert_no_error(error);

	/* What is kept is where it is said to be. */
	g_autoptr(PackReader) reader =
		pack_reader_open(tree.fixture.repo, tree.fixture.identity, tree.fixture.generation,
				 &g_array_index(table->rows, struct pack_row, 0), &error);
	const struct extent *second = &g_array_index(kept.extents, struct extent, 1);

	g_assert_no_error(error);
	pack_reader_chunk(reader, &second->place, read, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(read + second->slice, second->length, "world!", 6);
	shared_chunk_free(chunk);
	pack_writer_free(packs);
	g_string_free(kept.text, true);
	g_array_unref(kept.extents);
	tree_clear(&tree);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/shared-chunk/files-are-kept-with-their-slices-when-it-is-full",
			test_shared);
	return g_test_run();
}
