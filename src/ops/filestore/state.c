#include "ops/filestore/state.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FORMAT	  1
#define WHAT	  "the filestore's state"
#define STATE	  "state"
#define NEXT	  "next"
#define STATE_MAX ((size_t)64 << 20)

void filestore_layer_free(struct filestore_layer *layer)
{
	if (!layer)
		return;
	g_free(layer->name);
	g_free(layer);
}

struct filestore_layer *filestore_layer_new(const char *name)
{
	struct filestore_layer *layer = g_new0(struct filestore_layer, 1);

	layer->name = g_strdup(name);
	return layer;
}

FilestoreState *filestore_state_new(void)
{
	FilestoreState *state = g_new0(FilestoreState, 1);

	state->stores = g_ptr_array_new_with_free_func(g_free);
	state->layers = g_ptr_array_new_with_free_func((GDestroyNotify)filestore_layer_free);
	state->trees = json_object();
	state->damaged = g_ptr_array_new_with_free_func((GDestroyNotify)damage_free);
	return state;
}

void filestore_state_free(FilestoreState *state)
{
	if (!state)
		return;
	g_free(state->set_id);
	g_free(state->generation);
	g_free(state->keys);
	g_free(state->layout);
	g_free(state->folders);
	g_ptr_array_unref(state->stores);
	g_ptr_array_unref(state->layers);
	g_ptr_array_unref(state->damaged);
	json_decref(state->trees);
	g_free(state);
}

char *filestore_layer_path(const char *folder, const char *name)
{
	g_autofree char *file = g_strconcat("layer-", name, NULL);

	return g_build_filename(folder, file, NULL);
}

char *filestore_table_path(const char *folder, const char *name)
{
	g_autofree char *file = g_strconcat("table-", name, NULL);

	return g_build_filename(folder, file, NULL);
}

/* Printing. */

static void set_digest(json_t *object, const char *name, const uint8_t digest[SHA256_SIZE])
{
	g_autofree char *hex = hex_encode(digest, SHA256_SIZE);

	json_set_string(object, name, hex);
}

static json_t *layers_json(const GPtrArray *layers)
{
	json_t *array = json_array();

	for (guint i = 0; i < layers->len; i++) {
		const struct filestore_layer *layer = layers->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "name", layer->name);
		set_digest(object, "root", layer->ref.root);
		json_set_int(object, "root_size", (int64_t)layer->ref.root_size);
		set_digest(object, "table", layer->ref.table);
		json_set_int(object, "entries", (int64_t)layer->entries);
		json_array_append_new(array, object);
	}
	return array;
}

char *filestore_state_print(const FilestoreState *state)
{
	g_autoptr(JsonValue) object = json_object();

	json_set_int(object, "format", FORMAT);
	json_set_string(object, "set", state->set_id);
	json_set_int(object, "published_us", state->published);
	json_set_string(object, "generation", state->generation);
	json_set_int(object, "generation_started_us", state->generation_started);
	json_set_int(object, "lock_until_us", state->lock_until);
	json_set_string(object, "keys", state->keys);
	json_set_string(object, "layout", state->layout);
	json_set(object, "stores", json_strings(state->stores));
	json_set(object, "layers", layers_json(state->layers));
	json_set_string(object, "folders", state->folders);
	json_set_int(object, "listed_us", state->listed);
	json_set_int(object, "judged_us", state->judged);
	json_set_int(object, "files", (int64_t)state->files);
	json_set_int(object, "bytes", (int64_t)state->bytes);
	json_set(object, "trees", json_incref(state->trees));
	json_set(object, "damaged", damage_json(state->damaged));
	return json_print(object);
}

/* Parsing. */

static bool count_member(json_t *object, const char *name, uint64_t *value, GError **error)
{
	int64_t number;

	if (!json_int_member(object, WHAT, name, &number, error))
		return false;
	if (number < 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, WHAT ": \"%s\" is negative", name);
	*value = (uint64_t)number;
	return true;
}

static bool time_member(json_t *object, const char *name, usec_t *value, GError **error)
{
	uint64_t number = 0;

	if (!count_member(object, name, &number, error))
		return false;
	*value = (usec_t)number;
	return true;
}

static bool text_member(json_t *object, const char *name, char **value, GError **error)
{
	const char *text;

	if (!json_string_member(object, WHAT, name, &text, error))
		return false;
	*value = g_strdup(text);
	return true;
}

/* Names become parts of paths. */
static bool is_file_name(const char *name)
{
	return name[0] && name[0] != '.' && !strchr(name, '/') && strlen(name) < 200;
}

