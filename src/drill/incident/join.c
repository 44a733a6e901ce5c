/* The timeline that another host kept, a bare one that recovered with a kit perhaps, beside our own. */
#include "base/error.h"
#include "base/file.h"
#include "drill/evidence/file.h"
#include "drill/incident/collect.h"
#include "repo/layout.h"

#include <string.h>

/* Its name in our folder: the digest of the whole copy. */
static bool read_copy(const char *from, GBytes **content, char digest[2 * SHA256_SIZE + 1],
		      GError **error)
{
	g_autofree char *path = audit_path(from);
	g_autoptr(GError) cause = NULL;

	if (!file_read(path, CHAIN_MAX, content, &cause)) {
		if (odr_error_is(cause, ODR_ERROR_NOT_FOUND))
			return odr_fail(error, ODR_ERROR_NOT_FOUND,
					"there is no audit chain in '%s': --chain takes the state "
					"folder of the other host, or what incident export wrote "
					"there",
					from);
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	evidence_digest(*content, digest);
	return true;
}

/* How many lines of the incident it has. */
static bool judge_copy(const char *path, const char *id, uint64_t *seq, GError **error)
{
	struct collection collection;
	struct audit_report report = {0};
	const Incident *incident;
	bool known;

	collection_init(&collection);
	collection.only = id;
	if (!audit_read(path, collect_line, &collection, &report, error)) {
		collection_clear(&collection);
		return false;
	}
	incident = collection_find(&collection, id);
	known = incident && incident->entries->len > 0;
	collection_clear(&collection);
	*seq = report.head.seq;
	if (report.broken)
		odr_fail(error, ODR_ERROR_CORRUPT,
			 "the audit chain in '%s' does not hold: odrbackup audit verify --from "
			 "tells where",
			 path);
	else if (!known)
		odr_fail(error, ODR_ERROR_NOT_FOUND, "the audit chain '%s' knows nothing of %s",
			 path, id);
	known = known && !report.broken;
	audit_report_clear(&report);
	return known;
}

static bool keep_copy(const char *state, const char *id, const char *digest, GBytes *content,
		      GError **error)
{
	g_autofree char *path = incident_chain_path(state, id, digest);
	g_autofree char *folder = g_path_get_dirname(path);

	return file_make_dirs(folder, 0700, error) &&
	       file_write(path, g_bytes_get_data(content, NULL), g_bytes_get_size(content),
			  &(struct file_write){.mode = 0600}, error);
}

bool incident_join(Audit *audit, const char *state, const char *id, const char *from,
		   GError **error)
{
	g_autofree char *path = audit_path(from);
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GPtrArray) there = NULL;
	g_autoptr(JsonValue) data = json_object();
	char digest[2 * SHA256_SIZE + 1];
	uint64_t seq;

	if (!set_id_valid(id))
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' is no id of an incident", id);
	if (!read_copy(from, &content, digest, error) || !judge_copy(path, id, &seq, error) ||
	    !incident_joined(state, id, &there, error))
		return false;
	if (g_ptr_array_find_with_equal_func(there, digest, g_str_equal, NULL))
		return odr_fail(error, ODR_ERROR_EXISTS,
				"all that '%s' tells of incident %s is here already", path, id);
	if (!keep_copy(state, id, digest, content, error))
		return false;
	json_set_string(data, "incident", id);
	json_set_string(data, "sha256", digest);
	json_set_int(data, "seq", (int64_t)seq);
	return audit_append(audit,
			    &(struct audit_entry){.event = AUDIT_INCIDENT_JOINED, .data = data},
			    NULL, error);
}

struct joined {
	const char *id;
	GPtrArray *digests;
};

static bool note_joined(void *data, const struct audit_line *line)
{
	struct joined *joined = data;
	const char *id = json_string_value(json_object_get(line->data, "incident"));
	const char *digest = json_string_value(json_object_get(line->data, "sha256"));

	if (strcmp(line->event, audit_event_name(AUDIT_INCIDENT_JOINED)) == 0 &&
	    g_strcmp0(id, joined->id) == 0 && chain_digest_valid(digest))
		g_ptr_array_add(joined->digests, g_strdup(digest));
	return true;
}

bool incident_joined(const char *state, const char *id, GPtrArray **digests, GError **error)
{
	g_autofree char *path = audit_path(state);
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) cause = NULL;
	struct audit_report report = {0};

	if (!audit_read(path, note_joined, &(struct joined){id, found}, &report, &cause) &&
	    !odr_error_is(cause, ODR_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	audit_report_clear(&report);
	*digests = g_steal_pointer(&found);
	return true;
}
