#include "base/spool.h"

#include "base/error.h"
#include "base/file.h"

#include <string.h>

#define MIB ((size_t)1 << 20)

struct site {
	char *parent, *folder; /* folder: not made yet */
	Spool *spool;
	GError *error;
};

static void site_init(struct site *site, const void *data)
{
	(void)data;
	site->parent = g_dir_make_tmp("odr-spool-XXXXXX", &site->error);
	g_assert_no_error(site->error);
	site->folder = g_build_filename(site->parent, "lists", NULL);
	site->spool = spool_new(site->folder);
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	spool_free(site->spool);
	file_remove_tree(site->parent, NULL);
	g_free(site->folder);
	g_free(site->parent);
	g_clear_error(&site->error);
}

/* Every byte tells where it stands. */
static uint8_t byte_at(uint64_t offset)
{
	return (uint8_t)(offset * 2654435761u >> 13);
}

static void append(struct site *site, size_t size)
{
	g_autofree uint8_t *bytes = g_malloc(size + 1);
	uint64_t start = spool_size(site->spool);

	for (size_t i = 0; i < size; i++)
		bytes[i] = byte_at(start + i);
	spool_append(site->spool, bytes, size, &site->error);
	g_assert_no_error(site->error);
	g_assert_cmpuint(spool_size(site->spool), ==, start + size);
}

static void assert_has(struct site *site, uint64_t offset, size_t size)
{
	g_autofree uint8_t *bytes = g_malloc(size + 1);

	spool_read(site->spool, offset, bytes, size, &site->error);
	g_assert_no_error(site->error);
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != byte_at(offset + i))
			g_error("byte %zu from %" G_GUINT64_FORMAT " is wrong", i, offset);
}

static void short_list(struct site *site, const void *data)
{
	(void)data;
	append(site, 0);
	for (size_t size = 1; size < 300; size++)
		append(site, size);
	assert_has(site, 0, 44850);
	assert_has(site, 44849, 1);
	assert_has(site, 44850, 0);
	g_assert_false(g_file_test(site->folder, G_FILE_TEST_EXISTS));
}

static void long_list(struct site *site, const void *data)
{
	static const size_t sizes[] = {MIB - 1, 1, 1, MIB, 3 * MIB + 5, 100, MIB - 100, 7};
	uint64_t end = 0;

	(void)data;
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		append(site, sizes[i]);
		end += sizes[i];
		assert_has(site, 0, end);
		assert_has(site, end / 3, end / 3);
		assert_has(site, end - 1, 1);
	}
	/* Where the file ends and memory begins. */
	for (uint64_t offset = end - MIB - 50; offset < end; offset += 50021)
		assert_has(site, offset, (size_t)(end - offset));
	g_assert_true(file_is_empty_dir(site->folder));
	g_assert_true(g_file_test(site->folder, G_FILE_TEST_EXISTS));
}

static void no_folder(struct site *site, const void *data)
{
	g_autofree uint8_t *bytes = g_malloc0(MIB);

	(void)data;
	g_assert_true(g_file_set_contents(site->folder, "", 0, NULL));
	append(site, MIB);
	g_assert_false(spool_append(site->spool, bytes, MIB, &site->error));
	g_assert_error(site->error, ODR_ERROR, ODR_ERROR_EXISTS);
	g_assert_true(g_str_has_prefix(site->error->message, "cannot keep a list in '"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define SPOOL_TEST(name, function) \
 g_test_add("/spool/" name, struct site, NULL, site_init, function, site_clear)
	SPOOL_TEST("a-short-list-stays-in-memory", short_list);
	SPOOL_TEST("a-long-list-is-read-from-file-and-memory", long_list);
	SPOOL_TEST("says-where-it-cannot-write", no_folder);
	return g_test_run();
}
