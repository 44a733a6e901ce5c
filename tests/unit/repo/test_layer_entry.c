#include "entries.h"

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
	return g_test_run();
}
