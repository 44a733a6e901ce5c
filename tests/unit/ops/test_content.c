#include "ops/content.h"

#include <string.h>
#include <unistd.h>

#define SEED ((uint64_t)42)

/* A file of so many bytes, and the digest of as many of them as are asked for. */
static void digest_of(uint64_t has, uint64_t size, uint8_t digest[XXH128_SIZE])
{
	g_autofree uint8_t *bytes = g_malloc(has + 1);
	g_autofree uint8_t *buffer = g_malloc(CONTENT_BLOCK_SIZE);
	g_autofree char *path = NULL;
	GError *error = NULL;
	int fd = g_file_open_tmp("odr-content-XXXXXX", &path, &error);

	for (uint64_t i = 0; i < has; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 11);
	g_assert_no_error(error);
	unlink(path);
	g_assert_cmpint(write(fd, bytes, has), ==, (ssize_t)has);
	content_digest(
		&(struct content){.fd = fd, .size = size, .digest_seed = SEED, .buffer = buffer},
		digest, &error);
	g_assert_no_error(error);
	close(fd);
}

static void blocks(void)
{
	static const struct {
		uint64_t size, blocks;
	} cases[] = {{0, 1},
		     {1, 1},
		     {CONTENT_BLOCK_SIZE, 1},
		     {CONTENT_BLOCK_SIZE + 1, 2},
		     {UINT64_C(16) << 40, UINT64_C(16) << 20}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpuint(content_blocks(cases[i].size), ==, cases[i].blocks);
}

static void one_block(void)
{
	uint8_t digest[XXH128_SIZE], expected[XXH128_SIZE];

	digest_of(0, 0, digest);
	xxh128(SEED, "", 0, expected);
	g_assert_cmpmem(digest, sizeof(digest), expected, sizeof(expected));
}

static void several_blocks(void)
{
	const uint64_t size = 2 * CONTENT_BLOCK_SIZE + 5;
	g_autofree uint8_t *bytes = g_malloc(size);
	uint8_t digests[3 * XXH128_SIZE], digest[XXH128_SIZE], expected[XXH128_SIZE];

	for (uint64_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 11);
	for (size_t i = 0; i < 3; i++)
		xxh128(SEED, bytes + i * CONTENT_BLOCK_SIZE, i < 2 ? CONTENT_BLOCK_SIZE : 5,
		       digests + i * XXH128_SIZE);
	content_digest_join(SEED, digests, 3, expected);
	digest_of(size, size, digest);
	g_assert_cmpmem(digest, sizeof(digest), expected, sizeof(expected));
	/* What lies behind is not looked at; what is missing makes a difference. */
	digest_of(size + 100, size, digest);
	g_assert_cmpmem(digest, sizeof(digest), expected, sizeof(expected));
	digest_of(size - 1, size, digest);
	g_assert_true(memcmp(digest, expected, sizeof(digest)) != 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/content/blocks", blocks);
	g_test_add_func("/content/nothing-has-a-digest", one_block);
	g_test_add_func("/content/is-digested-block-by-block", several_blocks);
	return g_test_run();
}
