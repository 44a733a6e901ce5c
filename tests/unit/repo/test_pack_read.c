#include "stored_pack.h"

static void test_round_trip(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree uint8_t *plain = g_malloc(CHUNK_MAX);
	struct stored stored;

	stored_begin(&stored, (size_t)32 << 20);

	g_autoptr(PackWriter) writer = pack_writer_new(stored.sink);

	stored_add(&stored, writer, CHUNK_MAX, true);
	stored_add(&stored, writer, 1, true);
	stored_add(&stored, writer, CHUNK_MAX, false);
	stored_add(&stored, writer, 8192, true);
	stored_add(&stored, writer, CHUNK_MAX - 1, true);
	stored_end(&stored, writer);
	g_assert_cmpuint(stored.table->rows->len, ==, 1);
	g_assert_cmpuint(pack_sink_stored(stored.sink), ==, stored.row.size);

	for (size_t i = stored.count; i-- > 0;) {
		g_assert_cmpuint(stored.places[i].chunk, ==, i);
		read_chunk(&stored, &stored.places[i], plain, &error);
		g_assert_no_error(error);
		g_assert_cmpmem(plain, stored.places[i].plain_size, stored.plain[i],
				stored.places[i].plain_size);
	}
	verify(&stored, &stored.row, &error);
	g_assert_no_error(error);
	pack_check_name(stored.fixture.repo, stored.fixture.generation, &stored.row, &error);
	g_assert_no_error(error);
	stored_clear(&stored);
}

/* Every way to fetch gives the same chunks: none, all, one far from the header, the end alone. */
static void test_fetches(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree uint8_t *plain = g_malloc(CHUNK_MAX);
	struct stored stored;

	stored_begin(&stored, (size_t)4 << 20);

	g_autoptr(PackWriter) writer = pack_writer_new(stored.sink);

	for (int i = 0; i < 8; i++)
		stored_add(&stored, writer, 100000, true);
	stored_end(&stored, writer);
	g_assert_cmpuint(stored.table->rows->len, ==, 1);

	for (guint first = 0; first < 8; first++) {
		g_autoptr(PackReader) reader = open_row(&stored, &stored.row);
		const struct chunk_place *from = &stored.places[first], *to = &stored.places[7];

		pack_reader_fetch(reader, from->offset, to->offset + to->sealed_size - from->offset,
				  &error);
		g_assert_no_error(error);
		for (guint i = 0; i < 8; i++) {
			guint number = (first + 3 * i) % 8;

			pack_reader_chunk(reader, &stored.places[number], plain, &error);
			g_assert_no_error(error);
			g_assert_cmpmem(plain, 100000, stored.plain[number], 100000);
		}
	}
	stored_clear(&stored);
}

