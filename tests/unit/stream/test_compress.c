#include "stream/compress.h"

#include "base/error.h"
#include "crypto/digest.h"

#include <glib.h>
#include <string.h>

static size_t pack(const void *plain, size_t size, uint8_t **packed)
{
	struct compressor *compressor = compressor_new(1);
	size_t room = compress_bound(size), length;

	*packed = g_malloc(room);
	length = compress_chunk(compressor, plain, size, *packed, room);
	compressor_free(compressor);
	return length;
}

static bool unpack(const void *packed, size_t packed_size, void *plain, size_t size, GError **error)
{
	struct decompressor *decompressor = decompressor_new();
	bool done = decompress_chunk(decompressor, packed, packed_size, plain, size, error);

	decompressor_free(decompressor);
	return done;
}

static void assert_round_trip(const uint8_t *plain, size_t size, int codec)
{
	g_autofree uint8_t *packed = NULL;
	g_autofree uint8_t *out = g_malloc(size + 1);
	size_t length = pack(plain, size, &packed);

	g_assert_cmpint(packed[0], ==, codec);
	g_assert_cmpuint(length, <=, size + 1);
	g_assert_true(unpack(packed, length, out, size, NULL));
	g_assert_cmpmem(out, size, plain, size);
}

static void test_round_trip(void)
{
	g_autofree uint8_t *data = g_malloc0(CHUNK_MAX);

	assert_round_trip(data, 0, 0);
	assert_round_trip(data, 1, 0);
	assert_round_trip(data, CHUNK_MAX, 1);
	random_bytes(data, CHUNK_MAX);
	assert_round_trip(data, CHUNK_MAX, 0);
	memset(data, 'x', CHUNK_MAX / 2);
	assert_round_trip(data, CHUNK_MAX, 1);
}

static void test_saves(void)
{
	static const char text[] = "<td class=\"o_data\">It is about this long, %zu</td>\n";
	g_autoptr(GString) words = g_string_new(NULL);
	g_autofree uint8_t *noise = g_malloc(CHUNK_MAX);
	g_autofree char *base64 = NULL;

	for (size_t i = 0; words->len < CHUNK_MAX; i++)
		g_string_append_printf(words, text, i);
	random_bytes(noise, CHUNK_MAX);
	base64 = g_base64_encode(noise, CHUNK_MAX / 2);
	for (size_t size = 512; size <= CHUNK_MAX; size *= 2) {
		g_assert_true(compress_saves(words->str, size));
		g_assert_false(compress_saves(noise, size));
	}
	g_assert_true(compress_saves(base64, CHUNK_MAX / 2));
	/* Too short to tell. */
	g_assert_true(compress_saves(noise, 511));
	g_assert_true(compress_saves(noise, 0));
}

static void assert_corrupt(const void *packed, size_t size, size_t plain_size, const char *message)
{
	g_autofree uint8_t *out = g_malloc(plain_size + 1);
	g_autoptr(GError) error = NULL;

	g_assert_false(unpack(packed, size, out, plain_size, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	if (message)
		g_assert_cmpstr(error->message, ==, message);
}

static void test_wrong_size(void)
{
	static const uint8_t zeros[1000];
	g_autofree uint8_t *packed = NULL;
	size_t length = pack(zeros, sizeof(zeros), &packed);

	assert_corrupt(packed, length, 1001, "a chunk has 1000 bytes where 1001 are due");
	assert_corrupt(packed, length, 999, NULL);
	assert_corrupt(packed, length - 1, 1000, NULL);
	assert_corrupt("\0abc", 4, 4, "a chunk has 3 bytes where 4 are due");
}

static void test_unknown_codec(void)
{
	assert_corrupt("", 0, 0, "a chunk without a codec");
	assert_corrupt("\2abc", 4, 3, "a chunk has codec 2 that this version does not know");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/compress/gives-back-what-it-got", test_round_trip);
	g_test_add_func("/compress/tells-by-a-look-what-will-not-become-smaller", test_saves);
	g_test_add_func("/compress/refuses-any-other-size", test_wrong_size);
	g_test_add_func("/compress/refuses-unknown-codecs", test_unknown_codec);
	return g_test_run();
}
