#include "drill/evidence/judge.h"

#include "base/error.h"
#include "base/file.h"
#include "drill/evidence/file.h"
#include "repo/layout.h"

#include <string.h>

#define WHAT "the receipt"

bool receipt_entry_read(json_t *object, const char *part, struct receipt_entry *entry,
			GError **error)
{
	json_t *lock = json_object_get(object, "lock");
	const char *until = json_string_value(json_object_get(lock, "until"));
	const char *stored = json_string_value(json_object_get(object, "stored_at"));
	const char *found;

	if (!json_string_member(object, WHAT, "repository", &entry->repository, error) ||
	    !json_string_member(object, WHAT, "name", &entry->name, error) ||
	    !json_string_member(object, WHAT, "sha256", &entry->sha256, error) ||
	    !json_string_optional(object, WHAT, "version", &entry->version, error) ||
	    (until && !clock_parse(until, &entry->locked_until, error)) ||
	    (stored && !clock_parse(stored, &entry->stored_at, error)))
		return false;
	found = strstr(entry->name, part);
	if (!found || !evidence_name_valid(found + strlen(part)))
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s is of '%s', which is not of the run",
				WHAT, entry->name);
	entry->file = found + strlen(part);
	return true;
}

static void judge_entry(struct judging *judging, const char *id, const struct receipt_entry *entry)
{
	g_autofree char *path = evidence_path(judging->how->folder, id, entry->file);
	g_autoptr(GBytes) content = NULL;
	char digest[2 * SHA256_SIZE + 1] = "";

	if (file_read(path, EVIDENCE_FILE_MAX, &content, NULL))
		evidence_digest(content, digest);
	if (strcmp(digest, entry->sha256) != 0)
		judge_find(judging, EVIDENCE_RECEIPT_DIFFERS, id,
			   "%s is not what the receipt of repository %s says was stored",
			   entry->file, entry->repository);
	judge_stored(judging, id, entry);
}

bool receipt_objects(json_t *document, const char *id, json_t **objects, GError **error)
{
	const char *type, *run;

	if (!json_string_member(document, WHAT, "type", &type, error) ||
	    !json_string_member(document, WHAT, "run", &run, error) ||
	    !json_array_member(document, WHAT, "objects", objects, error))
		return false;
	if (strcmp(type, EVIDENCE_RECEIPT_TYPE) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, WHAT " is none: its type is '%s'", type);
	return strcmp(run, id) == 0 || odr_fail(error, ODR_ERROR_CORRUPT, WHAT " is of %s", run);
}

static bool names_record(const struct receipt_entry *entry)
{
	return strcmp(entry->file, EVIDENCE_RECORD) == 0;
}

static bool judge_entries(struct judging *judging, const char *id, json_t *document, GError **error)
{
	g_autofree char *part = g_strdup_printf("/evidence/%s/", id);
	bool locked = true, record = false;
	json_t *objects;

	if (!receipt_objects(document, id, &objects, error))
		return false;
	for (size_t i = 0; i < json_array_size(objects); i++) {
		struct receipt_entry entry = {0};

		if (!receipt_entry_read(json_array_get(objects, i), part, &entry, error))
			return false;
		judge_entry(judging, id, &entry);
		locked &= entry.locked_until != 0;
		record |= names_record(&entry);
	}
	if (!record)
		return odr_fail(error, ODR_ERROR_CORRUPT, WHAT " does not name the record");
	if (!locked)
		judge_find(judging, EVIDENCE_UNLOCKED, id,
			   "not everything was locked in the repository when it was stored");
	return true;
}

