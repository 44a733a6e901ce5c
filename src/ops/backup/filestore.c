#include "ops/backup/filestore.h"

#include "base/error.h"
#include "base/fault.h"
#include "base/stop.h"
#include "ops/filestore/steps.h"

#include <string.h>

/* Of what people attach, level 2 takes a fiftieth less room than level 1, for 3 % more time of a CPU: files are
 * stored once and kept for long. */
#define LEVEL_LEAST 2

static void file_release(void *file)
{
	layer_file_free(file);
}

static bool open_layers(struct filestore_capture *capture, GError **error)
{
	for (guint i = 0; i < capture->before->layers->len; i++) {
		const struct filestore_layer *layer = capture->before->layers->pdata[i];
		g_autofree char *path = filestore_layer_path(capture->folder, layer->name);
		LayerFile *file = layer_file_open(path, error);

		if (!file)
			return false;
		g_ptr_array_add(capture->known, file);
	}
	return true;
}

static bool reader_tick(void *data, uint64_t bytes_done, GError **error)
{
	struct filestore_capture *capture = data;

	backup_progress(capture->part.backup, "reading files", bytes_done, capture->bytes_total);
	return stop_check(error);
}

static bool open_tools(struct filestore_capture *capture, GError **error)
{
	struct backup *backup = capture->part.backup;
	const FilestoreState *before = capture->before;
	struct pack_sink_settings packs = backup_sink_settings(backup, capture->after->generation,
							       capture->after->lock_until);
	g_autofree char *looks =
		before->folders ? g_build_filename(capture->folder, before->folders, NULL) : NULL;
	g_autofree char *name = g_strconcat("folders-", capture->suffix, NULL);
	g_autofree char *looks_after = g_build_filename(capture->folder, name, NULL);

	packs.compress_level = MAX(packs.compress_level, LEVEL_LEAST);
	capture->sink = pack_sink_new(&packs);
	capture->reader = filestore_reader_new(
		&(struct filestore_reader_settings){.sink = capture->sink,
						    .workers = backup->request->workers,
						    .digest_seed = packs.digest_seed,
						    .odoo = !capture->settings->plain,
						    .keep = filestore_change,
						    .data = capture,
						    .tick = reader_tick});
	capture->accounts = accounts_new();
	capture->changes = sorter_new(capture->folder);
	capture->looks = folders_reader_open(looks);
	capture->looks_after = folders_writer_create(looks_after, error);
	for (guint i = 0; i < before->damaged->len; i++) {
		const struct damage *damage = before->damaged->pdata[i];

		g_hash_table_insert(capture->damaged_before, g_strdup(damage->path),
				    g_strdup(damage->what));
	}
	return capture->looks_after != NULL;
}

/* An empty folder where there were files is more likely one whose file system is not mounted. */
static bool check_mounted(const struct filestore_capture *capture, GError **error)
{
	if (capture->trees.trees->len > 0 || capture->before->files == 0)
		return true;
	return odr_fail(error, ODR_ERROR_UNREACHABLE,
			"no folder is left of the filestore, which had %" G_GUINT64_FORMAT
			" files in set %s: is its file system mounted? If all of it is meant to be "
			"gone, capture it with --full",
			capture->before->files, capture->before->set_id);
}

/* The folder that holds the trees: who restores it into a new one needs its owner and mode. */
static bool capture_root(struct filestore_capture *capture, GError **error)
{
	struct layer_entry *entry;
	struct stat status;
	bool done;

	if (!capture->begins || !capture->trees.root || stat(capture->trees.root, &status) != 0)
		return true;
	entry = filestore_entry_of(capture->accounts, "filestore", &status);
	done = filestore_change(capture, entry, 0, error);
	layer_entry_free(entry);
	return done;
}

static bool capture_absent(struct filestore_capture *capture, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const char *name;
	json_t *facts;

	json_object_foreach(capture->after->trees, name, facts)
	{
		if (!g_hash_table_contains(capture->trees.by_name, name) &&
		    !g_hash_table_contains(capture->trees.omitted, name))
			g_ptr_array_add(names, g_strdup(name));
	}
	for (guint i = 0; i < names->len; i++)
		if (!filestore_capture_absence(capture, names->pdata[i], error))
			return false;
	return true;
}

