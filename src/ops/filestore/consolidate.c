/*
 * A capture that finds little makes a small pack, and there may be one each minute for months: who restores would have to
 * get every one of them. So what lies in small packs of the layers that are merged is stored again, from its source, into
 * few. Sets that refer to the small ones keep them (DESIGN.md 5).
 */
#include "ops/filestore/steps.h"

#include "base/error.h"
#include "base/fault.h"
#include "base/stop.h"

#include <string.h>

#define SMALL_PACK  ((uint64_t)1 << 20)
#define SMALL_PACKS 16 /* fewer are not worth it: every byte is stored again but once or twice */

struct consolidating {
	struct filestore_capture *capture;
	guint first;			   /* of capture->known that are merged */
	GPtrArray *tables;		   /* Table, of those that were stored before */
	const struct filestore_tree *tree; /* whose files are being gathered; NULL: none yet */
	struct filestore_scan_settings settings;
	struct filestore_scan list;
};

static void table_release(void *table)
{
	table_free(table);
}

static bool load_tables(struct consolidating *consolidating, GError **error)
{
	const struct filestore_capture *capture = consolidating->capture;

	for (guint i = consolidating->first; i < capture->before->layers->len; i++) {
		Table *table;

		if (!filestore_table_load(capture, capture->before->layers->pdata[i], &table,
					  error))
			return false;
		g_ptr_array_add(consolidating->tables, table);
	}
	return true;
}

static bool is_small(const Table *table, guint row)
{
	return row < table->rows->len &&
	       g_array_index(table->rows, struct pack_row, row).size < SMALL_PACK;
}

static guint count_small(const struct consolidating *consolidating)
{
	guint count = 0;

	for (guint i = 0; i < consolidating->tables->len; i++) {
		const Table *table = consolidating->tables->pdata[i];

		for (guint row = 0; row < table->rows->len; row++)
			count += is_small(table, row);
	}
	return count;
}

/* All of it; a large file that ends in a small pack stays. What is damaged would not be read the same again. */
static bool lies_in_small(const struct layer_entry *entry, const Table *table)
{
	bool any = false;

	if (entry->kind != ENTRY_FILE || (entry->flags & ENTRY_DAMAGED))
		return false;
	for (guint i = 0; entry->extents && i < entry->extents->len; i++) {
		const struct extent *extent = &g_array_index(entry->extents, struct extent, i);

		if (extent->kind != EXTENT_DATA)
			continue;
		if (!is_small(table, extent->place.pack))
			return false;
		any = true;
	}
	return any;
}

/* What is gone, or not as its name says, stays as it was captured. */
static bool store_tree(struct consolidating *consolidating, GError **error)
{
	struct filestore_capture *capture = consolidating->capture;
	const struct filestore_tree *tree = consolidating->tree;
	g_autofree char *prefix = NULL;
	g_autoptr(GPtrArray) again = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) unsure = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) damaged = g_ptr_array_new_with_free_func((GDestroyNotify)damage_free);
	bool done;

	if (!tree)
		return true;
	prefix = filestore_path(tree, "");
	capture->bytes_total += consolidating->list.bytes;
	done = filestore_reader_run(capture->reader,
				    &(struct filestore_reading){.folder = tree->path,
								.prefix = prefix,
								.news = consolidating->list.news,
								.jobs = consolidating->list.jobs,
								.again = again,
								.unsure = unsure,
								.damaged = damaged},
				    error);
	filestore_scan_clear(&consolidating->list);
	consolidating->tree = NULL;
	return done;
}

/* "filestore/<tree>/<name>" in its two parts; the tree is NULL where there is none any more. */
static const struct filestore_tree *tree_of(const struct consolidating *consolidating,
					    const char *path, const char **name)
{
	const char *begin = path + strlen("filestore/");
	const char *end = g_str_has_prefix(path, "filestore/") ? strchr(begin, '/') : NULL;
	g_autofree char *tree = end ? g_strndup(begin, (gsize)(end - begin)) : NULL;

	*name = end ? end + 1 : NULL;
	return tree ? g_hash_table_lookup(consolidating->capture->trees.by_name, tree) : NULL;
}

static bool gather(struct consolidating *consolidating, const struct layer_entry *entry,
		   GError **error)
{
	const char *name;
	const struct filestore_tree *tree = tree_of(consolidating, entry->path, &name);

	if (!tree)
		return true;
	if (tree != consolidating->tree) {
		if (!store_tree(consolidating, error))
			return false;
		consolidating->tree = tree;
		consolidating->settings =
			(struct filestore_scan_settings){.tree = tree,
							 .known = consolidating->capture->known,
							 .spool = consolidating->capture->folder};
		filestore_scan_init(&consolidating->list, &consolidating->settings);
	}
	return filestore_scan_news(
		&consolidating->list,
		&(struct filestore_news){.size = entry->size, .name = (char *)name}, error);
}

static bool gather_merged(struct consolidating *consolidating, const struct merged_entry *merged,
			  GError **error)
{
	struct layer_entry *entry;
	bool done = true;

	if (merged->local.kind != ENTRY_FILE || merged->layer >= consolidating->tables->len)
		return true;
	if (!local_entry_decode(&merged->local, &entry, error))
		return false;
	if (lies_in_small(entry, consolidating->tables->pdata[merged->layer]))
		done = gather(consolidating, entry, error);
	layer_entry_free(entry);
	return done;
}

static bool gather_all(struct consolidating *consolidating, GError **error)
{
	const struct filestore_capture *capture = consolidating->capture;
	g_autoptr(GPtrArray) files = g_ptr_array_new();
	g_autoptr(LayerMerge) merge = NULL;
	struct merged_entry merged;

	for (guint i = consolidating->first; i < capture->known->len; i++)
		g_ptr_array_add(files, capture->known->pdata[i]);
	merge = layer_merge_new(&(struct layer_merge_settings){
		.files = files, .tombstones = consolidating->first > 0});
	for (;;) {
		if (!stop_check(error) || !layer_merge_next(merge, &merged, error))
			return false;
		if (!merged.local.path)
			return store_tree(consolidating, error);
		if (!gather_merged(consolidating, &merged, error))
			return false;
	}
}

bool filestore_consolidate(struct filestore_capture *capture, guint first, GError **error)
{
	struct consolidating consolidating = {
		.capture = capture,
		.first = first,
		.tables = g_ptr_array_new_with_free_func(table_release),
	};
	bool done = true;

	/* Only a content that is its name is the same whenever it is read. */
	if (!capture->settings->plain)
		done = load_tables(&consolidating, error) &&
		       (count_small(&consolidating) < SMALL_PACKS ||
			(gather_all(&consolidating, error) && filestore_pass_end(capture, error) &&
			 fault_point("step", "small packs stored again", error)));
	if (consolidating.tree)
		filestore_scan_clear(&consolidating.list);
	g_ptr_array_unref(consolidating.tables);
	return done;
}