static bool parse_layer(json_t *object, GPtrArray *layers, GError **error)
{
	const char *name, *root, *table;

	if (!json_is_object(object))
		return odr_fail(error, ODR_ERROR_CORRUPT, WHAT ": a layer is not an object");
	if (!json_string_member(object, WHAT, "name", &name, error) ||
	    !json_string_member(object, WHAT, "root", &root, error) ||
	    !json_string_member(object, WHAT, "table", &table, error))
		return false;

	struct filestore_layer *layer = filestore_layer_new(name);

	g_ptr_array_add(layers, layer);
	if (!is_file_name(name) || !hex_decode(root, layer->ref.root, SHA256_SIZE) ||
	    !hex_decode(table, layer->ref.table, SHA256_SIZE))
		return odr_fail(error, ODR_ERROR_CORRUPT, WHAT ": a layer has a wrong value");
	return count_member(object, "root_size", &layer->ref.root_size, error) &&
	       count_member(object, "entries", &layer->entries, error);
}

static bool parse_layers(json_t *object, FilestoreState *state, GError **error)
{
	json_t *layers, *layer;
	size_t i;

	if (!json_array_member(object, WHAT, "layers", &layers, error))
		return false;
	if (json_array_size(layers) < 1 || json_array_size(layers) > LAYERS_MAX)
		return odr_fail(error, ODR_ERROR_CORRUPT, WHAT " has %zu layers",
				json_array_size(layers));
	json_array_foreach(layers, i, layer)
	{
		if (!parse_layer(layer, state->layers, error))
			return false;
	}
	return true;
}

static bool parse_stores(json_t *object, FilestoreState *state, GError **error)
{
	json_t *stores, *store;
	size_t i;

	if (!json_array_member(object, WHAT, "stores", &stores, error))
		return false;
	json_array_foreach(stores, i, store)
	{
		if (!json_is_string(store))
			return odr_fail(error, ODR_ERROR_CORRUPT, WHAT ": a store is no text");
		g_ptr_array_add(state->stores, g_strdup(json_string_value(store)));
	}
	return true;
}

/* Text as json_set_string wrote it. */
static char *text_of(json_t *object, const char *name)
{
	g_autofree char *hex_name = g_strconcat(name, "_hex", NULL);
	const char *text = json_string_value(json_object_get(object, name));
	const char *hex = json_string_value(json_object_get(object, hex_name));
	size_t size = hex ? strlen(hex) / 2 : 0;
	g_autofree char *bytes = g_malloc0(size + 1);

	if (!hex)
		return g_strdup(text);
	return hex_decode(hex, bytes, size) ? g_steal_pointer(&bytes) : NULL;
}

static bool parse_damaged(json_t *object, FilestoreState *state, GError **error)
{
	json_t *damaged, *one;
	size_t i;

	if (!json_array_member(object, WHAT, "damaged", &damaged, error))
		return false;
	json_array_foreach(damaged, i, one)
	{
		struct damage *damage = g_new0(struct damage, 1);

		g_ptr_array_add(state->damaged, damage);
		damage->path = text_of(one, "path");
		damage->what = text_of(one, "what");
		if (!damage->path || !damage->what)
			return odr_fail(error, ODR_ERROR_CORRUPT, WHAT ": a damage has no path");
	}
	return true;
}

static bool parse_trees(json_t *object, FilestoreState *state, GError **error)
{
	json_t *trees;

	if (!json_object_member(object, WHAT, "trees", &trees, error))
		return false;
	json_decref(state->trees);
	state->trees = json_incref(trees);
	return true;
}

static bool parse_members(json_t *object, FilestoreState *state, GError **error)
{
	const char *folders = NULL;
	int64_t format;

	if (!json_int_member(object, WHAT, "format", &format, error))
		return false;
	if (format != FORMAT)
		return odr_fail(error, ODR_ERROR_CORRUPT, WHAT " has an unknown format");
	if (!text_member(object, "set", &state->set_id, error) ||
	    !time_member(object, "published_us", &state->published, error) ||
	    !text_member(object, "generation", &state->generation, error) ||
	    !time_member(object, "generation_started_us", &state->generation_started, error) ||
	    !time_member(object, "lock_until_us", &state->lock_until, error) ||
	    !text_member(object, "keys", &state->keys, error) ||
	    !text_member(object, "layout", &state->layout, error) ||
	    !json_string_optional(object, WHAT, "folders", &folders, error) ||
	    !time_member(object, "listed_us", &state->listed, error) ||
	    !time_member(object, "judged_us", &state->judged, error) ||
	    !count_member(object, "files", &state->files, error) ||
	    !count_member(object, "bytes", &state->bytes, error))
		return false;
	if (!set_id_valid(state->set_id) || !generation_id_valid(state->generation) ||
	    (folders && !is_file_name(folders)))
		return odr_fail(error, ODR_ERROR_CORRUPT, WHAT ": a member has a wrong value");
	state->folders = g_strdup(folders);
	return parse_stores(object, state, error) && parse_layers(object, state, error) &&
	       parse_trees(object, state, error) && parse_damaged(object, state, error);
}

