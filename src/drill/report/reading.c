#include "drill/report/reading.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "crypto/digest.h"
#include "drill/evidence/evidence.h"
#include "drill/report/stored.h"

#include <string.h>

#define SIGNER "evidence key "

void reading_free(Reading *reading)
{
	if (!reading)
		return;
	record_free(reading->checked);
	g_clear_pointer(&reading->copies, g_ptr_array_unref);
	g_free(reading->signer);
	g_free(reading->sha256);
	g_free(reading);
}

const json_t *reading_at(const json_t *record, const char *path)
{
	g_auto(GStrv) names = g_strsplit(path, ".", -1);

	for (char **name = names; record && *name; name++)
		record = json_object_get(record, *name);
	return json_is_null(record) ? NULL : record;
}

const char *reading_text(const json_t *record, const char *path)
{
	const json_t *value = reading_at(record, path);

	return json_is_string(value) && *json_string_value(value) ? json_string_value(value) : NULL;
}

int64_t reading_int(const json_t *record, const char *path)
{
	const json_t *value = reading_at(record, path);

	return json_is_integer(value) ? json_integer_value(value) : READING_ABSENT;
}

bool reading_flag(const json_t *record, const char *path)
{
	return json_is_true(reading_at(record, path));
}

usec_t reading_time(const json_t *record, const char *path)
{
	const char *text = reading_text(record, path);
	usec_t time;

	return text && clock_parse(text, &time, NULL) ? time : READING_ABSENT;
}

char *reading_list(const json_t *record, const char *path)
{
	const json_t *value = reading_at(record, path);
	g_autoptr(GString) list = g_string_new(NULL);

	if (json_is_string(value))
		return g_strdup(json_string_value(value));
	for (size_t i = 0; i < json_array_size(value); i++) {
		const char *text = json_string_value(json_array_get(value, i));

		if (text)
			g_string_append_printf(list, "%s%s", list->len ? ", " : "", text);
	}
	return list->len ? g_string_free(g_steal_pointer(&list), FALSE) : NULL;
}

char *reading_print(const json_t *record, const char *path)
{
	const json_t *value = reading_at(record, path);

	if (json_is_string(value))
		return g_strdup(json_string_value(value));
	return !value || json_is_object(value) || json_is_array(value) ? NULL : json_print(value);
}

/* A record without spans was refused early: its id tells the time as well. */
static usec_t time_of(const json_t *record)
{
	const json_t *first = json_array_get(json_object_get(record, "spans"), 0);
	usec_t time = reading_time(first, "start");
	const char *id = reading_text(record, "run.id");

	if (time != READING_ABSENT)
		return time;

	g_autofree char *compact = id ? g_strndup(id, strcspn(id, "-")) : g_strdup("");

	return clock_parse_compact(compact, &time) ? time : 0;
}

Reading *reading_parse(GBytes *content, const char *what, GError **error)
{
	g_autoptr(Reading) reading = g_new0(Reading, 1);
	uint8_t digest[SHA256_SIZE];
	gsize size;
	const char *text = g_bytes_get_data(content, &size);

	if (!record_parse(text ? text : "", size, &reading->checked, error)) {
		odr_context(error, "%s", what);
		return NULL;
	}
	sha256(text, size, digest);
	reading->sha256 = hex_encode(digest, sizeof(digest));
	reading->record = reading->checked->document;
	reading->time = time_of(reading->record);
	return g_steal_pointer(&reading);
}

/* Its comment names the key; that it fits is for odrbackup evidence verify to say. */
static char *signer_of(const char *folder)
{
	g_autofree char *path = g_build_filename(folder, EVIDENCE_RECORD EVIDENCE_SIGNATURE, NULL);
	g_autofree char *text = NULL;
	const char *key;

	if (!file_read_text(path, EVIDENCE_FILE_MAX, &text, NULL))
		return NULL;
	key = strstr(text, SIGNER);
	key = key ? key + strlen(SIGNER) : "";
	return strspn(key, "0123456789abcdef") == (size_t)2 * SHA256_SIZE
		       ? g_strndup(key, (gsize)2 * SHA256_SIZE)
		       : NULL;
}

Reading *reading_load(const char *folder, GError **error)
{
	g_autofree char *path = g_build_filename(folder, EVIDENCE_RECORD, NULL);
	g_autofree char *receipt = g_build_filename(folder, EVIDENCE_RECEIPT, NULL);
	g_autoptr(GBytes) content = NULL;
	Reading *reading;

	if (!file_read(path, RECORD_MAX, &content, error))
		return NULL;
	reading = reading_parse(content, path, error);
	if (!reading)
		return NULL;
	reading->copies = stored_copies(receipt, EVIDENCE_RECORD, reading->sha256);
	reading->signer = signer_of(folder);
	return reading;
}

