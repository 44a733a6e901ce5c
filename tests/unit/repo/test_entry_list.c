#include "repo/entry_list.h"

#include "base/error.h"
#include "base/file.h"

#define MANY 30000

struct site {
	char *folder;
	EntryList *list;
	GByteArray *added, *found; /* encoded */
	uint64_t count, stop_at;
	GError *error;
};

static void site_init(struct site *site, const void *data)
{
	(void)data;
	site->folder = g_dir_make_tmp("odr-list-XXXXXX", &site->error);
	g_assert_no_error(site->error);
	site->list = entry_list_new(site->folder);
	site->added = g_byte_array_new();
	site->found = g_byte_array_new();
	site->stop_at = UINT64_MAX;
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	entry_list_free(site->list);
	g_byte_array_unref(site->added);
	g_byte_array_unref(site->found);
	file_remove_tree(site->folder, NULL);
	g_free(site->folder);
	g_clear_error(&site->error);
}

/* Of number i: a folder, a link, or a file of up to 40 extents. */
static struct layer_entry *make(uint64_t i)
{
	struct layer_entry *entry = g_new0(struct layer_entry, 1);

	entry->path = g_strdup_printf("pgdata/%08" G_GUINT64_FORMAT, i);
	entry->kind = i % 50 == 0 ? ENTRY_DIRECTORY : i % 50 == 1 ? ENTRY_SYMLINK : ENTRY_FILE;
	entry->mode = 0600 + i % 64;
	entry->owner = g_strdup("postgres");
	entry->group = g_strdup("");
	if (entry->kind == ENTRY_SYMLINK)
		entry->link = g_strdup("/srv/fast");
	if (entry->kind != ENTRY_FILE)
		return entry;
	entry->extents = g_array_new(false, true, sizeof(struct extent));
	for (uint64_t j = 0; j < i % 41; j++) {
		struct extent extent = {.kind = EXTENT_DATA,
					.length = 1 + i % 1000 + j,
					/* Beyond any table's rows: of several tables together. */
					.place = {.pack = (uint32_t)(i * 100000 + j),
						  .chunk = (uint32_t)j,
						  .offset = 1000 + 100 * j,
						  .sealed_size = 90,
						  .plain_size = 2000}};

		entry->size += extent.length;
		g_array_append_val(entry->extents, extent);
	}
	return entry;
}

static void add(struct site *site, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		struct layer_entry *entry = make(i);

		entry_list_add(site->list, entry, &site->error);
		g_assert_no_error(site->error);
		layer_entry_encode(entry, site->added);
		layer_entry_free(entry);
	}
	g_assert_cmpuint(entry_list_count(site->list), ==, count);
}

static bool find(void *data, struct layer_entry **entry, GError **error)
{
	struct site *site = data;

	if (site->count == site->stop_at)
		return odr_fail(error, ODR_ERROR_STOPPED, "stopped");
	layer_entry_encode(*entry, site->found);
	if (site->count++ % 3 == 0)
		layer_entry_free(g_steal_pointer(entry));
	return true;
}

static void assert_all_found(struct site *site)
{
	entry_list_each(site->list, find, site, &site->error);
	g_assert_no_error(site->error);
	g_assert_cmpmem(site->found->data, site->found->len, site->added->data, site->added->len);
}

static void empty(struct site *site, const void *data)
{
	(void)data;
	g_assert_cmpuint(entry_list_blocks(site->list), ==, 0);
	assert_all_found(site);
}

static void few(struct site *site, const void *data)
{
	(void)data;
	add(site, 60);
	g_assert_cmpuint(entry_list_blocks(site->list), ==, 1);
	assert_all_found(site);
}

static void many(struct site *site, const void *data)
{
	(void)data;
	add(site, MANY);
	g_assert_cmpuint(entry_list_blocks(site->list), >, 50);
	assert_all_found(site);
}

/* A block says where in the list it begins; the last first. */
static void blocks(struct site *site, const void *data)
{
	uint64_t end = MANY;

	(void)data;
	add(site, MANY);
	for (size_t i = entry_list_blocks(site->list); i > 0; i--) {
		struct entry_block block;

		entry_list_block(site->list, i - 1, &block, &site->error);
		g_assert_no_error(site->error);
		g_assert_cmpuint(block.first + block.entries->len, ==, end);
		for (guint j = 0; j < block.entries->len; j++) {
			g_autofree char *path =
				g_strdup_printf("pgdata/%08" G_GUINT64_FORMAT, block.first + j);

			g_assert_cmpstr(((struct layer_entry *)block.entries->pdata[j])->path, ==,
					path);
		}
		end = block.first;
		entry_block_clear(&block);
	}
	g_assert_cmpuint(end, ==, 0);
}

static void stopped(struct site *site, const void *data)
{
	(void)data;
	add(site, 1000);
	site->stop_at = 500;
	g_assert_false(entry_list_each(site->list, find, site, &site->error));
	g_assert_error(site->error, ODR_ERROR, ODR_ERROR_STOPPED);
	g_assert_cmpuint(site->count, ==, 500);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define LIST_TEST(name, function) \
 g_test_add("/entry-list/" name, struct site, NULL, site_init, function, site_clear)
	LIST_TEST("none", empty);
	LIST_TEST("a-few-are-one-block", few);
	LIST_TEST("many-come-back-in-order", many);
	LIST_TEST("blocks-come-in-any-order", blocks);
	LIST_TEST("ends-where-it-is-told", stopped);
	return g_test_run();
}
