/* The index of the evidence: records with their digests, where they were stored and for how long, and the chain. */
#include "drill/report/quarter_parts.h"
#include "drill/report/report.h"
#include "drill/report/words.h"

static void add_records(Document *document, const Quarter *quarter)
{
	static const char *const headings[] = {"Run", "Outcome", "SHA-256 of record.json", NULL};
	const struct quarter_attempt *attempt;

	document_table(document, headings);
	for (guint i = 0; (attempt = quarter_attempt_at(quarter, i)); i++) {
		const json_t *record = attempt->reading->record;

		document_cell(document, TONE_CODE, reading_text(record, "run.id"));
		document_cell(document, TONE_PLAIN,
			      outcome_look(reading_text(record, "outcome"))->words);
		document_cell(document, TONE_CODE, attempt->reading->sha256);
	}
	if (document_table_empty(document))
		document_paragraph(document, "There is no record of a drill in this period.");
}

static void add_proof(Document *document, enum stored_proof proof)
{
	static const struct {
		const char *words;
		enum tone tone;
	} looks[] = {
		[STORED_UNVERIFIABLE] = {"not verifiable", TONE_OPEN},
		[STORED_VERIFIED] = {"verified", TONE_GOOD},
		[STORED_WRONG] = {"WRONG", TONE_BAD},
	};

	document_cell(document, looks[proof].tone, looks[proof].words);
}

static void add_copy(Document *document, const struct stored_copy *copy, enum stored_proof proof)
{
	g_autofree char *stored = words_time(copy->stored_at);
	g_autofree char *until = words_day(copy->locked_until);
	g_autofree char *lock = until ? g_strdup_printf("%s%s%s", until, copy->mode ? ", " : "",
							copy->mode ? copy->mode : "")
				      : NULL;

	document_cell(document, TONE_WHOLE, copy->repository);
	document_cell(document, TONE_CODE, copy->name);
	document_cell(document, TONE_CODE, copy->version);
	document_cell(document, TONE_WHOLE, stored);
	document_cell(document, until ? TONE_PLAIN : TONE_OPEN, until ? lock : "not locked");
	document_cell(document, copy->same ? TONE_PLAIN : TONE_BAD,
		      copy->same ? "as here" : "differs");
	add_proof(document, proof);
}

static void add_copies(Document *document, const GPtrArray *copies, enum stored_proof proof)
{
	for (guint i = 0; copies && i < copies->len; i++)
		add_copy(document, copies->pdata[i], proof);
}

static void add_receipts(Document *document, const Quarter *quarter)
{
	static const char *const headings[] = {"Repository",   "Object",  "Version", "Stored at",
					       "Locked until", "Content", "Receipt", NULL};
	const struct stored_chain *chain = quarter->request->chain;
	const struct quarter_attempt *attempt;
	bool any;

	document_heading(document, "Where it is stored, by the receipts");
	document_table(document, headings);
	for (guint i = 0; (attempt = quarter_attempt_at(quarter, i)); i++)
		add_copies(document, attempt->reading->copies, attempt->reading->proof);
	if (chain && chain->checkpoint)
		add_copies(document, chain->copies, chain->proof);
	any = !document_table_empty(document);
	if (!any)
		document_paragraph(document, "No receipt is at hand.");
	for (guint i = 0; (attempt = quarter_attempt_at(quarter, i)); i++) {
		if (attempt->reading->copies && attempt->reading->copies->len > 0)
			continue;
		document_item(document, "%s has no receipt: that it was stored is not shown.",
			      reading_text(attempt->reading->record, "run.id"));
	}
	if (any)
		document_paragraph(document,
				   "Locks and times are those that the stores answered when the "
				   "receipt was written. A receipt is verified where its signature "
				   "is good, by an evidence key of this configuration or one that "
				   "the same owner endorsed; it is not verifiable without a "
				   "signature or such a key, and wrong if it was altered or is "
				   "signed by somebody else. odrbackup evidence verify --stored "
				   "also asks the stores again.");
}

static void add_chain(Document *document, const struct stored_chain *chain)
{
	document_heading(document, "The audit chain");
	if (chain && chain->trouble) {
		document_paragraph(document,
				   "It cannot be read, so that nothing of it is shown: %s.",
				   chain->trouble);
		return;
	}
	if (chain && !chain->known && chain->checkpoint) {
		document_paragraph(
			document,
			"There is no audit chain on this host, and checkpoint %s signs %" G_GUINT64_FORMAT
			" lines of one: it was removed.",
			chain->checkpoint, chain->signed_to);
		return;
	}
	if (!chain || !chain->known) {
		document_paragraph(document, "There is no audit chain on this host.");
		return;
	}
	g_autofree char *lines = g_strdup_printf("%" G_GUINT64_FORMAT, chain->head.seq);
	g_autofree char *signed_to =
		chain->checkpoint ? g_strdup_printf("%" G_GUINT64_FORMAT, chain->signed_to) : NULL;
	g_autofree char *signed_at = words_time(chain->signed_at);

	document_fact(document, "Lines", TONE_PLAIN, lines);
	document_fact(document, "Head, SHA-256", TONE_CODE, chain->head.sha256);
	document_fact(document, "Each line has the digest of the one before",
		      chain->broken ? TONE_BAD : TONE_PLAIN, chain->broken ? "NO" : "yes");
	document_fact(document, "Newest checkpoint", TONE_CODE, chain->checkpoint);
	document_fact(document, "It signs up to line", TONE_PLAIN, signed_to);
	document_fact(document, "It was made", TONE_PLAIN, signed_at);
	if (chain->disagrees) {
		document_fact(document, "The chain has that line", TONE_BAD, "NO");
		document_paragraph(document,
				   "The chain was cut, or made anew, behind what was signed.");
		return;
	}
	document_paragraph(document, chain->checkpoint
					     ? "What was appended after it is held by nothing but "
					       "this host."
					     : "No checkpoint is at hand: the chain is held by "
					       "nothing but this host.");
}

void quarter_add_evidence(Document *document, const Quarter *quarter)
{
	document_section(document, "Evidence");
	add_records(document, quarter);
	add_receipts(document, quarter);
	add_chain(document, quarter->request->chain);
	document_heading(document, "How to verify");
	report_add_verification(document, "RUN", NULL);
	document_command(document, "odrbackup audit verify");
}