usec_t judge_time(const struct judging *judging, const char *id)
{
	g_autofree char *path = evidence_path(judging->how->folder, id, EVIDENCE_RECEIPT);
	g_autoptr(GBytes) content = NULL;
	g_autoptr(JsonValue) document = NULL;
	const json_t *objects;
	usec_t last = 0, time;

	if (!evidence_file_read(path, judging->how->trust, NULL, &content, NULL) ||
	    !json_parse(g_bytes_get_data(content, NULL), g_bytes_get_size(content), WHAT, &document,
			NULL))
		return set_id_time(id);
	objects = json_object_get(document, "objects");
	for (size_t i = 0; i < json_array_size(objects); i++) {
		const json_t *object = json_array_get(objects, i);
		const char *stored = json_string_value(json_object_get(object, "stored_at"));

		if (stored && clock_parse(stored, &time, NULL))
			last = MAX(last, time);
	}
	return last > 0 ? last : set_id_time(id);
}

static void judge_key(struct judging *judging, const struct judged_document *run, const char *what,
		      const struct evidence_signer *signer)
{
	struct judged_document document = *run;

	document.what = what;
	judge_signer(judging, signer, &document);
}

void judge_receipt(struct judging *judging, const struct judged_document *run)
{
	const char *id = run->id;
	struct evidence_signer signer;
	g_autofree char *path = evidence_path(judging->how->folder, id, EVIDENCE_RECEIPT);
	g_autoptr(GBytes) content = NULL;
	g_autoptr(JsonValue) document = NULL;
	g_autoptr(GError) cause = NULL;

	if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
		judge_find(judging, EVIDENCE_RECEIPT_MISSING, id,
			   "it has no receipt: it was not stored, and does not count");
		return;
	}
	if (!judge_read_signed(judging, path, &signer, &content, &cause)) {
		judge_find(judging, EVIDENCE_RECEIPT_SIGNATURE, id, "%s", cause->message);
		return;
	}
	judge_key(judging, run, EVIDENCE_RECEIPT, &signer);
	if (!json_parse(g_bytes_get_data(content, NULL), g_bytes_get_size(content), WHAT, &document,
			&cause) ||
	    !judge_entries(judging, id, document, &cause))
		judge_find(judging, EVIDENCE_RECEIPT_DIFFERS, id, "%s", cause->message);
}

/* That of another run says nothing of this one's sandbox. */
static bool is_attestation_of(json_t *document, const char *id, GError **error)
{
	const char *what = "the attestation", *type, *run;
	json_t *left;

	if (!json_string_member(document, what, "type", &type, error) ||
	    !json_string_member(document, what, "run", &run, error) ||
	    !json_array_member(document, what, "left", &left, error))
		return false;
	if (strcmp(type, EVIDENCE_TEARDOWN_TYPE) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s is none: its type is '%s'", what,
				type);
	return strcmp(run, id) == 0 ||
	       odr_fail(error, ODR_ERROR_CORRUPT, "%s is of run %s", what, run);
}

void judge_teardown(struct judging *judging, const struct judged_document *run)
{
	const char *id = run->id;
	struct evidence_signer signer;
	g_autofree char *path = evidence_path(judging->how->folder, id, EVIDENCE_TEARDOWN);
	g_autoptr(GBytes) content = NULL;
	g_autoptr(JsonValue) document = NULL;
	g_autoptr(GError) cause = NULL;

	if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
		judge_find(judging, EVIDENCE_TEARDOWN_MISSING, id,
			   "nobody attested that its sandbox was removed");
		return;
	}
	if (!judge_read_signed(judging, path, &signer, &content, &cause) ||
	    !json_parse(g_bytes_get_data(content, NULL), g_bytes_get_size(content),
			"the attestation", &document, &cause)) {
		judge_find(judging, EVIDENCE_TEARDOWN_SIGNATURE, id, "%s", cause->message);
		return;
	}
	judge_key(judging, run, EVIDENCE_TEARDOWN, &signer);
	if (!is_attestation_of(document, id, &cause)) {
		judge_find(judging, EVIDENCE_TEARDOWN_DIFFERS, id, "%s", cause->message);
		return;
	}
	if (json_array_size(json_object_get(document, "left")) > 0)
		judge_find(judging, EVIDENCE_LEFTOVER, id, "something was left behind: see %s",
			   EVIDENCE_TEARDOWN);
}
