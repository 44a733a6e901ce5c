#include "drill/evidence/evidence.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "drill/evidence/file.h"
#include "drill/evidence/record.h"
#include "repo/layout.h"

#include <string.h>

#define NAME_MAX_LENGTH 100
#define NAME_LETTERS	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

char *evidence_folder(const char *state, const char *run)
{
	return g_build_filename(state, "evidence", run, NULL);
}

char *evidence_path(const char *state, const char *run, const char *name)
{
	return g_build_filename(state, "evidence", run, name, NULL);
}

void evidence_digest(GBytes *content, char digest[2 * SHA256_SIZE + 1])
{
	uint8_t bytes[SHA256_SIZE];

	sha256(g_bytes_get_data(content, NULL), g_bytes_get_size(content), bytes);

	g_autofree char *hex = hex_encode(bytes, sizeof(bytes));

	g_strlcpy(digest, hex, 2 * SHA256_SIZE + 1);
}

bool evidence_name_valid(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && length <= NAME_MAX_LENGTH && name[0] != '.' &&
	       strspn(name, NAME_LETTERS) == length;
}

/* What says what became of the others is not one of them. */
static bool is_afterwards(const char *name)
{
	return g_str_has_prefix(name, EVIDENCE_RECEIPT) ||
	       g_str_has_prefix(name, EVIDENCE_TEARDOWN);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names in a folder that fit, sorted: char *. A folder that is not there has none. */
static bool list_names(const char *folder, bool (*fits)(const char *name), GPtrArray **names,
		       GError **error)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) cause = NULL;
	g_autoptr(GDir) dir = g_dir_open(folder, 0, &cause);
	const char *name;

	if (!dir && !g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
		return odr_fail(error, ODR_ERROR_SYSTEM, "cannot list '%s': %s", folder,
				cause->message);
	while (dir && (name = g_dir_read_name(dir)))
		if (fits(name))
			g_ptr_array_add(found, g_strdup(name));
	g_ptr_array_sort(found, compare_names);
	*names = g_steal_pointer(&found);
	return true;
}

bool evidence_files(const char *state, const char *run, GPtrArray **names, GError **error)
{
	g_autofree char *folder = evidence_folder(state, run);

	return list_names(folder, evidence_name_valid, names, error);
}

bool evidence_runs(const char *state, GPtrArray **runs, GError **error)
{
	g_autofree char *folder = g_build_filename(state, "evidence", NULL);

	return list_names(folder, set_id_valid, runs, error);
}

static bool is_checkpoint(const char *name)
{
	g_autofree char *local = layout_checkpoint(name, "");
	g_autofree char *id = NULL;

	return layout_parse_checkpoint(local, &id);
}

bool checkpoint_files(const char *state, GPtrArray **names, GError **error)
{
	g_autofree char *folder = g_build_filename(state, "audit", NULL);

	return list_names(folder, is_checkpoint, names, error);
}

/* Writing. */

static char *path_in_run(const struct evidence *evidence, const char *run, const char *name,
			 GError **error)
{
	g_autofree char *folder = evidence_folder(evidence->state, run);

	if (!file_make_dirs(folder, 0700, error))
		return NULL;
	return g_build_filename(folder, name, NULL);
}

static bool is_there(const char *state, const char *run, const char *name)
{
	g_autofree char *path = evidence_path(state, run, name);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

bool evidence_add(const struct evidence *evidence, const char *run, const char *name,
		  GBytes *content, GError **error)
{
	g_autofree char *path = NULL;

	if (!evidence_name_valid(name) || is_afterwards(name) ||
	    g_str_has_prefix(name, EVIDENCE_RECORD))
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' is no name of a file of evidence",
				name);
	if (is_there(evidence->state, run, EVIDENCE_RECORD EVIDENCE_SIGNATURE) &&
	    !is_there(evidence->state, run, name))
		return odr_fail(error, ODR_ERROR_EXISTS,
				"the record of run %s is signed: nothing is added to it", run);
	path = path_in_run(evidence, run, name, error);
	return path && evidence_file_write(path, content, error);
}

/* A record that no verifier would accept is a mistake of ours, and noticed before it is signed. */
static bool check_record(GBytes *content, const char *run, GError **error)
{
	g_autoptr(Record) record = NULL;

	if (!record_parse(g_bytes_get_data(content, NULL), g_bytes_get_size(content), &record,
			  error))
		return false;
	if (strcmp(record->run, run) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "the record is of run %s", record->run);
	return record_check_outcome(record, error);
}

bool evidence_sign(const struct evidence *evidence, const char *run, GBytes *record, GError **error)
{
	g_autofree char *path = NULL;

	if (!check_record(record, run, error))
		return odr_context(error, "the record of run %s is not signed", run);
	path = path_in_run(evidence, run, EVIDENCE_RECORD, error);
	return path && evidence_file_sign(evidence->key, path, record, error);
}

/* Storing. */

