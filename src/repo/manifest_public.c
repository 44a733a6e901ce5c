#include "repo/manifest_json.h"

#include "base/error.h"
#include "repo/manifest_member.h"
#include "repo/wal_object.h"
#include "store/store.h"

#include <string.h>

#define WHAT	    "the public part"
#define PARTS_MAX   3
#define OBJECTS_MAX 1000000
#define PROGRAM_MAX 200

/* Printing. */

static json_t *previous_json(const Manifest *manifest)
{
	json_t *previous = json_object();

	json_set_string(previous, "set", manifest->previous_set);
	member_set_hex(previous, "sha256", manifest->previous_sha256, SHA256_SIZE);
	json_set_int(previous, "retain_until_us", manifest->previous_retain_until);
	return previous;
}

static json_t *part_json(const struct set_part *part)
{
	json_t *object = json_object(), *layers = json_array();

	json_set_string(object, "part", part->part);
	json_set_string(object, "kind", part->kind);
	json_set_string(object, "generation", part->generation);
	json_set_int(object, "lock_until_us", part->lock_until);
	json_set_int(object, "started_us", part->started);
	json_set_int(object, "stopped_us", part->stopped);
	json_set_int(object, "files", part->files);
	json_set_int(object, "bytes", part->bytes);
	json_set_int(object, "stored", part->stored);
	for (guint i = 0; i < part->layers->len; i++) {
		const struct layer_ref *ref = &g_array_index(part->layers, struct layer_ref, i);
		json_t *layer = json_object();

		member_set_hex(layer, "root", ref->root, SHA256_SIZE);
		json_set_int(layer, "root_size", ref->root_size);
		member_set_hex(layer, "table", ref->table, SHA256_SIZE);
		json_array_append_new(layers, layer);
	}
	json_set(object, "layers", layers);
	return object;
}

static json_t *wal_json(const struct set_wal *wal)
{
	json_t *object = json_object();

	json_set_int(object, "timeline", wal->timeline);
	json_set_int(object, "segment_size", wal->segment_size);
	member_set_lsn(object, "start", wal->start);
	member_set_lsn(object, "stop", wal->stop);
	json_set_string(object, "first", wal->first);
	json_set_string(object, "last", wal->last);
	json_set(object, "objects", json_strings(wal->objects));
	return object;
}

char *manifest_public_print(const Manifest *manifest, const uint8_t service_id[SERVICE_ID_SIZE])
{
	g_autoptr(JsonValue) object = json_object();
	json_t *parts = json_array();

	json_set_int(object, "format", MANIFEST_FORMAT);
	json_set_string(object, "set", manifest->set_id);
	member_set_hex(object, "service", service_id, SERVICE_ID_SIZE);
	json_set_int(object, "sequence", manifest->sequence);
	json_set(object, "previous",
		 manifest->previous_set ? previous_json(manifest) : json_null());
	json_set_int(object, "created_us", manifest->created);
	json_set_int(object, "retain_until_us", manifest->retain_until);
	json_set_string(object, "program", manifest->program);
	for (guint i = 0; i < manifest->parts->len; i++)
		json_array_append_new(parts, part_json(manifest->parts->pdata[i]));
	json_set(object, "parts", parts);
	json_set(object, "wal", manifest->wal ? wal_json(manifest->wal) : json_null());
	return json_print(object);
}

/* Parsing. */

/* A reader refuses what it does not know, by name. */
static bool check_format(json_t *object, GError **error)
{
	json_t *critical = json_object_get(object, "critical");
	int64_t format;

	if (!json_int_member(object, WHAT, "format", &format, error))
		return false;
	if (format != MANIFEST_FORMAT)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"it has format %" G_GINT64_FORMAT ", this program knows format %d",
				format, MANIFEST_FORMAT);
	if (critical && !json_is_array(critical))
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s: \"critical\" is not a list", WHAT);
	if (json_array_size(critical) > 0) {
		const char *feature = json_string_value(json_array_get(critical, 0));

		return odr_fail(error, ODR_ERROR_REFUSED,
				"it needs the feature '%s', which this program does not know",
				feature ? feature : "?");
	}
	return true;
}

static bool parse_identity(json_t *object, const uint8_t *service_id, const char *set_id,
			   Manifest *manifest, GError **error)
{
	uint8_t service[SERVICE_ID_SIZE];
	const char *set, *program;
	int64_t sequence = 0;

	if (!json_string_member(object, WHAT, "set", &set, error) ||
	    !member_hex(object, WHAT, "service", service, sizeof(service), error) ||
	    !member_int(object, WHAT, "sequence", 1, INT64_MAX, &sequence, error) ||
	    !member_time(object, WHAT, "created_us", &manifest->created, error) ||
	    !member_time(object, WHAT, "retain_until_us", &manifest->retain_until, error) ||
	    !json_string_member(object, WHAT, "program", &program, error))
		return false;
	if (strcmp(set, set_id) != 0 || !set_id_valid(set))
		return odr_fail(error, ODR_ERROR_CORRUPT, "it is the manifest of set '%s'", set);
	if (memcmp(service, service_id, SERVICE_ID_SIZE) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it belongs to another service");
	if (strlen(program) > PROGRAM_MAX)
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s: \"program\" is too long", WHAT);
	manifest->set_id = g_strdup(set);
	manifest->sequence = sequence;
	manifest->program = g_strdup(program);
	return true;
}