static void test_flipped_byte(void)
{
	static const size_t sizes[] = {100, 300, 50};
	g_autoptr(GByteArray) bytes = NULL;
	struct stored stored;

	stored_init(&stored, sizes, G_N_ELEMENTS(sizes));
	bytes = fixture_read(&stored.fixture, stored.local);
	for (guint i = 0; i < bytes->len; i++) {
		g_autoptr(GError) error = NULL;

		bytes->data[i] ^= 0x10;
		fixture_replace(&stored.fixture, stored.local, bytes->data, bytes->len);
		g_assert_false(verify(&stored, &stored.row, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
		g_clear_error(&error);
		g_assert_false(pack_check_name(stored.fixture.repo, stored.fixture.generation,
					       &stored.row, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
		if (i < stored.places[0].offset) {
			uint8_t plain[100];

			g_clear_error(&error);
			g_assert_false(read_chunk(&stored, &stored.places[0], plain, &error));
			g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
		}
		bytes->data[i] ^= 0x10;
	}
	stored_clear(&stored);
}

/* By one who gives it the name and the table that are its own. */
static void test_newer(void)
{
	static const struct {
		guint at;
		uint8_t value;
		const char *message;
	} cases[] = {
		{8, 2, "was written in format version 2, this program reads version 1"},
		{12, 4, "needs feature bit 2 that this version does not know"},
		{10, 9, "is of kind 9 that this version does not know"},
	};
	static const size_t sizes[] = {100};
	g_autoptr(GByteArray) bytes = NULL;
	struct stored stored;
	uint8_t plain[100];

	stored_init(&stored, sizes, G_N_ELEMENTS(sizes));
	bytes = fixture_read(&stored.fixture, stored.local);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		struct pack_row row = {.size = bytes->len};
		uint8_t before = bytes->data[cases[i].at];

		bytes->data[cases[i].at] = cases[i].value;
		sha256(bytes->data, bytes->len, row.name);
		sha256(bytes->data, stored.places[0].offset, row.header);

		g_autofree char *local = layout_pack(stored.fixture.generation, row.name);
		struct iovec part = {bytes->data, bytes->len};

		repo_put(stored.fixture.repo, local, &part, 1, 0, NULL, &error);
		g_assert_no_error(error);
		g_autoptr(PackReader) reader = open_row(&stored, &row);

		g_assert_false(pack_reader_chunk(reader, &stored.places[0], plain, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_REFUSED);
		if (!g_str_has_suffix(error->message, cases[i].message))
			g_error("%s", error->message);
		g_clear_error(&error);
		g_assert_false(verify(&stored, &row, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_REFUSED);
		bytes->data[cases[i].at] = before;
	}
	stored_clear(&stored);
}

/* A flipped byte, by one who can also give the object a fitting name and table. */
static void test_flipped_byte_with_fitting_name(void)
{
	static const size_t sizes[] = {100, 300, 50};
	g_autoptr(GByteArray) bytes = NULL;
	struct stored stored;
	size_t header;

	stored_init(&stored, sizes, G_N_ELEMENTS(sizes));
	bytes = fixture_read(&stored.fixture, stored.local);
	header = stored.places[0].offset;
	for (guint i = 0; i < bytes->len; i++) {
		g_autoptr(GError) error = NULL;
		struct pack_row row = {.size = bytes->len};

		bytes->data[i] ^= 0x10;
		sha256(bytes->data, bytes->len, row.name);
		sha256(bytes->data, header, row.header);

		g_autofree char *local = layout_pack(stored.fixture.generation, row.name);
		struct iovec part = {bytes->data, bytes->len};

		repo_put(stored.fixture.repo, local, &part, 1, 0, NULL, &error);
		g_assert_no_error(error);
		if (verify(&stored, &row, &error))
			g_error("byte %u of %u may be altered", i, bytes->len);
		bytes->data[i] ^= 0x10;
	}
	stored_clear(&stored);
}

static void test_truncated(void)
{
	static const size_t sizes[] = {100, 300};
	g_autoptr(GByteArray) bytes = NULL;
	uint8_t plain[300];
	struct stored stored;

	stored_init(&stored, sizes, G_N_ELEMENTS(sizes));
	bytes = fixture_read(&stored.fixture, stored.local);
	for (guint size = 0; size < bytes->len; size += 7) {
		g_autoptr(GError) error = NULL;

		fixture_replace(&stored.fixture, stored.local, bytes->data, size);
		g_assert_false(verify(&stored, &stored.row, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
		g_clear_error(&error);
		g_assert_false(read_chunk(&stored, &stored.places[1], plain, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	}
	stored_clear(&stored);
}

static void test_swapped_within(void)
{
	static const size_t sizes[] = {100, 300, 100};
	g_autoptr(GError) error = NULL;
	g_autofree char *expected = NULL;
	uint8_t plain[300];
	struct stored stored;

	stored_init(&stored, sizes, G_N_ELEMENTS(sizes));

	struct chunk_place wrong = stored.places[0];

	wrong.chunk = 2;
	expected =
		g_strdup_printf("cannot open a chunk of pack '%s' in repository main: chunk 2 is "
				"not authentic",
				stored.local);
	g_assert_false(read_chunk(&stored, &wrong, plain, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	g_assert_cmpstr(error->message, ==, expected);
	stored_clear(&stored);
}

/* Two packs of one service with the same sizes: bytes of the one in place of those of the other. */
static void transplant(size_t begin, size_t end, const char *message)
{
	g_autoptr(GError) error = NULL;
	g_autofree uint8_t *plain = g_malloc(SMALL_PACK);
	struct stored stored;

	stored_begin(&stored, SMALL_PACK);

	g_autoptr(PackWriter) writer = pack_writer_new(stored.sink);

	stored_add(&stored, writer, SMALL_PACK, true);
	stored_add(&stored, writer, SMALL_PACK, true);
	stored_end(&stored, writer);
	g_assert_cmpuint(stored.table->rows->len, ==, 2);

	const struct pack_row *other = &g_array_index(stored.table->rows, struct pack_row, 1);
	g_autofree char *other_local = layout_pack(stored.fixture.generation, other->name);
	g_autoptr(GByteArray) mine = fixture_read(&stored.fixture, stored.local);
	g_autoptr(GByteArray) theirs = fixture_read(&stored.fixture, other_local);

	g_assert_cmpuint(mine->len, ==, theirs->len);
	if (end == 0) {
		begin = stored.places[0].offset;
		end = mine->len;
	}
	memcpy(mine->data + begin, theirs->data + begin, end - begin);
	fixture_replace(&stored.fixture, stored.local, mine->data, mine->len);

	assert_failed(read_chunk(&stored, &stored.places[0], plain, &error), error,
		      ODR_ERROR_CORRUPT, message);
	stored_clear(&stored);
}

static void test_swapped_between(void)
{
	transplant(0, 0, "chunk 0 is not authentic");
}

static void test_header_replaced(void)
{
	transplant(0, 200, "its header is not the one its table names");
}

static void test_places_outside(void)
{
	static const size_t sizes[] = {100};
	struct stored stored;
	uint8_t plain[200];

	stored_init(&stored, sizes, G_N_ELEMENTS(sizes));

	const struct chunk_place good = stored.places[0];
	const struct chunk_place places[] = {
		{.offset = UINT64_MAX - 10, .sealed_size = 50, .plain_size = 100},
		{.offset = stored.row.size - 49, .sealed_size = 50, .plain_size = 100},
		{.offset = stored.row.size, .sealed_size = 50, .plain_size = 100},
		{.offset = good.offset, .sealed_size = 0, .plain_size = 100},
		{.offset = good.offset, .sealed_size = 16, .plain_size = 100},
		{.offset = good.offset, .sealed_size = 17, .plain_size = 100},
		{.offset = good.offset, .sealed_size = UINT32_MAX, .plain_size = 100},
		{.offset = good.offset, .sealed_size = 118, .plain_size = 100},
		{.offset = good.offset, .sealed_size = 50, .plain_size = 0},
		{.offset = good.offset, .sealed_size = 50, .plain_size = CHUNK_MAX + 1},
		{.offset = good.offset, .sealed_size = good.sealed_size, .plain_size = 101},
		{.offset = good.offset, .sealed_size = good.sealed_size - 1, .plain_size = 100},
		{.offset = 0, .sealed_size = good.sealed_size, .plain_size = 100},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(read_chunk(&stored, &places[i], plain, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	}

	g_autoptr(PackReader) reader = open_row(&stored, &stored.row);
	g_autoptr(GError) error = NULL;

	g_assert_false(pack_reader_fetch(reader, UINT64_MAX, 2, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	g_clear_error(&error);
	g_assert_false(pack_reader_fetch(reader, 0, SIZE_MAX, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	stored_clear(&stored);
}

static void test_other_identity(void)
{
	static const size_t sizes[] = {100};
	g_autoptr(GError) error = NULL;
	g_autoptr(Identity) other = NULL;
	struct stored stored;

	stored_init(&stored, sizes, G_N_ELEMENTS(sizes));
	other = identity_new(stored.fixture.owner, "other", RECIPIENT_SCOPE_ALL);
	g_assert_false(pack_verify(stored.fixture.repo, other, stored.fixture.generation,
				   &stored.row, FIXTURE_SEED, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_AUTH);
	g_clear_error(&error);
	pack_check_name(stored.fixture.repo, stored.fixture.generation, &stored.row, &error);
	g_assert_no_error(error);
	stored_clear(&stored);
}

static void test_own_bug(void)
{
	static const size_t sizes[] = {100};
	g_autoptr(GError) error = NULL;
	struct stored stored;

	stored_init(&stored, sizes, G_N_ELEMENTS(sizes));
	assert_failed(pack_verify(stored.fixture.repo, stored.fixture.identity,
				  stored.fixture.generation, &stored.row, FIXTURE_SEED + 1, &error),
		      error, ODR_ERROR_CORRUPT,
		      "chunk 0: its content does not have the digest of the footer");
	stored_clear(&stored);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/repo/pack/round-trip", test_round_trip);
	g_test_add_func("/repo/pack/every-fetch-gives-the-same-chunks", test_fetches);
	g_test_add_func("/repo/pack/a-flipped-byte-anywhere-is-noticed", test_flipped_byte);
	g_test_add_func("/repo/pack/what-a-newer-version-wrote-is-no-damage", test_newer);
	g_test_add_func("/repo/pack/a-flipped-byte-under-a-fitting-name-is-noticed",
			test_flipped_byte_with_fitting_name);
	g_test_add_func("/repo/pack/a-truncated-one-is-noticed", test_truncated);
	g_test_add_func("/repo/pack/chunks-swapped-within-are-noticed", test_swapped_within);
	g_test_add_func("/repo/pack/chunks-swapped-between-packs-are-noticed",
			test_swapped_between);
	g_test_add_func("/repo/pack/a-replaced-header-is-noticed", test_header_replaced);
	g_test_add_func("/repo/pack/refuses-places-outside", test_places_outside);
	g_test_add_func("/repo/pack/a-keeper-checks-names-without-a-key", test_other_identity);
	g_test_add_func("/repo/pack/the-footer-finds-our-own-bugs", test_own_bug);
	return g_test_run();
}
