#include "crypto/digest.h"

#include "base/bytes.h"

#include <glib.h>
#include <string.h>

static void assert_hex(const void *digest, size_t size, const char *expected)
{
	g_autofree char *hex = hex_encode(digest, size);

	g_assert_cmpstr(hex, ==, expected);
}

static void test_sha256(void)
{
	static const char abc[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	struct sha256 *state = sha256_new();
	uint8_t digest[SHA256_SIZE];

	sha256("abc", 3, digest);
	assert_hex(digest, sizeof(digest), abc);
	sha256("", 0, digest);
	assert_hex(digest, sizeof(digest),
		   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

	sha256_update(state, "something else", 14);
	sha256_reset(state);
	sha256_update(state, "a", 1);
	sha256_update(state, "bc", 2);
	sha256_final(state, digest);
	assert_hex(digest, sizeof(digest), abc);
	sha256_free(state);
}

static void test_sha1(void)
{
	uint8_t digest[SHA1_SIZE];

	sha1("abc", 3, digest);
	assert_hex(digest, sizeof(digest), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

static void test_xxh3(void)
{
	uint8_t digest[XXH128_SIZE];

	/* The published vectors of the empty input: xxhsum -H2, xxhsum -H3. */
	xxh128(0, "", 0, digest);
	assert_hex(digest, sizeof(digest), "99aa06d3014798d86001c324468d497f");
	g_assert_cmphex(xxh64(0, "", 0), ==, 0x2d06800538d394c2);
	g_assert_cmphex(xxh64(1, "", 0), !=, xxh64(2, "", 0));
}

static void test_xxh3_in_parts(void)
{
	static const size_t parts[] = {0, 1, 63, 64, 240, 241, 1000, 1024, 100000};
	size_t size = 0;
	g_autofree uint8_t *data = g_malloc(200000);
	struct xxh128 *state = xxh128_new(7);
	uint8_t whole[XXH128_SIZE], joined[XXH128_SIZE];

	random_bytes(data, 200000);
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		xxh128_update(state, data + size, parts[i]);
		size += parts[i];
		xxh128(7, data, size, whole);
		xxh128_final(state, joined);
		g_assert_cmpmem(joined, XXH128_SIZE, whole, XXH128_SIZE);
	}
	xxh128_free(state);
}

static void test_content_join(void)
{
	uint8_t blocks[2 * XXH128_SIZE], expected[XXH128_SIZE], digest[XXH128_SIZE];

	content_digest_join(7, NULL, 0, digest);
	xxh128(7, "", 0, expected);
	g_assert_cmpmem(digest, XXH128_SIZE, expected, XXH128_SIZE);

	xxh128(7, "first", 5, blocks);
	xxh128(7, "second", 6, blocks + XXH128_SIZE);
	content_digest_join(7, blocks, 1, digest);
	g_assert_cmpmem(digest, XXH128_SIZE, blocks, XXH128_SIZE);

	content_digest_join(7, blocks, 2, digest);
	xxh128(7, blocks, sizeof(blocks), expected);
	g_assert_cmpmem(digest, XXH128_SIZE, expected, XXH128_SIZE);
}

static uint32_t crc32c(const void *data, size_t size)
{
	return crc32c_value(crc32c_update(crc32c_init(), data, size));
}

static uint32_t crc32c_bit_by_bit(const uint8_t *data, size_t size)
{
	uint32_t state = UINT32_MAX;

	for (size_t i = 0; i < size; i++) {
		state ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			state = state >> 1 ^ (state & 1 ? 0x82f63b78 : 0);
	}
	return ~state;
}

/* Sizes around the lanes, unaligned, and against the definition. */
static void test_crc32c(void)
{
	static const size_t sizes[] = {0,    1,	    7,	   8,	  9,	 4095,	 4096,
				       8192, 12287, 12288, 12289, 24576, 100003, 300000};
	g_autofree uint8_t *data = g_malloc(300001);

	g_assert_cmphex(crc32c("123456789", 9), ==, 0xe3069283);
	random_bytes(data, 300001);
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		const uint8_t *at = data + i % 2;
		uint32_t expected = crc32c_bit_by_bit(at, sizes[i]);
		uint32_t portable = crc32c_update_portable(crc32c_init(), at, sizes[i]);

		g_assert_cmphex(crc32c(at, sizes[i]), ==, expected);
		g_assert_cmphex(crc32c_value(portable), ==, expected);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/digest/sha256/gives-the-published-vectors", test_sha256);
	g_test_add_func("/digest/sha1/gives-the-published-vector", test_sha1);
	g_test_add_func("/digest/xxh3/gives-the-published-vectors", test_xxh3);
	g_test_add_func("/digest/xxh3-in-parts-is-that-of-the-whole", test_xxh3_in_parts);
	g_test_add_func("/digest/content/joins-block-digests", test_content_join);
	g_test_add_func("/digest/crc32c/is-the-same-by-every-way", test_crc32c);
	return g_test_run();
}