static bool capture_trees(struct filestore_capture *capture, GError **error)
{
	const struct backup *backup = capture->part.backup;

	for (guint i = 0; i < capture->trees.notes->len; i++)
		backup_note(backup, "%s", (char *)capture->trees.notes->pdata[i]);
	for (guint i = 0; i < capture->trees.omissions->len; i++)
		g_ptr_array_add(backup->result->omissions,
				g_strdup(capture->trees.omissions->pdata[i]));
	capture->part.incomplete = capture->trees.omissions->len > 0;
	if (!capture_root(capture, error))
		return false;
	for (guint i = 0; i < capture->trees.trees->len; i++)
		if (!stop_check(error) ||
		    !filestore_capture_tree(capture, capture->trees.trees->pdata[i], error))
			return false;
	return capture_absent(capture, error);
}

static bool same_damage(const struct filestore_capture *capture)
{
	const GPtrArray *damaged = capture->after->damaged;

	if (damaged->len != g_hash_table_size(capture->damaged_before))
		return false;
	for (guint i = 0; i < damaged->len; i++) {
		const struct damage *damage = damaged->pdata[i];

		if (g_strcmp0(g_hash_table_lookup(capture->damaged_before, damage->path),
			      damage->what) != 0)
			return false;
	}
	return true;
}

static bool keep_looks(struct filestore_capture *capture, GError **error)
{
	if (capture->settings->plain || (!capture->looks_moved && capture->before->folders))
		return true;
	if (!folders_writer_commit(capture->looks_after, error))
		return false;
	g_free(capture->after->folders);
	capture->after->folders = g_strconcat("folders-", capture->suffix, NULL);
	return true;
}

/* What was found becomes a layer, or the proof that there was nothing. */
static bool conclude(struct filestore_capture *capture, GError **error)
{
	bool changed, new;

	if (!keep_looks(capture, error))
		return false;
	changed = __atomic_load_n(&capture->changed, __ATOMIC_RELAXED) > 0;
	new = capture->begins || changed || capture->alarms->len > 0 || !same_damage(capture);
	capture->part.stopped = clock_now();
	if (!new && !capture->due) {
		capture->part.unchanged_since = g_strdup(capture->before->set_id);
		return true;
	}
	if (capture->due) {
		capture->after->listed = capture->part.started;
		filestore_databases_judge(capture);
	}
	return (!capture->begins && !changed) || filestore_store_layer(capture, error);
}

static bool capture_once(struct filestore_capture *capture, GError **error)
{
	filestore_databases_list(capture);
	return open_layers(capture, error) && check_mounted(capture, error) &&
	       open_tools(capture, error) && capture_trees(capture, error) &&
	       conclude(capture, error);
}

static void tools_clear(struct filestore_capture *capture)
{
	g_clear_pointer(&capture->known, g_ptr_array_unref);
	g_clear_pointer(&capture->passes, g_ptr_array_unref);
	g_clear_pointer(&capture->changes, sorter_free);
	g_clear_pointer(&capture->looks, folders_reader_free);
	g_clear_pointer(&capture->looks_after, folders_writer_free);
	g_clear_pointer(&capture->damaged_before, g_hash_table_unref);
	g_clear_pointer(&capture->reader, filestore_reader_free);
	g_clear_pointer(&capture->sink, pack_sink_free);
	g_clear_pointer(&capture->accounts, accounts_free);
	g_clear_pointer(&capture->alarms, g_ptr_array_unref);
	g_clear_pointer(&capture->databases, g_hash_table_unref);
	g_clear_pointer(&capture->databases_unknown, g_free);
	g_clear_pointer(&capture->layer, filestore_layer_free);
	g_clear_pointer(&capture->suffix, g_free);
}

static void tools_init(struct filestore_capture *capture)
{
	capture->suffix = set_id_new(clock_now());
	capture->known = g_ptr_array_new_with_free_func(file_release);
	capture->passes = g_ptr_array_new_with_free_func(g_free);
	capture->damaged_before = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	capture->alarms = g_ptr_array_new_with_free_func((GDestroyNotify)damage_free);
	capture->changed = 0;
	capture->looks_moved = false;
	capture->bytes_total = 0;
}

/* What is known here was damaged: it is lost, and a new generation always works. */
static bool begin_after_damage(struct filestore_capture *capture, GError **error)
{
	if (capture->begins || !error || !odr_error_is(*error, ODR_ERROR_CORRUPT))
		return false;
	backup_note(capture->part.backup,
		    "a new generation of the filestore begins, and everything is stored anew: %s",
		    (*error)->message);
	g_clear_error(error);
	filestore_generation_begin(capture);
	tools_clear(capture);
	tools_init(capture);
	return true;
}

