#include "repo/manifest.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "repo/manifest_json.h"
#include "repo/manifest_parts.h"

#define PUBLIC_MAX (SEAL_HEADER_MAX - ((size_t)64 << 10)) /* the header holds other fields, too */
#define SEALED_MAX ((size_t)32 << 20)

Manifest *manifest_new(void)
{
	Manifest *manifest = g_new0(Manifest, 1);

	manifest->parts = g_ptr_array_new_with_free_func((GDestroyNotify)set_part_free);
	manifest->damaged = g_ptr_array_new_with_free_func((GDestroyNotify)damage_free);
	manifest->databases = json_array();
	manifest->server = json_object();
	manifest->facts = json_object();
	return manifest;
}

void set_part_free(struct set_part *part)
{
	if (!part)
		return;
	g_free(part->part);
	g_free(part->kind);
	g_free(part->generation);
	g_clear_pointer(&part->layers, g_array_unref);
	g_free(part);
}

void damage_free(struct damage *damage)
{
	if (!damage)
		return;
	g_free(damage->path);
	g_free(damage->what);
	g_free(damage);
}

void damage_add(GPtrArray *damaged, const char *path, const char *format, ...)
{
	struct damage *damage = g_new0(struct damage, 1);
	va_list arguments;

	damage->path = g_strdup(path);
	va_start(arguments, format);
	damage->what = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_ptr_array_add(damaged, damage);
}

json_t *damage_json(const GPtrArray *damaged)
{
	json_t *array = json_array();

	for (guint i = 0; i < damaged->len; i++) {
		const struct damage *damage = damaged->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "path", damage->path);
		json_set_string(object, "what", damage->what);
		json_array_append_new(array, object);
	}
	return array;
}

static void set_wal_free(struct set_wal *wal)
{
	if (!wal)
		return;
	g_clear_pointer(&wal->objects, g_ptr_array_unref);
	g_free(wal);
}

void manifest_free(Manifest *manifest)
{
	if (!manifest)
		return;
	g_free(manifest->set_id);
	g_free(manifest->previous_set);
	g_free(manifest->program);
	g_clear_pointer(&manifest->parts, g_ptr_array_unref);
	set_wal_free(manifest->wal);
	g_free(manifest->host);
	g_free(manifest->label);
	g_free(manifest->data_directory);
	g_free(manifest->backup_label);
	g_free(manifest->tablespace_map);
	json_decref(manifest->databases);
	json_decref(manifest->server);
	json_decref(manifest->facts);
	g_clear_pointer(&manifest->damaged, g_ptr_array_unref);
	g_free(manifest);
}

const struct set_part *manifest_part(const Manifest *manifest, const char *part)
{
	for (guint i = 0; i < manifest->parts->len; i++) {
		const struct set_part *one = manifest->parts->pdata[i];

		if (strcmp(one->part, part) == 0)
			return one;
	}
	return NULL;
}

usec_t manifest_part_started(const Manifest *manifest, const char *part)
{
	const struct set_part *one = manifest_part(manifest, part);

	return one && one->started ? one->started : manifest->started;
}

usec_t manifest_part_stopped(const Manifest *manifest, const char *part)
{
	const struct set_part *one = manifest_part(manifest, part);

	return one && one->stopped ? one->stopped : manifest->stopped;
}

bool manifest_part_incomplete(const Manifest *manifest, const char *part)
{
	return json_is_true(json_object_get(json_object_get(manifest->facts, part), "incomplete"));
}

usec_t manifest_lock_until(const Manifest *manifest)
{
	usec_t until = INT64_MAX;

	for (guint i = 0; i < manifest->parts->len; i++)
		until = MIN(until,
			    ((const struct set_part *)manifest->parts->pdata[i])->lock_until);
	return MAX(until, manifest->retain_until);
}

/* What no reader would take must not become a set: the reader's own checks judge it first. */
static bool check_own_text(const Manifest *manifest, const uint8_t *service_id,
			   const char *public_text, const char *sealed_text, GError **error)
{
	g_autoptr(Manifest) again = manifest_new();

	if (strlen(public_text) > PUBLIC_MAX || strlen(sealed_text) > SEALED_MAX)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"it is too large: %zu bytes in the clear, %zu sealed",
				strlen(public_text), strlen(sealed_text));
	return manifest_public_parse(public_text, strlen(public_text), service_id, manifest->set_id,
				     again, error) &&
	       manifest_sealed_parse(sealed_text, strlen(sealed_text), again, error);
}

GBytes *manifest_seal(const Manifest *manifest, const Bundle *bundle, int compress_level,
		      GError **error)
{
	g_autofree char *public_text = manifest_public_print(manifest, bundle->service.id);
	g_autofree char *sealed_text = manifest_sealed_print(manifest);
	g_autofree char *local = layout_set(manifest->set_id);
	struct signed_request request = {
		.kind = SEAL_MANIFEST,
		.bundle = bundle,
		.local = local,
		.compress_level = compress_level,
	};
	GBytes *object = NULL;

	if (check_own_text(manifest, bundle->service.id, public_text, sealed_text, error))
		object = signed_object_seal_text(&request, public_text, sealed_text, error);
	if (!object)
		odr_context(error, "cannot seal the manifest of set %s", manifest->set_id);
	return object;
}

bool manifest_parse_sealed(const struct signed_object *object, const Identity *identity,
			   Manifest *manifest, GError **error)
{
	g_autoptr(GString) text = NULL;

	return signed_object_text(object, identity, SEALED_MAX, &text, error) &&
	       manifest_sealed_parse(text->str, text->len, manifest, error);
}

bool manifest_parse_public(const struct key_service *service, const char *set_id, const void *bytes,
			   size_t size, struct signed_object *object, Manifest *manifest,
			   GError **error)
{
	g_autofree char *local = NULL;

	if (!set_id_valid(set_id))
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' is not the id of a set", set_id);
	local = layout_set(set_id);
	if (!signed_object_check(service, SEAL_MANIFEST, local, bytes, size, object, error) ||
	    !manifest_public_parse((const char *)object->header.public_part,
				   object->header.public_size, service->id, set_id, manifest,
				   error))
		return false;
	manifest->writer = object->writer;
	memcpy(manifest->sha256, object->sha256, SHA256_SIZE);
	manifest->object_size = size;
	return true;
}

bool manifest_parse(const struct key_service *service, const Identity *identity, const char *set_id,
		    const void *object, size_t size, Manifest **manifest, GError **error)
{
	g_autoptr(Manifest) parsed = manifest_new();
	struct signed_object checked;

	if (!manifest_parse_public(service, set_id, object, size, &checked, parsed, error) ||
	    (identity && !manifest_parse_sealed(&checked, identity, parsed, error)))
		return odr_context(error, "manifest of set %s", set_id);
	*manifest = g_steal_pointer(&parsed);
	return true;
}
