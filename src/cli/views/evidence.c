#include "cli/views/evidence.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/line/output.h"

void evidence_row_free(struct evidence_row *row)
{
	g_free(row->run);
	g_free(row->plan);
	g_free(row->service);
	g_free(row->slot);
	g_free(row->outcome);
	g_free(row->drawn);
	g_free(row->trouble);
	g_free(row);
}

static const char *state_of(const struct evidence_row *row)
{
	if (!row->signed_)
		return "not signed";
	return row->stored ? "signed, stored" : "signed, not stored";
}

void evidence_list_print(const GPtrArray *rows)
{
	static const char *const headings[] = {"run",	  "service", "plan",  "slot",
					       "outcome", "moment",  "state", NULL};
	TableOut *table = table_out_new(headings);

	for (guint i = 0; i < rows->len; i++) {
		const struct evidence_row *row = rows->pdata[i];

		table_out_row(table, row->run, row->service, row->plan, row->slot,
			      row->trouble ? row->trouble : row->outcome, row->drawn,
			      state_of(row));
	}
	table_out_print(table, rows->len > 0 ? stdout : NULL);
	if (rows->len == 0)
		puts("There is no evidence of a drill.");
}

json_t *evidence_list_json(const GPtrArray *rows)
{
	json_t *document = json_object(), *list = json_array();

	for (guint i = 0; i < rows->len; i++) {
		const struct evidence_row *row = rows->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "run", row->run);
		json_set_string(object, "service", row->service);
		json_set_string(object, "plan", row->plan);
		json_set_string(object, "slot", row->slot);
		json_set_string(object, "outcome", row->outcome);
		json_set_string(object, "drawn", row->drawn);
		json_set_bool(object, "signed", row->signed_);
		json_set_bool(object, "stored", row->stored);
		json_set_string(object, "trouble", row->trouble);
		json_array_append_new(list, object);
	}
	json_set(document, "runs", list);
	return document;
}

static void print_finding(const struct evidence_finding *finding)
{
	bool warns = evidence_code_warns(finding->code);
	g_autofree char *word =
		output_tint(warns ? "warning" : "error", warns ? TINT_WARNING : TINT_CRITICAL);
	g_autofree char *what = text_escape(finding->what);

	printf("%s  %s  %s  %s\n", word, finding->run ? finding->run : "audit.log",
	       evidence_code_name(finding->code), what);
}

void evidence_findings_print(const GPtrArray *findings)
{
	for (guint i = 0; i < findings->len; i++)
		print_finding(findings->pdata[i]);
}

static void print_signers(const struct evidence_verdict *verdict)
{
	const GPtrArray *signers = verdict->signers;

	for (guint i = 0; i < signers->len; i++) {
		const struct evidence_witness *witness = signers->pdata[i];
		g_autofree char *documents = count_format(witness->documents, "document");
		g_autofree char *from = clock_format(witness->from);
		g_autofree char *until = clock_format(witness->until);

		printf("%s signed by key %s\n", documents, witness->key);
		if (witness->service)
			printf("  endorsed for service %s since %s, %s%s\n", witness->service, from,
			       witness->until ? "until " : "without end",
			       witness->until ? until : "");
		else
			puts(verdict->knows_owners
				     ? "  endorsed by nobody who is known here"
				     : "  whether it was endorsed was not looked at: give --endorsed-by FILE");
	}
}

json_t *evidence_signers_json(const GPtrArray *signers)
{
	json_t *list = json_array();

	for (guint i = 0; i < signers->len; i++) {
		const struct evidence_witness *witness = signers->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "key", witness->key);
		json_set_string(object, "service", witness->service);
		json_set_known_time(object, "endorsed_from", witness->from);
		json_set_known_time(object, "endorsed_until", witness->until);
		json_set_int(object, "documents", witness->documents);
		json_array_append_new(list, object);
	}
	return list;
}

void evidence_verdict_print(const struct evidence_verdict *verdict, bool quiet)
{
	g_autofree char *runs = count_format(verdict->runs, "run");
	g_autofree char *checkpoints = count_format(verdict->checkpoints, "checkpoint");
	g_autofree char *lines = count_format(verdict->head.seq, "line");
	g_autofree char *errors = count_format(verdict->errors, "error");
	g_autofree char *warnings = count_format(verdict->warnings, "warning");

	evidence_findings_print(verdict->findings);
	if (quiet)
		return;
	for (guint i = 0; i < verdict->notes->len; i++) {
		const struct evidence_note *note = verdict->notes->pdata[i];
		g_autofree char *what = text_escape(note->what);

		printf("note  %s  %s\n", note->run, what);
	}
	printf("%s, %s, a chain of %s: %s, %s\n", runs, checkpoints, lines, errors, warnings);
	print_signers(verdict);
	puts("Self-attested: whoever holds such a key can sign anything.");
}

json_t *evidence_findings_json(const GPtrArray *findings)
{
	json_t *list = json_array();

	for (guint i = 0; i < findings->len; i++) {
		const struct evidence_finding *finding = findings->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "code", evidence_code_name(finding->code));
		json_set_string(object, "severity",
				evidence_code_warns(finding->code) ? "warning" : "error");
		json_set_string(object, "run", finding->run);
		json_set_string(object, "message", finding->what);
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *notes_json(const GPtrArray *notes)
{
	json_t *list = json_array();

	for (guint i = 0; i < notes->len; i++) {
		const struct evidence_note *note = notes->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "run", note->run);
		json_set_string(object, "message", note->what);
		json_array_append_new(list, object);
	}
	return list;
}

json_t *evidence_verdict_json(const struct evidence_verdict *verdict)
{
	json_t *document = json_object();

	json_set_bool(document, "good", verdict->errors == 0);
	json_set_int(document, "runs", verdict->runs);
	json_set_int(document, "checkpoints", verdict->checkpoints);
	json_set_int(document, "lines", (int64_t)verdict->head.seq);
	json_set_string(document, "head", verdict->head.sha256);
	json_set(document, "signers", evidence_signers_json(verdict->signers));
	json_set(document, "findings", evidence_findings_json(verdict->findings));
	json_set(document, "notes", notes_json(verdict->notes));
	return document;
}