bool filestore_state_parse(const char *text, size_t size, FilestoreState **state, GError **error)
{
	g_autoptr(FilestoreState) parsed = filestore_state_new();
	g_autoptr(JsonValue) object = NULL;

	if (!json_parse(text, size, WHAT, &object, error))
		return false;
	if (!json_is_object(object))
		return odr_fail(error, ODR_ERROR_CORRUPT, WHAT " is not an object");
	if (!parse_members(object, parsed, error))
		return false;
	*state = g_steal_pointer(&parsed);
	return true;
}

/* Files. */

/* NULL where there is none, or none that can be used; then *why says why. */
static FilestoreState *read_state(const char *path, char **why)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) cause = NULL;
	FilestoreState *state = NULL;

	if (file_read_text(path, STATE_MAX, &text, &cause) &&
	    filestore_state_parse(text, strlen(text), &state, &cause))
		return state;
	if (!odr_error_is(cause, ODR_ERROR_NOT_FOUND)) {
		g_free(*why);
		*why = g_strdup(cause->message);
	}
	return NULL;
}

/* Whether every file is there that it names. What is in them is seen when they are read. */
static bool has_files(const char *folder, const FilestoreState *state)
{
	for (guint i = 0; i < state->layers->len; i++) {
		const struct filestore_layer *layer = state->layers->pdata[i];
		g_autofree char *entries = filestore_layer_path(folder, layer->name);
		g_autofree char *table = filestore_table_path(folder, layer->name);

		if (!g_file_test(entries, G_FILE_TEST_IS_REGULAR) ||
		    !g_file_test(table, G_FILE_TEST_IS_REGULAR))
			return false;
	}
	return true;
}

static bool promote(const char *folder, GError **error)
{
	g_autofree char *from = g_build_filename(folder, NEXT, NULL);
	g_autofree char *to = g_build_filename(folder, STATE, NULL);

	if (rename(from, to) != 0)
		return odr_fail_errno(error, errno, "cannot put '%s' in place", to);
	return file_sync_dir(folder, error);
}

static bool is_named(const FilestoreState *state, const char *file)
{
	if ((state->set_id && strcmp(file, STATE) == 0) || g_strcmp0(file, state->folders) == 0)
		return true;
	for (guint i = 0; i < state->layers->len; i++) {
		const struct filestore_layer *layer = state->layers->pdata[i];

		if ((g_str_has_prefix(file, "layer-") || g_str_has_prefix(file, "table-")) &&
		    strcmp(file + strlen("layer-"), layer->name) == 0)
			return true;
	}
	return false;
}

/* What cannot be removed now will be the next time. */
static void remove_others(const char *folder, const FilestoreState *state)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (!is_named(state, name))
			file_remove_tree(path, NULL);
	}
}

bool filestore_state_load(const char *folder, const char *last_set, FilestoreState **state,
			  char **lost, GError **error)
{
	g_autofree char *state_path = g_build_filename(folder, STATE, NULL);
	g_autofree char *next_path = g_build_filename(folder, NEXT, NULL);
	g_autofree char *why = NULL;
	g_autoptr(FilestoreState) loaded = read_state(state_path, &why);
	g_autoptr(FilestoreState) next = last_set ? read_state(next_path, &why) : NULL;

	if (next && strcmp(next->set_id, last_set) == 0) {
		if (!promote(folder, error))
			return false;
		filestore_state_free(g_steal_pointer(&loaded));
		loaded = g_steal_pointer(&next);
	}
	if (loaded && last_set && strcmp(loaded->set_id, last_set) != 0)
		why = g_strdup_printf("what is known here of the filestore is of set %s, and set "
				      "%s was published since",
				      loaded->set_id, last_set);
	else if (loaded && !has_files(folder, loaded))
		why = g_strdup("files of what is known here of the filestore are missing");
	else if (loaded)
		g_clear_pointer(&why, g_free);
	else if (!why && last_set)
		why = g_strdup_printf("nothing is known here of set %s", last_set);
	*state = why || !loaded ? filestore_state_new() : g_steal_pointer(&loaded);
	*lost = g_steal_pointer(&why);
	remove_others(folder, *state);
	return true;
}

static bool write_state(const char *folder, const char *name, const FilestoreState *state,
			GError **error)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *text = filestore_state_print(state);

	return file_write(path, text, strlen(text), &(struct file_write){.mode = 0600}, error);
}

bool filestore_state_prepare(const char *folder, const FilestoreState *state, GError **error)
{
	return write_state(folder, NEXT, state, error);
}

bool filestore_state_adopt(const char *folder, const FilestoreState *state, GError **error)
{
	if (!promote(folder, error))
		return false;
	remove_others(folder, state);
	return true;
}

bool filestore_state_save(const char *folder, const FilestoreState *state, GError **error)
{
	if (!write_state(folder, STATE, state, error))
		return false;
	remove_others(folder, state);
	return true;
}
