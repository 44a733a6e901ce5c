#include "ops/filestore/steps.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/stop.h"

#include <string.h>

/* A layer before is merged into the new one unless it is so many times as large: the number of layers
 * then grows with the logarithm of what was captured. */
#define MERGE_RATIO 2
/* Whatever their sizes. */
#define LAYERS_KEPT (LAYERS_MAX - 2)

bool filestore_change(void *data, const struct layer_entry *entry, int64_t ctime_ns, GError **error)
{
	struct filestore_capture *capture = data;
	g_autoptr(GByteArray) value = g_byte_array_new();

	bytes_put_u64(value, (uint64_t)ctime_ns);
	layer_entry_encode(entry, value);
	__atomic_add_fetch(&capture->changed, 1, __ATOMIC_RELAXED);
	return sorter_add(capture->changes,
			  &(struct sorter_record){.key = entry->path,
						  .key_size = (uint32_t)strlen(entry->path),
						  .value = value->data,
						  .value_size = value->len},
			  error);
}

/* The sorted changes into a layer file; of a path that is there twice, one. */
static bool write_changes(Sorter *changes, LayerFileWriter *writer, GError **error)
{
	g_autoptr(GByteArray) last = g_byte_array_new();
	struct sorter_record record;

	if (!sorter_sort(changes, error))
		return false;
	for (;;) {
		g_autoptr(GPtrArray) entries = NULL;

		if (!stop_check(error) || !sorter_next(changes, &record, error))
			return false;
		if (!record.key)
			return true;
		if (last->len == record.key_size &&
		    memcmp(last->data, record.key, record.key_size) == 0)
			continue;
		g_byte_array_set_size(last, 0);
		g_byte_array_append(last, record.key, record.key_size);
		if (!layer_entries_parse((const uint8_t *)record.value + 8, record.value_size - 8,
					 TABLE_ROWS_MAX, &entries, error) ||
		    !layer_file_add(writer, entries->pdata[0], (int64_t)bytes_u64(record.value),
				    error))
			return false;
	}
}

static Sorter *sorter_renewed(struct filestore_capture *capture)
{
	Sorter *old = capture->changes;

	capture->changes = sorter_new(capture->folder);
	return old;
}

bool filestore_pass_end(struct filestore_capture *capture, GError **error)
{
	g_autofree char *name =
		g_strdup_printf("pass-%s-%u", capture->suffix, capture->passes->len);
	g_autofree char *path = g_build_filename(capture->folder, name, NULL);
	g_autoptr(LayerFileWriter) writer = layer_file_create(path, error);
	g_autoptr(Sorter) changes = NULL;
	LayerFile *file;

	if (!writer)
		return false;
	changes = sorter_renewed(capture);
	if (!write_changes(changes, writer, error) || !layer_file_commit(writer, error))
		return false;
	g_ptr_array_add(capture->passes, g_strdup(path));
	file = layer_file_open(path, error);
	if (!file)
		return false;
	g_ptr_array_add(capture->known, file);
	return true;
}

/* Putting a layer together. */

struct merging {
	struct filestore_capture *capture;
	guint first;	   /* of capture->known that are merged */
	GPtrArray *tables; /* Table of each, or NULL: its rows are the sink's */
	GPtrArray *rows;   /* GArray of uint32_t: what became of them; UINT32_MAX: not yet known */
	LayerWriter *writer;
	LayerFileWriter *local;
	uint64_t entries;
};

static void merging_clear(struct merging *merging)
{
	g_ptr_array_unref(merging->tables);
	g_ptr_array_unref(merging->rows);
	layer_writer_free(merging->writer);
	layer_file_writer_free(merging->local);
}

/* How many of the layers before stay as they are. */
static guint layers_to_keep(const struct filestore_capture *capture)
{
	const GPtrArray *layers = capture->before->layers;
	uint64_t size = 0;
	guint keep = layers->len;

	for (guint i = keep; i < capture->known->len; i++)
		size += layer_file_count(capture->known->pdata[i]);
	while (keep > 0) {
		const struct filestore_layer *layer = layers->pdata[keep - 1];

		if (keep <= LAYERS_KEPT && layer->entries > MERGE_RATIO * size)
			break;
		size += layer->entries;
		keep--;
	}
	return keep;
}

bool filestore_table_load(const struct filestore_capture *capture,
			  const struct filestore_layer *layer, Table **table, GError **error)
{
	g_autofree char *path = filestore_table_path(capture->folder, layer->name);
	g_autoptr(GBytes) content = NULL;
	uint8_t digest[SHA256_SIZE];

	if (!file_read(path, STORE_OBJECT_MAX, &content, error))
		return false;
	sha256(g_bytes_get_data(content, NULL), g_bytes_get_size(content), digest);
	if (memcmp(digest, layer->ref.table, SHA256_SIZE) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "'%s' is damaged", path);
	return table_parse(g_bytes_get_data(content, NULL), g_bytes_get_size(content), table,
			   error);
}

static void table_release(void *table)
{
	table_free(table);
}

