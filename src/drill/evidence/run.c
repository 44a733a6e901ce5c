#include "drill/evidence/judge.h"

#include "base/error.h"
#include "base/file.h"
#include "drill/evidence/file.h"
#include "drill/evidence/record.h"

#include <string.h>

static bool has_file(const struct judging *judging, const char *id, const char *name)
{
	g_autofree char *path = evidence_path(judging->how->folder, id, name);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

/* A file that a digest in the record binds. */
static void judge_file(struct judging *judging, const char *id, const char *name,
		       const char *sha256)
{
	g_autofree char *path = evidence_path(judging->how->folder, id, name);
	g_autoptr(GBytes) content = NULL;
	char digest[2 * SHA256_SIZE + 1];

	if (!sha256)
		return;
	if (!file_read(path, EVIDENCE_FILE_MAX, &content, NULL)) {
		judge_find(judging, EVIDENCE_FILE_MISSING, id, "%s is missing", name);
		return;
	}
	evidence_digest(content, digest);
	if (strcmp(digest, sha256) != 0)
		judge_find(judging, EVIDENCE_FILE_DIFFERS, id,
			   "%s is not the file that the record, or the chain, names", name);
}

static const char *draw_text(const Record *record, const char *name)
{
	return json_string_value(json_object_get(record->draw, name));
}

/* The last by its id of those that had been signed when this one began, as the chain has it; NULL: there was none. */
static const struct chain_run *run_before(const struct judging *judging, const char *id,
					  uint64_t began)
{
	const char *last = NULL;

	for (guint i = 0; i < judging->order->len; i++) {
		const char *other = judging->order->pdata[i];
		const struct chain_run *run = g_hash_table_lookup(judging->runs, other);

		if (run && run->record_sha256 && run->signed_seq < began && strcmp(other, id) < 0 &&
		    (!last || strcmp(other, last) > 0))
			last = other;
	}
	return last ? g_hash_table_lookup(judging->runs, last) : NULL;
}

static void judge_previous(struct judging *judging, const Record *record,
			   const struct chain_run *run)
{
	const struct chain_run *before;

	if (!run || run->scheduled_seq == 0)
		return;
	before = run_before(judging, record->run, run->scheduled_seq);
	if (g_strcmp0(record->previous, before ? before->record_sha256 : NULL) != 0)
		judge_find(judging, EVIDENCE_PREVIOUS_DIFFERS, record->run,
			   "the record before it is not the one that it names: one was removed, or "
			   "put in");
}

/* What it was begun as is what it ended as. */
static void judge_scheduled(struct judging *judging, const Record *record,
			    const struct chain_run *run)
{
	const json_t *said = run ? run->scheduled_data : NULL;
	const struct {
		const char *name, *value;
	} all[] = {{"plan", record->plan},
		   {"plan_hash", record->plan_hash},
		   {"slot", record->slot},
		   {"service", record->service}};

	for (size_t i = 0; said && i < G_N_ELEMENTS(all); i++) {
		const char *scheduled = json_string_value(json_object_get(said, all[i].name));

		if (g_strcmp0(scheduled, all[i].value) != 0)
			judge_find(judging, EVIDENCE_RECORD_DIFFERS, record->run,
				   "its %s is '%s', and the chain says that it was begun with '%s'",
				   all[i].name, all[i].value ? all[i].value : "",
				   scheduled ? scheduled : "");
	}
}

static void judge_outcome(struct judging *judging, const Record *record,
			  const struct chain_run *run)
{
	g_autoptr(GError) cause = NULL;

	if (!record_check_outcome(record, &cause))
		judge_find(judging, EVIDENCE_OUTCOME_DIFFERS, record->run, "%s", cause->message);
	else if (run && run->outcome && strcmp(run->outcome, record->outcome) != 0)
		judge_find(judging, EVIDENCE_OUTCOME_DIFFERS, record->run,
			   "the record says %s, the chain %s", record->outcome, run->outcome);
}

/* What died while it signed, and was abandoned, left a record without a signature, or one that the chain does not know. */
static bool is_unfinished(const struct judging *judging, const char *id,
			  const struct chain_run *run)
{
	return run && run->ended && !run->closed &&
	       (!run->record_sha256 || !has_file(judging, id, EVIDENCE_RECORD) ||
		!has_file(judging, id, EVIDENCE_RECORD EVIDENCE_SIGNATURE));
}

static void judge_digest(struct judging *judging, const char *id, GBytes *content,
			 const struct chain_run *run)
{
	char digest[2 * SHA256_SIZE + 1];

	evidence_digest(content, digest);
	if (!run || !run->record_sha256)
		judge_find(judging, EVIDENCE_RECORD_UNCHAINED, id,
			   "the chain does not say that this record was signed");
	else if (strcmp(run->record_sha256, digest) != 0)
		judge_find(judging, EVIDENCE_RECORD_DIFFERS, id,
			   "the record is not the one that the chain says was signed");
}

/* What it says, once its form is right. */
static void judge_content(struct judging *judging, Record *record, const struct chain_run *run)
{
	const char *id = record->run;

	judge_outcome(judging, record, run);
	judge_previous(judging, record, run);
	judge_scheduled(judging, record, run);
	judge_file(judging, id, EVIDENCE_POPULATION, draw_text(record, "population_sha256"));
	judge_file(judging, id, EVIDENCE_HOLDINGS, draw_text(record, "holdings_sha256"));
	judge_file(judging, id, EVIDENCE_DRAW, draw_text(record, "inputs_sha256"));
	judge_draw(judging, record, run);
}

/* The service is known by a record whose form is right; the string is *record's. */
static void judge_signed(struct judging *judging, struct judged_document *document, GBytes *content,
			 const struct evidence_signer *signer, const struct chain_run *run,
			 Record **record)
{
	const char *id = document->id;
	g_autoptr(GError) cause = NULL;

	judge_digest(judging, id, content, run);
	if (!record_parse(g_bytes_get_data(content, NULL), g_bytes_get_size(content), record,
			  &cause)) {
		judge_signer(judging, signer, document);
		judge_find(judging, EVIDENCE_RECORD_INVALID, id, "%s", cause->message);
		return;
	}
	document->service = (*record)->service;
	judge_signer(judging, signer, document);
	if (strcmp((*record)->run, id) == 0)
		judge_content(judging, *record, run);
	else
		judge_find(judging, EVIDENCE_RECORD_INVALID, id, "the record is of run %s",
			   (*record)->run);
}

static void judge_record(struct judging *judging, struct judged_document *document,
			 const struct chain_run *run, Record **record)
{
	const char *id = document->id;
	g_autofree char *path = evidence_path(judging->how->folder, id, EVIDENCE_RECORD);
	struct evidence_signer signer;
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) cause = NULL;

	document->what = EVIDENCE_RECORD;
	if (!has_file(judging, id, EVIDENCE_RECORD))
		judge_find(judging, EVIDENCE_RECORD_MISSING, id,
			   "its record is missing; the chain says that there was one");
	else if (!has_file(judging, id, EVIDENCE_RECORD EVIDENCE_SIGNATURE))
		judge_find(judging, EVIDENCE_RECORD_UNSIGNED, id, "its record is not signed");
	else if (!judge_read_signed(judging, path, &signer, &content, &cause))
		judge_find(judging, EVIDENCE_RECORD_SIGNATURE, id, "%s", cause->message);
	else
		judge_signed(judging, document, content, &signer, run, record);
}

