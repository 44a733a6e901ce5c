#include "ops/restore/layers.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/pool.h"
#include "base/stop.h"
#include "repo/layer.h"

/* At once: each may hold a root, and what is fetched of its entries. */
#define READERS 8

struct job {
	const Manifest *manifest;
	const struct layer_ref *ref;
	bool tombstones;
};

struct restore_layers {
	struct restore_layers_settings settings;
	GHashTable *seen; /* roots, in hex; owned */
	GArray *jobs;	  /* struct job */
	GArray *read;	  /* struct restore_layer, as many */
};

static void layer_clear(void *data)
{
	struct restore_layer *layer = data;

	layer_file_free(layer->file);
	table_free(layer->table);
}

RestoreLayers *restore_layers_new(const struct restore_layers_settings *settings)
{
	RestoreLayers *layers = g_new0(RestoreLayers, 1);

	layers->settings = *settings;
	layers->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	layers->jobs = g_array_new(false, false, sizeof(struct job));
	layers->read = g_array_new(false, true, sizeof(struct restore_layer));
	g_array_set_clear_func(layers->read, layer_clear);
	return layers;
}

void restore_layers_free(RestoreLayers *layers)
{
	if (!layers)
		return;
	g_hash_table_unref(layers->seen);
	g_array_unref(layers->jobs);
	g_array_unref(layers->read);
	g_free(layers);
}

void restore_layers_add(RestoreLayers *layers, const Manifest *manifest, bool tombstones)
{
	const struct set_part *part = manifest_part(manifest, layers->settings.part);

	for (guint i = 0; i < part->layers->len; i++) {
		struct job job = {.manifest = manifest,
				  .ref = &g_array_index(part->layers, struct layer_ref, i),
				  .tombstones = tombstones};

		if (g_hash_table_add(layers->seen, hex_encode(job.ref->root, SHA256_SIZE)))
			g_array_append_val(layers->jobs, job);
	}
}

/* One layer. */

struct taking {
	LayerFileWriter *writer;
	bool tombstones;
};

static bool take_entry(void *data, struct layer_entry **entry, GError **error)
{
	const struct taking *taking = data;

	if (!stop_check(error))
		return false;
	if ((*entry)->kind == ENTRY_TOMBSTONE && !taking->tombstones)
		return true;
	return layer_file_add(taking->writer, *entry, 0, error);
}

static bool read_layer(const RestoreLayers *layers, const struct job *job, const char *path,
		       Table **table, GError **error)
{
	const struct restore_layers_settings *settings = &layers->settings;
	const char *generation = manifest_part(job->manifest, settings->part)->generation;
	g_autoptr(LayerFileWriter) writer = layer_file_create(path, error);
	struct taking taking = {.writer = writer, .tombstones = job->tombstones};

	return writer &&
	       layer_load(&(struct layer_source){settings->repo, settings->identity, generation,
						 job->ref},
			  table, take_entry, &taking, error) &&
	       layer_file_commit(writer, error);
}

static bool run(void *shared, void *context, size_t number, GError **error)
{
	const RestoreLayers *layers = shared;
	const struct job *job = &g_array_index(layers->jobs, struct job, number);
	struct restore_layer *layer = &g_array_index(layers->read, struct restore_layer, number);
	g_autofree char *path = g_strdup_printf("%s/layer-%zu", layers->settings.folder, number);

	(void)context;
	if (!read_layer(layers, job, path, &layer->table, error))
		return odr_context(error, "cannot read set %s", job->manifest->set_id);
	layer->file = layer_file_open(path, error);
	return layer->file != NULL;
}

static bool number_packs(RestoreLayers *layers, GError **error)
{
	uint64_t packs = 0;

	for (guint i = 0; i < layers->read->len; i++) {
		struct restore_layer *layer = &g_array_index(layers->read, struct restore_layer, i);

		layer->first_pack = (uint32_t)packs;
		packs += layer->table->rows->len;
		if (packs > G_MAXUINT32)
			return odr_fail(error, ODR_ERROR_REFUSED,
					"the captures have too many packs");
	}
	return true;
}

const GArray *restore_layers_read(RestoreLayers *layers, GError **error)
{
	struct pool_work work = {
		.workers = MIN(MAX(layers->jobs->len, 1), READERS),
		.jobs = layers->jobs->len,
		.shared = layers,
		.run = run,
	};

	g_array_set_size(layers->read, layers->jobs->len);
	return pool_run(&work, error) && number_packs(layers, error) ? layers->read : NULL;
}