static bool store_file(const struct evidence *evidence, const char *run, const char *name,
		       json_t *objects, GError **error)
{
	g_autofree char *path = evidence_path(evidence->state, run, name);
	g_autofree char *local = layout_evidence(run, name);
	g_autoptr(GBytes) content = NULL;

	return file_read(path, EVIDENCE_FILE_MAX, &content, error) &&
	       evidence_object_store(evidence->repos,
				     &(struct evidence_object){
					     .local = local,
					     .content = content,
					     .lock_until = clock_now() + evidence->retain,
					     .objects = objects,
				     },
				     error);
}

static bool store_signed(const struct evidence *evidence, const char *run, const char *name,
			 GError **error)
{
	g_autofree char *signature = g_strconcat(name, EVIDENCE_SIGNATURE, NULL);
	g_autoptr(JsonValue) objects = json_array();

	return store_file(evidence, run, name, objects, error) &&
	       store_file(evidence, run, signature, objects, error);
}

static bool store_files(const struct evidence *evidence, const char *run, json_t *objects,
			GError **error)
{
	static const char last[] = EVIDENCE_RECORD EVIDENCE_SIGNATURE;
	g_autoptr(GPtrArray) names = NULL;

	if (!evidence_files(evidence->state, run, &names, error))
		return false;
	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];

		if (!is_afterwards(name) && strcmp(name, last) != 0 &&
		    !store_file(evidence, run, name, objects, error))
			return false;
	}
	return store_file(evidence, run, last, objects, error);
}

GBytes *evidence_receipt(const char *run, json_t *objects)
{
	g_autoptr(JsonValue) receipt = json_object();
	char *text;

	json_set_string(receipt, "type", EVIDENCE_RECEIPT_TYPE);
	json_set_string(receipt, "format", "1.0");
	json_set_string(receipt, "run", run);
	json_set_string(receipt, "host", g_get_host_name());
	json_set_time(receipt, "time", clock_now());
	json_set(receipt, "objects", json_incref(objects));
	text = json_print_pretty(receipt);
	return g_bytes_new_take(text, strlen(text));
}

static bool write_receipt(const struct evidence *evidence, const char *run, json_t *objects,
			  GError **error)
{
	g_autofree char *path = path_in_run(evidence, run, EVIDENCE_RECEIPT, error);
	g_autoptr(GBytes) receipt = evidence_receipt(run, objects);

	return path && evidence_file_sign(evidence->key, path, receipt, error);
}

bool evidence_store(const struct evidence *evidence, const char *run, GError **error)
{
	g_autoptr(JsonValue) objects = json_array();

	if (evidence->repos->len == 0)
		return true;
	/* What has a receipt is stored; the receipt itself perhaps not yet. */
	if (!is_there(evidence->state, run, EVIDENCE_RECEIPT EVIDENCE_SIGNATURE)) {
		g_autofree char *torn = evidence_path(evidence->state, run, EVIDENCE_RECEIPT);

		if (!store_files(evidence, run, objects, error) || !file_remove_tree(torn, error) ||
		    !write_receipt(evidence, run, objects, error))
			return false;
	}
	return store_signed(evidence, run, EVIDENCE_RECEIPT, error);
}

bool evidence_attest(const struct evidence *evidence, const char *run, GBytes *teardown,
		     GError **error)
{
	g_autofree char *path = path_in_run(evidence, run, EVIDENCE_TEARDOWN, error);
	bool is_signed = is_there(evidence->state, run, EVIDENCE_TEARDOWN EVIDENCE_SIGNATURE);

	/* By a key that the service has no more it may have been. */
	return path &&
	       (is_signed ? evidence_file_write(path, teardown, error)
			  : evidence_file_sign(evidence->key, path, teardown, error)) &&
	       store_signed(evidence, run, EVIDENCE_TEARDOWN, error);
}

/* ---- the record before ---------------------------------------------------------------------------- */

struct search {
	const char *run;
	uint64_t before;
	char *last, *sha256; /* id of the run, and its record's digest */
};

static bool note_signed(void *data, const struct audit_line *line)
{
	struct search *search = data;
	const char *sha256 = json_string_value(json_object_get(line->data, "record_sha256"));

	if (line->seq >= search->before)
		return false;
	if (!line->run || !sha256 ||
	    strcmp(line->event, audit_event_name(AUDIT_DRILL_SIGNED)) != 0 ||
	    strcmp(line->run, search->run) >= 0 ||
	    (search->last && strcmp(line->run, search->last) < 0))
		return true;
	g_free(search->last);
	g_free(search->sha256);
	search->last = g_strdup(line->run);
	search->sha256 = g_strdup(sha256);
	return true;
}

bool evidence_previous(const char *state, const char *run, uint64_t before,
		       char sha256[2 * SHA256_SIZE + 1], GError **error)
{
	g_autofree char *path = audit_path(state);
	struct search search = {.run = run, .before = before};
	struct audit_report report = {0};

	if (!audit_read(path, note_signed, &search, &report, error))
		return false;
	audit_report_clear(&report);
	g_strlcpy(sha256, search.sha256 ? search.sha256 : "", 2 * SHA256_SIZE + 1);
	g_free(search.last);
	g_free(search.sha256);
	return true;
}