static gint by_time(gconstpointer a, gconstpointer b)
{
	const Reading *x = *(Reading *const *)a, *y = *(Reading *const *)b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return strcmp(reading_text(x->record, "run.id"), reading_text(y->record, "run.id"));
}

static void release(void *reading)
{
	reading_free(reading);
}

bool reading_load_all(const char *state, GPtrArray **readings, GPtrArray *troubles, GError **error)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(release);
	g_autoptr(GPtrArray) runs = NULL;

	if (!evidence_runs(state, &runs, error))
		return false;
	for (guint i = 0; i < runs->len; i++) {
		g_autofree char *folder = evidence_folder(state, runs->pdata[i]);
		g_autoptr(GError) trouble = NULL;
		Reading *reading = reading_load(folder, &trouble);

		if (reading)
			g_ptr_array_add(found, reading);
		else
			g_ptr_array_add(troubles, g_strdup(trouble->message));
	}
	g_ptr_array_sort(found, by_time);
	*readings = g_steal_pointer(&found);
	return true;
}

void reading_prove_receipts(const char *state, GPtrArray *readings,
			    const struct evidence_trust *trust)
{
	for (guint i = 0; i < readings->len; i++) {
		Reading *reading = readings->pdata[i];
		g_autofree char *folder =
			evidence_folder(state, reading_text(reading->record, "run.id"));
		g_autofree char *receipt = g_build_filename(folder, EVIDENCE_RECEIPT, NULL);

		reading->proof = stored_receipt_prove(receipt, trust);
	}
}

static const struct outcome_look looks[] = {
	{"pass", "passed", "P", TONE_GOOD},
	{"pass-with-warnings", "passed with warnings", "W", TONE_GOOD},
	{"incomplete", "incomplete", "I", TONE_OPEN},
	{"fail-objective", "objective missed", "O", TONE_BAD},
	{"fail-check", "check failed", "C", TONE_BAD},
	{"fail-restore", "restore failed", "R", TONE_BAD},
	{"refused", "refused", "X", TONE_MUTED},
	{"skipped", "skipped", "S", TONE_MUTED},
	{"aborted", "aborted", "A", TONE_MUTED},
	{"error", "error of the drill", "E", TONE_MUTED},
	{"abandoned", "abandoned", "B", TONE_OPEN},
};

const struct outcome_look *outcome_look(const char *outcome)
{
	static const struct outcome_look unknown = {"", "unknown outcome", "?", TONE_OPEN};

	for (size_t i = 0; outcome && i < G_N_ELEMENTS(looks); i++)
		if (strcmp(looks[i].outcome, outcome) == 0)
			return &looks[i];
	return &unknown;
}

bool reading_passed(const Reading *reading)
{
	return outcome_look(reading_text(reading->record, "outcome"))->tone == TONE_GOOD;
}

static bool is_stored(const Reading *reading)
{
	for (guint i = 0;
	     reading->proof != STORED_WRONG && reading->copies && i < reading->copies->len; i++)
		if (((const struct stored_copy *)reading->copies->pdata[i])->same)
			return true;
	return false;
}

/* It came to no moment: drawing was what failed, or what comes before. */
static bool ended_before_draw(const json_t *record)
{
	const char *state = reading_text(record, "failure.state");

	/* Whoever kills a drill because of what it drew has a drill that counts. */
	if (g_strcmp0(reading_text(record, "outcome"), "abandoned") == 0)
		return !reading_text(record, "draw.target");
	return g_strcmp0(state, "opening") == 0 || g_strcmp0(state, "drawn") == 0;
}

const char *reading_why_not(const Reading *reading)
{
	const json_t *record = reading->record;
	const char *outcome = reading_text(record, "outcome");

	if (reading_flag(record, "draw.operator_chosen"))
		return "chosen by the operator";
	if (g_strcmp0(outcome, "refused") == 0 || g_strcmp0(outcome, "skipped") == 0)
		return outcome_look(outcome)->words;
	if (ended_before_draw(record))
		return "ended before its moment was drawn";
	return is_stored(reading) ? NULL : "its record was not stored";
}

bool reading_counts(const Reading *reading)
{
	return reading_why_not(reading) == NULL;
}