/* Reports are made of the record, and signed by nobody: the chain has their digests. */
static void judge_reports(struct judging *judging, const char *id, const struct chain_run *run)
{
	g_autoptr(GPtrArray) names = NULL;

	if (!evidence_files(judging->how->folder, id, &names, NULL))
		return;
	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];
		const char *sha256 =
			run ? json_string_value(json_object_get(run->reports, name)) : NULL;

		if (!g_str_has_prefix(name, "report."))
			continue;
		if (sha256)
			judge_file(judging, id, name, sha256);
		else
			judge_find(judging, EVIDENCE_FILE_DIFFERS, id,
				   "the chain does not say that %s was written: it was put in",
				   name);
	}
}

void judge_run(struct judging *judging, const char *id, const struct chain_run *run)
{
	struct judged_document document = {.id = id};
	bool there = has_file(judging, id, EVIDENCE_RECORD);
	g_autoptr(Record) record = NULL;

	if (!there && !(run && run->record_sha256))
		return;
	if (is_unfinished(judging, id, run)) {
		judge_find(judging, EVIDENCE_RECORD_UNFINISHED, id,
			   "it died while its record was being signed: it does not count");
		return;
	}
	document.time = judge_time(judging, id);
	judge_record(judging, &document, run, &record);
	if (!there)
		return;
	judge_reports(judging, id, run);
	judge_receipt(judging, &document);
	judge_teardown(judging, &document);
}