static bool parse_previous(json_t *object, Manifest *manifest, GError **error)
{
	static const char what[] = "the previous set";
	json_t *previous = json_object_get(object, "previous");
	const char *set;

	if (!previous || json_is_null(previous)) {
		if (manifest->sequence != 1)
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"its number in the chain is %" G_GUINT64_FORMAT
					", but it names no previous set",
					manifest->sequence);
		return true;
	}
	if (!json_object_member(object, WHAT, "previous", &previous, error) ||
	    !json_string_member(previous, what, "set", &set, error) ||
	    !member_hex(previous, what, "sha256", manifest->previous_sha256, SHA256_SIZE, error) ||
	    !member_time(previous, what, "retain_until_us", &manifest->previous_retain_until,
			 error))
		return false;
	if (!set_id_valid(set) || strcmp(set, manifest->set_id) == 0 || manifest->sequence == 1)
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s: '%s' cannot be it", what, set);
	manifest->previous_set = g_strdup(set);
	return true;
}

static bool parse_layer(json_t *object, const char *what, struct set_part *part, GError **error)
{
	struct layer_ref ref = {0};
	int64_t size = 0;

	if (!json_is_object(object))
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s: a layer is not an object", what);
	if (!member_hex(object, what, "root", ref.root, SHA256_SIZE, error) ||
	    !member_hex(object, what, "table", ref.table, SHA256_SIZE, error) ||
	    !member_int(object, what, "root_size", 1, STORE_OBJECT_MAX, &size, error))
		return false;
	ref.root_size = size;
	g_array_append_val(part->layers, ref);
	return true;
}

static bool parse_layers(json_t *object, const char *what, struct set_part *part, GError **error)
{
	json_t *layers, *layer;
	size_t i;

	if (!json_array_member(object, what, "layers", &layers, error))
		return false;
	if (json_array_size(layers) < 1 || json_array_size(layers) > LAYERS_MAX)
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s has %zu layers instead of 1 to %d",
				what, json_array_size(layers), LAYERS_MAX);
	json_array_foreach(layers, i, layer)
	{
		if (!parse_layer(layer, what, part, error))
			return false;
	}
	return true;
}

static bool is_one_of(const char *text, const char *const *words)
{
	return g_strv_contains(words, text);
}

/* Sets of the first versions do not tell. */
static bool optional_time(json_t *object, const char *what, const char *name, usec_t *time,
			  GError **error)
{
	json_t *member = json_object_get(object, name);

	return !member || json_is_null(member) || member_time(object, what, name, time, error);
}

static bool parse_part(json_t *object, Manifest *manifest, GError **error)
{
	static const char *const names[] = {PART_DATABASE, PART_FILESTORE, PART_CONFIG, NULL};
	static const char *const kinds[] = {"full", "incremental", NULL};
	static const char unnamed[] = "a part";
	const char *name, *kind, *generation;

	if (!json_is_object(object))
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s is not an object", unnamed);
	if (!json_string_member(object, unnamed, "part", &name, error))
		return false;
	if (!is_one_of(name, names))
		return odr_fail(error, ODR_ERROR_REFUSED,
				"it has the part '%s', which this program does not know", name);
	if (manifest_part(manifest, name))
		return odr_fail(error, ODR_ERROR_CORRUPT, "it has the part '%s' twice", name);

	g_autofree char *what = g_strdup_printf("the part '%s'", name);
	struct set_part *part = g_new0(struct set_part, 1);

	part->part = g_strdup(name);
	part->layers = g_array_new(FALSE, FALSE, sizeof(struct layer_ref));
	g_ptr_array_add(manifest->parts, part);
	if (!json_string_member(object, what, "kind", &kind, error) ||
	    !json_string_member(object, what, "generation", &generation, error) ||
	    !member_time(object, what, "lock_until_us", &part->lock_until, error) ||
	    !optional_time(object, what, "started_us", &part->started, error) ||
	    !optional_time(object, what, "stopped_us", &part->stopped, error) ||
	    !member_count(object, what, "files", &part->files, error) ||
	    !member_count(object, what, "bytes", &part->bytes, error) ||
	    !member_count(object, what, "stored", &part->stored, error))
		return false;
	if (!is_one_of(kind, kinds))
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s: '%s' is not a kind of capture", what,
				kind);
	if (!generation_id_valid(generation))
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s: '%s' is not a generation", what,
				generation);
	part->kind = g_strdup(kind);
	part->generation = g_strdup(generation);
	return parse_layers(object, what, part, error);
}

