#include "base/memory.h"

#include <glib.h>
#include <stdint.h>
#include <string.h>

static void test_sizes(void)
{
	static const size_t mib = (size_t)1 << 20;
	const size_t sizes[] = {0, 1, 4096, mib - 1, mib, mib + 1, 2 * mib, 2 * mib + 1, 33 * mib};

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree uint8_t *memory = memory_large(sizes[i]);

		g_assert_nonnull(memory);
		memset(memory, 0x5a, sizes[i]);
	}
}

static void test_pages(void)
{
	const size_t sizes[] = {1, 4096, 4097, (size_t)5 << 20};

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree uint8_t *memory = memory_pages(sizes[i]);

		g_assert_cmpuint((uintptr_t)memory % 4096, ==, 0);
		memset(memory, 0x5a, sizes[i]);
	}
}

#ifndef ODR_SANITIZED /* they end a program that asks for so much */
static void test_none(void)
{
	const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 100, SIZE_MAX / 2};

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++)
		g_assert_null(memory_large(sizes[i]));
}
#endif

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/memory/large-memory-can-be-used-and-freed", test_sizes);
	g_test_add_func("/memory/pages-begin-with-a-page", test_pages);
#ifndef ODR_SANITIZED
	g_test_add_func("/memory/what-there-is-not-is-null", test_none);
#endif
	return g_test_run();
}