static bool filestore_capture_all(BackupPart *part, GError **error)
{
	struct filestore_capture *capture = (struct filestore_capture *)part;
	GError *trouble = NULL;

	part->started = clock_now();
	capture->folder = g_build_filename(part->backup->request->state, "filestore", NULL);
	tools_init(capture);
	if (!filestore_trees_find(capture->settings, &capture->trees, error) ||
	    !filestore_generation_choose(capture, error))
		return false;
	bool done = capture_once(capture, &trouble);

	if (!done && begin_after_damage(capture, &trouble))
		done = capture_once(capture, &trouble);
	if (!done)
		g_propagate_error(error, trouble);
	return done;
}

/* Layers that stay, and the new one. */
static void describe_layers(struct filestore_capture *capture)
{
	GPtrArray *layers = capture->after->layers;

	if (!capture->layer)
		return;
	g_ptr_array_set_size(layers, (gint)MIN(capture->kept_layers, layers->len));
	g_ptr_array_add(layers, g_steal_pointer(&capture->layer));
}

static void describe_damage(struct filestore_capture *capture, Manifest *manifest)
{
	const GPtrArray *damaged = capture->after->damaged;

	for (guint i = 0; i < damaged->len; i++) {
		const struct damage *damage = damaged->pdata[i];

		damage_add(manifest->damaged, damage->path, "%s", damage->what);
		capture->part.damaged_new +=
			g_strcmp0(g_hash_table_lookup(capture->damaged_before, damage->path),
				  damage->what) != 0;
	}
	for (guint i = 0; i < capture->alarms->len; i++) {
		const struct damage *alarm = capture->alarms->pdata[i];

		damage_add(manifest->damaged, alarm->path, "%s", alarm->what);
	}
	capture->part.damaged_new += capture->alarms->len;
}

static bool filestore_describe(BackupPart *part, Manifest *manifest, GError **error)
{
	struct filestore_capture *capture = (struct filestore_capture *)part;
	FilestoreState *after = capture->after;
	struct set_part *described =
		backup_part_describe(part, manifest, capture->begins ? "full" : "incremental",
				     after->generation, after->lock_until);
	json_t *facts = json_object();

	describe_layers(capture);
	for (guint i = 0; i < after->layers->len; i++) {
		const struct filestore_layer *layer = after->layers->pdata[i];

		g_array_append_val(described->layers, layer->ref);
	}
	described->files = after->files;
	described->bytes = after->bytes;
	described->stored = capture->stored;
	json_set_string(facts, "layout", after->layout);
	json_set(facts, "trees", json_incref(after->trees));
	if (part->incomplete)
		json_set_bool(facts, "incomplete", true);
	json_set(manifest->facts, PART_FILESTORE, facts);
	describe_damage(capture, manifest);
	g_free(after->set_id);
	after->set_id = g_strdup(manifest->set_id);
	after->published = manifest->created;
	return filestore_state_prepare(capture->folder, after, error);
}

static bool filestore_published(BackupPart *part, const Manifest *manifest, GError **error)
{
	struct filestore_capture *capture = (struct filestore_capture *)part;

	if (manifest)
		return fault_point("step", "set published", error) &&
		       filestore_state_adopt(capture->folder, capture->after, error);
	return !capture->looks_moved ||
	       filestore_state_save(capture->folder, capture->after, error);
}

static void filestore_free(BackupPart *part)
{
	struct filestore_capture *capture = (struct filestore_capture *)part;

	tools_clear(capture);
	filestore_trees_clear(&capture->trees);
	filestore_state_free(capture->before);
	filestore_state_free(capture->after);
	g_free(capture->folder);
	g_free(capture);
}

static const struct backup_part_class filestore_class = {
	.name = PART_FILESTORE,
	.capture = filestore_capture_all,
	.describe = filestore_describe,
	.published = filestore_published,
	.free = filestore_free,
};

BackupPart *backup_filestore_new(const struct backup_filestore *settings)
{
	struct filestore_capture *capture = g_new0(struct filestore_capture, 1);

	capture->part.class = &filestore_class;
	capture->settings = settings;
	return &capture->part;
}