static bool load_tables(struct merging *merging, GError **error)
{
	const struct filestore_capture *capture = merging->capture;

	for (guint i = merging->first; i < capture->known->len; i++) {
		GArray *rows = g_array_new(false, false, sizeof(uint32_t));
		Table *table = NULL;

		g_ptr_array_add(merging->rows, rows);
		if (i < capture->before->layers->len &&
		    !filestore_table_load(capture, capture->before->layers->pdata[i], &table,
					  error))
			return false;
		g_ptr_array_add(merging->tables, table);
		g_array_set_size(rows, table ? table->rows->len : 0);
		if (rows->len > 0)
			memset(rows->data, 0xff, rows->len * sizeof(uint32_t));
	}
	return true;
}

/* The pack of an older layer becomes a row of the new table when it is first needed. */
static bool map_row(struct merging *merging, guint layer, uint32_t *pack, GError **error)
{
	const Table *table = merging->tables->pdata[layer];
	GArray *rows = merging->rows->pdata[layer];

	if (!table)
		return true;
	if (*pack >= rows->len)
		return odr_fail(error, ODR_ERROR_CORRUPT, "a layer refers to pack %u of %u", *pack,
				rows->len);
	uint32_t *row = &g_array_index(rows, uint32_t, *pack);

	if (*row == UINT32_MAX &&
	    !pack_sink_refer(merging->capture->sink,
			     &g_array_index(table->rows, struct pack_row, *pack), row))
		return odr_fail(error, ODR_ERROR_REFUSED, "a layer refers to at most %d packs",
				TABLE_ROWS_MAX);
	*pack = *row;
	return true;
}

static bool add_merged(struct merging *merging, const struct merged_entry *merged, GError **error)
{
	struct layer_entry *entry;
	bool done = true;

	if (!local_entry_decode(&merged->local, &entry, error))
		return false;
	for (guint i = 0; done && entry->extents && i < entry->extents->len; i++) {
		struct extent *extent = &g_array_index(entry->extents, struct extent, i);

		if (extent->kind == EXTENT_DATA)
			done = map_row(merging, merged->layer, &extent->place.pack, error);
	}
	done = done && layer_writer_add(merging->writer, entry, error) &&
	       layer_file_add(merging->local, entry, merged->local.ctime_ns, error);
	merging->entries++;
	layer_entry_free(entry);
	return done;
}

static bool merge_all(struct merging *merging, GError **error)
{
	const struct filestore_capture *capture = merging->capture;
	g_autoptr(GPtrArray) files = g_ptr_array_new();
	g_autoptr(LayerMerge) merge = NULL;
	struct merged_entry merged;

	for (guint i = merging->first; i < capture->known->len; i++)
		g_ptr_array_add(files, capture->known->pdata[i]);
	/* Over nothing, tombstones take nothing away. */
	merge = layer_merge_new(
		&(struct layer_merge_settings){.files = files, .tombstones = merging->first > 0});
	for (;;) {
		if (!stop_check(error) || !layer_merge_next(merge, &merged, error))
			return false;
		if (!merged.local.path)
			return true;
		if (!add_merged(merging, &merged, error))
			return false;
	}
}

static bool store_table(struct filestore_capture *capture, GError **error)
{
	const struct backup_request *request = capture->part.backup->request;
	struct filestore_layer *layer = capture->layer;
	g_autofree char *path = filestore_table_path(capture->folder, layer->name);
	g_autoptr(GByteArray) bytes = NULL;
	const Table *table;

	if (!pack_sink_table(capture->sink, &table, error) ||
	    !table_store(request->repos, table, capture->after->lock_until, layer->ref.table,
			 error))
		return false;
	bytes = table_encode(table);
	return file_write(path, bytes->data, bytes->len, &(struct file_write){.mode = 0600}, error);
}

static bool store_merged(struct merging *merging, GError **error)
{
	struct filestore_capture *capture = merging->capture;

	if (!load_tables(merging, error) || !merge_all(merging, error) ||
	    !layer_writer_finish(merging->writer, &capture->layer->ref, error) ||
	    !filestore_reader_finish(capture->reader, error) ||
	    !fault_point("step", "layer stored", error) ||
	    !layer_file_commit(merging->local, error) || !store_table(capture, error))
		return false;
	capture->layer->entries = merging->entries;
	capture->kept_layers = merging->first;
	capture->stored = pack_sink_stored(capture->sink) + capture->layer->ref.root_size;
	return fault_point("step", "table stored", error);
}

bool filestore_store_layer(struct filestore_capture *capture, GError **error)
{
	g_autofree char *path = filestore_layer_path(capture->folder, capture->suffix);
	__attribute__((cleanup(merging_clear))) struct merging merging = {
		.capture = capture,
		.tables = g_ptr_array_new_with_free_func(table_release),
		.rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref),
	};

	if (!filestore_pass_end(capture, error))
		return odr_context(error, "cannot store the layer");
	merging.first = layers_to_keep(capture);
	if (!filestore_consolidate(capture, merging.first, error) ||
	    !filestore_reader_end(capture->reader, error))
		return odr_context(error, "cannot store the layer");
	capture->layer = filestore_layer_new(capture->suffix);
	merging.writer = layer_writer_new(filestore_reader_packs(capture->reader));
	merging.local = layer_file_create(path, error);
	return (merging.local && store_merged(&merging, error)) ||
	       odr_context(error, "cannot store the layer");
}
