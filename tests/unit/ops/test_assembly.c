#include "ops/assembly.h"

#include <string.h>

#define SEED ((uint64_t)42)
#define MIB  ((uint64_t)1 << 20)

static bool note(Assemblies *all, const struct materialize_target *target, uint64_t number,
		 uint64_t block, uint8_t **digests)
{
	struct materialize_piece piece = {.target = number, .file_offset = block * MIB};
	uint8_t digest[XXH128_SIZE];

	memset(digest, (int)(number + block), sizeof(digest));
	return assemblies_note(all, target, &piece, digest, digests);
}

static void assert_block(const uint8_t *digests, uint64_t block, uint8_t value)
{
	for (size_t i = 0; i < XXH128_SIZE; i++)
		g_assert_cmpuint(digests[block * XXH128_SIZE + i], ==, value);
}

static void any_order(void)
{
	Assemblies *all = assemblies_new(SEED);
	struct materialize_target target = {
		.entry.size = 4 * MIB, .pieces = 4, .ended = true, .blocks = true};
	g_autofree uint8_t *digests = NULL;
	g_autofree uint8_t *others = NULL;

	/* Two files at a time. */
	g_assert_false(note(all, &target, 10, 2, &digests));
	g_assert_false(note(all, &target, 50, 0, &others));
	g_assert_false(note(all, &target, 10, 0, &digests));
	g_assert_false(note(all, &target, 10, 3, &digests));
	g_assert_false(note(all, &target, 50, 1, &others));
	g_assert_true(note(all, &target, 10, 1, &digests));
	g_assert_false(note(all, &target, 50, 3, &others));
	g_assert_true(note(all, &target, 50, 2, &others));
	for (uint64_t block = 0; block < 4; block++) {
		assert_block(digests, block, (uint8_t)(10 + block));
		assert_block(others, block, (uint8_t)(50 + block));
	}
	assemblies_free(all);
}

static void zeros_between(void)
{
	Assemblies *all = assemblies_new(SEED);
	struct materialize_target target = {
		.entry.size = 4 * MIB + 100, .pieces = 2, .zeros = true, .blocks = true};
	g_autofree uint8_t *digests = NULL;
	g_autofree uint8_t *zeros = g_malloc0(MIB);
	uint8_t whole[XXH128_SIZE], last[XXH128_SIZE];

	xxh128(SEED, zeros, MIB, whole);
	xxh128(SEED, zeros, 100, last);
	g_assert_false(note(all, &target, 1, 3, &digests));
	g_assert_true(note(all, &target, 1, 1, &digests));
	g_assert_cmpmem(digests, XXH128_SIZE, whole, XXH128_SIZE);
	assert_block(digests, 1, 2);
	g_assert_cmpmem(digests + 2 * XXH128_SIZE, XXH128_SIZE, whole, XXH128_SIZE);
	assert_block(digests, 3, 4);
	g_assert_cmpmem(digests + 4 * XXH128_SIZE, XXH128_SIZE, last, XXH128_SIZE);
	assemblies_free(all);
}

static void no_blocks(void)
{
	Assemblies *all = assemblies_new(SEED);
	struct materialize_target target = {.entry.size = 2 * MIB, .pieces = 2, .ended = true};
	uint8_t *digests = (uint8_t *)&target;

	g_assert_false(note(all, &target, 1, 0, &digests));
	g_assert_true(note(all, &target, 1, 1, &digests));
	g_assert_null(digests);
	assemblies_free(all);
}

/* 1.5 TiB are 24 MiB of digests: there is room for one such file, and again when it is done. */
static void bounded(void)
{
	Assemblies *all = assemblies_new(SEED);
	struct materialize_target target = {
		.entry.size = UINT64_C(3) << 39, .pieces = 2, .ended = true, .blocks = true};
	uint8_t *digests = NULL;

	note(all, &target, 1, 0, &digests);
	note(all, &target, 2, 0, &digests);
	g_assert_true(note(all, &target, 2, 1, &digests));
	g_assert_null(digests);
	g_assert_true(note(all, &target, 1, 1, &digests));
	g_assert_nonnull(digests);
	g_free(digests);
	note(all, &target, 3, 0, &digests);
	g_assert_true(note(all, &target, 3, 1, &digests));
	g_assert_nonnull(digests);
	g_free(digests);
	assemblies_free(all);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/assembly/pieces-come-in-any-order", any_order);
	g_test_add_func("/assembly/zeros-have-their-digests", zeros_between);
	g_test_add_func("/assembly/what-is-no-block-is-read-back", no_blocks);
	g_test_add_func("/assembly/digests-take-no-more-than-32-mib", bounded);
	return g_test_run();
}
