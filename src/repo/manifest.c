#include "repo/manifest.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "repo/manifest_json.h"
#include "repo/signed_object.h"

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
		.public_part = public_text,
		.public_size = strlen(public_text),
		.content = sealed_text,
		.size = strlen(sealed_text),
		.compress_level = compress_level,
	};
	GByteArray *object;

	if (!check_own_text(manifest, bundle->service.id, public_text, sealed_text, error) ||
	    !signed_object_seal(&request, &object, error)) {
		odr_context(error, "cannot seal the manifest of set %s", manifest->set_id);
		return NULL;
	}
	return g_byte_array_free_to_bytes(object);
}

static bool take_text(void *text, const void *plain, size_t size, GError **error)
{
	(void)error;
	g_string_append_len(text, plain, (gssize)size);
	return true;
}

static bool parse_sealed_part(const struct signed_object *object, const Identity *identity,
			      Manifest *manifest, GError **error)
{
	g_autoptr(SignedReader) reader = signed_reader_new(object, identity, error);
	g_autoptr(GString) text = g_string_new(NULL);
	uint64_t size;

	if (!reader)
		return false;
	size = signed_reader_size(reader);
	if (size > SEALED_MAX)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"its sealed part has %" G_GUINT64_FORMAT " bytes", size);
	return signed_reader_read(reader, 1, &(struct signed_sink){take_text, text}, error) &&
	       manifest_sealed_parse(text->str, text->len, manifest, error);
}

/* Signature and public part. */
static bool parse_public_part(const struct key_service *service, const char *set_id,
			      const void *bytes, size_t size, struct signed_object *object,
			      Manifest *manifest, GError **error)
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

	if (!parse_public_part(service, set_id, object, size, &checked, parsed, error) ||
	    (identity && !parse_sealed_part(&checked, identity, parsed, error)))
		return odr_context(error, "manifest of set %s", set_id);
	*manifest = g_steal_pointer(&parsed);
	return true;
}

bool manifest_load(Repo *repo, const Identity *identity, const char *set_id, Manifest **manifest,
		   GError **error)
{
	g_autofree char *local = NULL;
	g_autoptr(GBytes) object = NULL;
	g_autoptr(Manifest) loaded = NULL;
	struct store_object facts = {0};
	usec_t stored_at;

	if (!set_id_valid(set_id))
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' is not the id of a set", set_id);
	local = layout_set(set_id);
	if (!repo_head(repo, local, &facts, error))
		return odr_context(error, "cannot load set %s", set_id);
	stored_at = facts.stored_at;
	g_free(facts.name);
	if (!repo_get(repo, local, 0, &object, error) ||
	    !manifest_parse(&repo->service, identity, set_id, g_bytes_get_data(object, NULL),
			    g_bytes_get_size(object), &loaded, error) ||
	    !repo_accepts(repo, &loaded->writer, stored_at, error))
		return odr_context(error, "cannot load set %s", set_id);
	loaded->stored_at = stored_at;
	*manifest = g_steal_pointer(&loaded);
	return true;
}

/* A name that was listed, and its set's id. */
struct listed {
	char *set_id;
	usec_t stored_at;
};

static void listed_free(struct listed *listed)
{
	g_free(listed->set_id);
	g_free(listed);
}

struct listing {
	GPtrArray *found; /* struct listed */
	GPtrArray *troubles;
};

static void note_trouble(GPtrArray *troubles, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void note_trouble(GPtrArray *troubles, const char *format, ...)
{
	va_list arguments;

	if (!troubles)
		return;
	va_start(arguments, format);
	g_ptr_array_add(troubles, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

static bool note_listed(void *data, const struct store_object *object)
{
	struct listing *listing = data;
	g_autofree char *set_id = NULL;
	struct listed *listed;

	if (!layout_parse_set(object->name, &set_id)) {
		note_trouble(listing->troubles, "'%s' is not the name of a set", object->name);
		return true;
	}
	listed = g_new0(struct listed, 1);
	listed->set_id = g_steal_pointer(&set_id);
	listed->stored_at = object->stored_at;
	g_ptr_array_add(listing->found, listed);
	return true;
}

/* Adds the set if it is one. Fails only where nothing can be said of it. */
static bool list_set(Repo *repo, const Identity *identity, const struct listed *listed,
		     GPtrArray *manifests, GPtrArray *troubles, GError **error)
{
	g_autofree char *local = layout_set(listed->set_id);
	g_autoptr(Manifest) manifest = manifest_new();
	g_autoptr(GBytes) object = NULL;
	g_autoptr(GError) cause = NULL;
	struct signed_object checked;

	if (!repo_get(repo, local, 0, &object, &cause)) {
		/* Deleted since it was listed. */
		if (odr_error_is(cause, ODR_ERROR_NOT_FOUND))
			return true;
		if (!odr_error_is(cause, ODR_ERROR_CORRUPT)) {
			g_propagate_error(error, g_steal_pointer(&cause));
			return false;
		}
	}
	if (!object ||
	    !parse_public_part(&repo->service, listed->set_id, g_bytes_get_data(object, NULL),
			       g_bytes_get_size(object), &checked, manifest, &cause) ||
	    !repo_accepts(repo, &manifest->writer, listed->stored_at, &cause)) {
		note_trouble(troubles, "'%s' is not a set: %s", local, cause->message);
		return true;
	}
	if (identity && !parse_sealed_part(&checked, identity, manifest, &cause)) {
		bool closed = odr_error_is(cause, ODR_ERROR_AUTH);

		if (!closed && !odr_error_is(cause, ODR_ERROR_CORRUPT) &&
		    !odr_error_is(cause, ODR_ERROR_REFUSED)) {
			g_propagate_error(error, g_steal_pointer(&cause));
			return false;
		}
		note_trouble(troubles, "set %s: %s", listed->set_id, cause->message);
		if (!closed)
			return true;
	}
	manifest->stored_at = listed->stored_at;
	g_ptr_array_add(manifests, g_steal_pointer(&manifest));
	return true;
}

static int compare_manifests(const void *a, const void *b)
{
	const Manifest *one = *(Manifest *const *)a, *two = *(Manifest *const *)b;

	if (one->stored_at != two->stored_at)
		return one->stored_at < two->stored_at ? -1 : 1;
	if (one->sequence != two->sequence)
		return one->sequence < two->sequence ? -1 : 1;
	return strcmp(one->set_id, two->set_id);
}

bool manifest_list(Repo *repo, const Identity *identity, GPtrArray **manifests, GPtrArray *troubles,
		   GError **error)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)listed_free);
	g_autoptr(GPtrArray) sets = g_ptr_array_new_with_free_func((GDestroyNotify)manifest_free);
	struct listing listing = {.found = found, .troubles = troubles};

	if (!repo_list(repo, "set/", note_listed, &listing, error))
		return odr_context(error, "cannot list sets");
	for (guint i = 0; i < found->len; i++) {
		if (!list_set(repo, identity, found->pdata[i], sets, troubles, error))
			return odr_context(error, "cannot list sets");
	}
	g_ptr_array_sort(sets, compare_manifests);
	*manifests = g_steal_pointer(&sets);
	return true;
}
