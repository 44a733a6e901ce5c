#include "repo/layer_file.h"

#include "base/error.h"
#include "base/file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MANY 20000

struct site {
	char *folder, *path;
	GError *error;
};

static void site_init(struct site *site, const void *data)
{
	(void)data;
	site->folder = g_dir_make_tmp("odr-layer-XXXXXX", &site->error);
	g_assert_no_error(site->error);
	site->path = g_build_filename(site->folder, "layer", NULL);
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	file_remove_tree(site->folder, NULL);
	g_free(site->folder);
	g_free(site->path);
	g_clear_error(&site->error);
}

static struct layer_entry *make(unsigned number)
{
	struct layer_entry *entry = g_new0(struct layer_entry, 1);

	entry->path = g_strdup_printf("filestore/shop/%02x/%06u%0*d", number / 1000, number,
				      number % 100 == 0 ? 300 : 1, 0);
	entry->kind = ENTRY_TOMBSTONE;
	return entry;
}

static void write_layer(struct site *site, unsigned count)
{
	g_autoptr(LayerFileWriter) writer = layer_file_create(site->path, &site->error);

	g_assert_no_error(site->error);
	for (unsigned i = 0; i < count; i++) {
		struct layer_entry *entry = make(i);

		g_assert_true(layer_file_add(writer, entry, -(int64_t)i, &site->error));
		layer_entry_free(entry);
	}
	g_assert_true(layer_file_commit(writer, &site->error));
}

/* The number of entries from a path on, each the one that follows the one before. */
static unsigned count_from(struct site *site, LayerCursor *cursor, unsigned first)
{
	unsigned count = 0;

	for (struct local_entry local;; layer_cursor_next(cursor), count++) {
		g_assert_true(layer_cursor_get(cursor, &local, &site->error));
		if (!local.path)
			return count;
		struct layer_entry *expected = make(first + count), *entry;

		g_assert_cmpmem(local.path, local.length, expected->path, strlen(expected->path));
		g_assert_cmpint(local.ctime_ns, ==, -(int64_t)(first + count));
		g_assert_cmpint(local.kind, ==, ENTRY_TOMBSTONE);
		g_assert_true(local_entry_decode(&local, &entry, &site->error));
		g_assert_cmpstr(entry->path, ==, expected->path);
		layer_entry_free(expected);
		layer_entry_free(entry);
	}
}

static void test_reading(struct site *site, const void *data)
{
	static const unsigned from[] = {0, 1, 999, 1000, 1001, 12345, MANY - 1};

	(void)data;
	write_layer(site, MANY);
	g_autoptr(LayerFile) file = layer_file_open(site->path, &site->error);

	g_assert_no_error(site->error);
	g_assert_cmpuint(layer_file_count(file), ==, MANY);
	g_autoptr(LayerCursor) cursor = layer_cursor_new(file);

	g_assert_cmpuint(count_from(site, cursor, 0), ==, MANY);
	for (size_t i = G_N_ELEMENTS(from); i-- > 0;) {
		struct layer_entry *entry = make(from[i]);

		g_assert_true(layer_cursor_seek(cursor, entry->path, &site->error));
		g_assert_cmpuint(count_from(site, cursor, from[i]), ==, MANY - from[i]);
		layer_entry_free(entry);
	}
	/* Between two, before the first, behind the last. */
	g_assert_true(layer_cursor_seek(cursor, "filestore/shop/05/005000:", &site->error));
	g_assert_cmpuint(count_from(site, cursor, 5001), ==, MANY - 5001);
	g_assert_true(layer_cursor_seek(cursor, "a", &site->error));
	g_assert_cmpuint(count_from(site, cursor, 0), ==, MANY);
	g_assert_true(layer_cursor_seek(cursor, "z", &site->error));
	g_assert_cmpuint(count_from(site, cursor, 0), ==, 0);
}

static void test_empty(struct site *site, const void *data)
{
	(void)data;
	write_layer(site, 0);
	g_autoptr(LayerFile) file = layer_file_open(site->path, &site->error);

	g_assert_no_error(site->error);
	g_autoptr(LayerCursor) cursor = layer_cursor_new(file);

	g_assert_cmpuint(count_from(site, cursor, 0), ==, 0);
	g_assert_true(layer_cursor_seek(cursor, "a", &site->error));
	g_assert_cmpuint(count_from(site, cursor, 0), ==, 0);
}

static void test_abandoned(struct site *site, const void *data)
{
	(void)data;
	g_autoptr(LayerFileWriter) writer = layer_file_create(site->path, &site->error);

	g_assert_no_error(site->error);
	g_clear_pointer(&writer, layer_file_writer_free);
	g_assert_true(file_is_empty_dir(site->folder));
	g_assert_null(layer_file_open(site->path, &site->error));
	g_assert_error(site->error, ODR_ERROR, ODR_ERROR_NOT_FOUND);
}

/* Reads everything; whether that worked. */
static bool reads(struct site *site)
{
	g_autoptr(LayerFile) file = layer_file_open(site->path, &site->error);
	g_autoptr(LayerCursor) cursor = file ? layer_cursor_new(file) : NULL;

	for (struct local_entry local = {0}; cursor; layer_cursor_next(cursor)) {
		if (!layer_cursor_get(cursor, &local, &site->error))
			return false;
		if (!local.path)
			return true;
	}
	return false;
}

/* A bit that flipped anywhere, and a file that ends anywhere. */
static void test_damage(struct site *site, const void *data)
{
	g_autofree char *bytes = NULL;
	gsize size;

	(void)data;
	write_layer(site, 3000);
	g_file_get_contents(site->path, &bytes, &size, &site->error);
	g_assert_no_error(site->error);
	for (gsize at = 8; at < size; at += size / 97) {
		bytes[at] ^= 4;
		g_file_set_contents(site->path, bytes, (gssize)size, &site->error);
		g_assert_no_error(site->error);
		bytes[at] ^= 4;
		g_assert_false(reads(site));
		g_assert_error(site->error, ODR_ERROR, ODR_ERROR_CORRUPT);
		g_clear_error(&site->error);
		g_file_set_contents(site->path, bytes, (gssize)at, &site->error);
		g_assert_no_error(site->error);
		g_assert_false(reads(site));
		g_assert_error(site->error, ODR_ERROR, ODR_ERROR_CORRUPT);
		g_clear_error(&site->error);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/layer-file/reads-from-any-path-on", struct site, NULL, site_init, test_reading,
		   site_clear);
	g_test_add("/layer-file/may-be-empty", struct site, NULL, site_init, test_empty,
		   site_clear);
	g_test_add("/layer-file/leaves-nothing-when-it-is-abandoned", struct site, NULL, site_init,
		   test_abandoned, site_clear);
	g_test_add("/layer-file/notices-damage-anywhere", struct site, NULL, site_init, test_damage,
		   site_clear);
	return g_test_run();
}
