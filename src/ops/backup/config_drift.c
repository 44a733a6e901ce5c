#include "ops/backup/config_drift.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"

#include <string.h>

#define FILE_NAME "config-items.json"
#define FILE_MAX  ((size_t)64 << 20)
#define LABEL	  "odrbackup configuration item 1"

static char *path_of(const char *state)
{
	return g_build_filename(state, FILE_NAME, NULL);
}

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

static json_t *items_of(const CollectIndex *index, const uint8_t digest_secret[KEY_SIZE])
{
	json_t *items = json_object();
	uint8_t key[SHA256_SIZE];

	hmac_sha256(digest_secret, KEY_SIZE, LABEL, strlen(LABEL), key);
	for (guint i = 0; i < index->items->len; i++) {
		const struct collect_item *item = index->items->pdata[i];
		g_autofree char *digest = digest_of(item, key);

		json_set_string(items, item->path, digest);
	}
	return items;
}

static int64_t count_changes(json_t *before, json_t *after)
{
	const char *path;
	json_t *value;
	int64_t changed = 0;

	json_object_foreach(after, path, value)
	{
		const json_t *known = json_object_get(before, path);

		changed += !known || !json_equal(known, value);
	}
	json_object_foreach(before, path, value)
	{
		changed += !json_object_get(after, path);
	}
	return changed;
}

/* NULL without an error where there is none. */
static bool load(const char *state, json_t **document, GError **error)
{
	g_autofree char *path = path_of(state);
	g_autofree char *text = NULL;
	g_autoptr(GError) cause = NULL;

	*document = NULL;
	if (file_read_text(path, FILE_MAX, &text, &cause))
		return json_parse(text, strlen(text), path, document, error);
	if (odr_error_is(cause, ODR_ERROR_NOT_FOUND))
		return true;
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

bool config_drift_note(const char *state, const uint8_t digest_secret[KEY_SIZE],
		       const CollectIndex *index, int64_t *items, GError **error)
{
	g_autofree char *path = path_of(state);
	g_autoptr(JsonValue) before = NULL;
	g_autoptr(JsonValue) after = json_object();
	g_autofree char *text = NULL;
	json_t *now = items_of(index, digest_secret);
	int64_t changed = -1;

	json_set(after, "items", now);
	/* One that cannot be read is written anew: it only counts. */
	if (load(state, &before, NULL) && before)
		changed = count_changes(json_object_get(before, "items"), now);
	json_set_known(after, "changed", changed);
	text = json_print(after);
	if (!file_write(path, text, strlen(text), &(struct file_write){.mode = 0600}, error))
		return odr_context(error, "what the configuration has is not noted");
	*items = changed;
	return true;
}

bool config_drift_read(const char *state, int64_t *items, GError **error)
{
	g_autoptr(JsonValue) document = NULL;

	*items = -1;
	return load(state, &document, error) &&
	       (!document || json_int_optional(document, FILE_NAME, "changed", items, error));
}
