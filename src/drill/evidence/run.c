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
			   "%s is not the file that the record names", name);
}

static const char *draw_text(const Record *record, const char *name)
{
	return json_string_value(json_object_get(record->draw, name));
}

/* The record before this one, where it is here. */
static void judge_previous(struct judging *judging, const Record *record)
{
	char digest[2 * SHA256_SIZE + 1] = "";

	if (!evidence_previous(judging->how->folder, record->run, digest, NULL) || !*digest)
		return;
	if (g_strcmp0(record->previous, digest) != 0)
		judge_find(judging, EVIDENCE_PREVIOUS_DIFFERS, record->run,
			   "the record before it is not the one that it names: one was removed, or "
			   "put in");
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
	judge_previous(judging, record);
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

void judge_run(struct judging *judging, const char *id, const struct chain_run *run)
{
	struct judged_document document = {.id = id};
	bool there = has_file(judging, id, EVIDENCE_RECORD);
	g_autoptr(Record) record = NULL;

	if (!there && !(run && run->record_sha256))
		return;
	document.time = judge_time(judging, id);
	judge_record(judging, &document, run, &record);
	if (!there)
		return;
	judge_receipt(judging, &document);
	judge_teardown(judging, &document);
}
