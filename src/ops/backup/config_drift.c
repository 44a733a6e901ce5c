#include "ops/backup/config_drift.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

#include <string.h>

#define FILE_NAME "config-items.json"
#define FILE_MAX  ((size_t)64 << 20)
#define LABEL	  "odrbackup configuration item 1"

/* ---- one capture --------------------------------------------------------------------------------- */

/* What of an item counts; times do not. */
static char *digest_of(const struct collect_item *item, const uint8_t key[SHA256_SIZE])
{
	g_autofree char *content = hex_encode(item->sha256, SHA256_SIZE);
	g_autofree char *text = g_strdup_printf(
		"%s\n%o\n%u\n%u\n%s\n%s\n%s\n%s", item->path, item->mode, item->uid, item->gid,
		item->owner ? item->owner : "", item->group ? item->group : "",
		item->link ? item->link : "", content);
	uint8_t digest[SHA256_SIZE];

	hmac_sha256(key, SHA256_SIZE, text, strlen(text), digest);
	return hex_encode(digest, sizeof(digest));
}

static json_t *items_of(const struct config_captured *captured)
{
	json_t *items = json_object();
	uint8_t key[SHA256_SIZE];

	hmac_sha256(captured->digest_secret, KEY_SIZE, LABEL, strlen(LABEL), key);
	for (guint i = 0; i < captured->index->items->len; i++) {
		const struct collect_item *item = captured->index->items->pdata[i];
		g_autofree char *digest = digest_of(item, key);

		json_set_string(items, item->path, digest);
	}
	return items;
}

static json_t *capture_json(const struct config_captured *captured)
{
	json_t *object = json_object();

	json_set_string(object, "set", captured->set);
	json_set(object, "items", items_of(captured));
	return object;
}

static const char *text_at(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* ---- the file ------------------------------------------------------------------------------------ */

static char *path_of(const char *state)
{
	return g_build_filename(state, FILE_NAME, NULL);
}

/* One that cannot be read is written anew: it only counts. */
static json_t *load(const char *state)
{
	g_autofree char *path = path_of(state);
	g_autofree char *text = NULL;
	json_t *document = NULL;

	if (file_read_text(path, FILE_MAX, &text, NULL) &&
	    json_parse(text, strlen(text), path, &document, NULL) && json_is_object(document))
		return document;
	json_decref(document);
	return json_object();
}

static bool save(const char *state, const json_t *document, GError **error)
{
	g_autofree char *path = path_of(state);
	g_autofree char *text = json_print(document);

	return file_write(path, text, strlen(text), &(struct file_write){.mode = 0600}, error) ||
	       odr_context(error, "what the configuration has is not noted");
}

/* Ids of sets begin with their time; in which order those of one second were made, they do not say. */
#define SET_SECOND strlen("20261121T031500Z")

static void take_newest(json_t *document, const struct config_captured *captured, bool is_last)
{
	const char *known = text_at(json_object_get(document, "captured"), "set");
	int order = known ? strncmp(known, captured->set, SET_SECOND) : -1;

	if (order < 0 || (order == 0 && is_last))
		json_set(document, "captured", capture_json(captured));
}

bool config_drift_captured(const char *state, const struct config_captured *captured,
			   GError **error)
{
	g_autoptr(JsonValue) document = load(state);

	take_newest(document, captured, true);
	return save(state, document, error);
}

bool config_drift_drilled(const char *state, const struct config_drilled *drilled, GError **error)
{
	g_autoptr(JsonValue) document = load(state);
	json_t *object = capture_json(&drilled->captured);

	json_set_string(object, "run", drilled->run);
	json_set_time(object, "time", drilled->time);
	json_set(document, "drilled", object);
	take_newest(document, &drilled->captured, false);
	return save(state, document, error);
}

/* ---- what differs -------------------------------------------------------------------------------- */

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *compare(json_t *before, json_t *after)
{
	GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
	const char *path;
	json_t *value;

	json_object_foreach(after, path, value)
	{
		const json_t *known = json_object_get(before, path);

		if (!known || !json_equal(known, value))
			g_ptr_array_add(paths, g_strdup(path));
	}
	json_object_foreach(before, path, value)
	{
		if (!json_object_get(after, path))
			g_ptr_array_add(paths, g_strdup(path));
	}
	g_ptr_array_sort(paths, by_name);
	return paths;
}

void config_drift_read(const char *state, struct config_drift *drift)
{
	g_autoptr(JsonValue) document = load(state);
	json_t *drilled = json_object_get(document, "drilled");
	json_t *captured = json_object_get(document, "captured");
	const char *time = text_at(drilled, "time");

	*drift = (struct config_drift){.items = -1,
				       .drilled = g_strdup(text_at(drilled, "set")),
				       .run = g_strdup(text_at(drilled, "run")),
				       .captured = g_strdup(text_at(captured, "set"))};
	if (time && !clock_parse(time, &drift->time, NULL))
		drift->time = 0;
	if (!drift->drilled || !drift->captured)
		return;
	drift->paths =
		compare(json_object_get(drilled, "items"), json_object_get(captured, "items"));
	drift->items = drift->paths->len;
}

void config_drift_clear(struct config_drift *drift)
{
	g_clear_pointer(&drift->paths, g_ptr_array_unref);
	g_clear_pointer(&drift->drilled, g_free);
	g_clear_pointer(&drift->run, g_free);
	g_clear_pointer(&drift->captured, g_free);
}