static bool parse_parts(json_t *object, Manifest *manifest, GError **error)
{
	json_t *parts, *part;
	size_t i;

	if (!json_array_member(object, WHAT, "parts", &parts, error))
		return false;
	if (json_array_size(parts) < 1 || json_array_size(parts) > PARTS_MAX)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it has %zu parts",
				json_array_size(parts));
	json_array_foreach(parts, i, part)
	{
		if (!parse_part(part, manifest, error))
			return false;
	}
	return true;
}

/* A name of a segment that holds a given position. */
static bool segment_member(json_t *object, const char *what, const char *name, lsn_t start,
			   uint32_t segment_size, char segment[WAL_SEGMENT_NAME_SIZE],
			   uint32_t *timeline, GError **error)
{
	const char *text;
	lsn_t found;

	if (!json_string_member(object, what, name, &text, error))
		return false;
	if (wal_file_kind(text, NULL) != WAL_FILE_SEGMENT ||
	    !wal_segment_parse(text, segment_size, timeline, &found) || found != start)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"%s: \"%s\" does not name the segment of its position", what, name);
	g_strlcpy(segment, text, WAL_SEGMENT_NAME_SIZE);
	return true;
}

static bool parse_positions(json_t *object, const char *what, struct set_wal *wal, GError **error)
{
	uint32_t first, last;
	int64_t number = 0;

	if (!member_int(object, what, "timeline", 1, UINT32_MAX, &number, error))
		return false;
	wal->timeline = number;
	if (!member_int(object, what, "segment_size", 1, UINT32_MAX, &number, error) ||
	    !member_lsn(object, what, "start", &wal->start, error) ||
	    !member_lsn(object, what, "stop", &wal->stop, error))
		return false;
	if (!wal_segment_size_valid(number))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"%s: segments cannot have %" G_GINT64_FORMAT " bytes", what,
				number);
	wal->segment_size = number;
	if (wal->start >= wal->stop)
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s ends before it starts", what);
	if (!segment_member(object, what, "first", wal->start - wal->start % wal->segment_size,
			    wal->segment_size, wal->first, &first, error) ||
	    !segment_member(object, what, "last",
			    wal_segment_number_of_end(wal->stop, wal->segment_size) *
				    wal->segment_size,
			    wal->segment_size, wal->last, &last, error))
		return false;
	if (first != wal->timeline || last < first)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"%s: its segments are of another timeline", what);
	return true;
}

static bool parse_objects(json_t *object, const char *what, struct set_wal *wal, GError **error)
{
	json_t *objects, *one;
	size_t i;

	if (!json_array_member(object, what, "objects", &objects, error))
		return false;
	if (json_array_size(objects) > OBJECTS_MAX)
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s: too many objects", what);
	wal->objects = g_ptr_array_new_with_free_func(g_free);
	json_array_foreach(objects, i, one)
	{
		const char *local = json_string_value(one);
		g_autofree char *file = NULL;
		uint8_t digest[XXH128_SIZE];
		unsigned piece, pieces;

		if (!local || !wal_object_name_parse(local, &file, digest, &piece, &pieces))
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"%s: '%s' is not the name of a WAL object", what,
					local ? local : "");
		g_ptr_array_add(wal->objects, g_strdup(local));
	}
	return true;
}

static bool parse_wal(json_t *object, Manifest *manifest, GError **error)
{
	static const char what[] = "its WAL";
	bool wanted = manifest_part(manifest, PART_DATABASE) != NULL;
	json_t *wal = json_object_get(object, "wal");

	if (!wal || json_is_null(wal)) {
		if (wanted)
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"it has a database part, but names no WAL");
		return true;
	}
	if (!wanted)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it names WAL, but has no database part");
	manifest->wal = g_new0(struct set_wal, 1);
	return json_object_member(object, WHAT, "wal", &wal, error) &&
	       parse_positions(wal, what, manifest->wal, error) &&
	       parse_objects(wal, what, manifest->wal, error);
}

bool manifest_public_parse(const char *text, size_t size, const uint8_t service_id[SERVICE_ID_SIZE],
			   const char *set_id, Manifest *manifest, GError **error)
{
	g_autoptr(JsonValue) object = NULL;

	return member_document(text, size, WHAT, &object, error) && check_format(object, error) &&
	       parse_identity(object, service_id, set_id, manifest, error) &&
	       parse_previous(object, manifest, error) && parse_parts(object, manifest, error) &&
	       parse_wal(object, manifest, error);
}
