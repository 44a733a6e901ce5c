#include "cli/views/audit.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/line/output.h"
#include "cli/views/evidence.h"

static const char *actor_text(const json_t *actor, const char *name)
{
	const char *text = json_string_value(json_object_get(actor, name));

	return text ? text : "?";
}

void audit_line_show(const struct audit_line *line)
{
	g_autofree char *time = clock_format(line->time);
	g_autofree char *user = text_escape(actor_text(line->actor, "user"));
	g_autofree char *host = text_escape(actor_text(line->actor, "host"));
	g_autofree char *printed = json_print(line->data);
	g_autofree char *data = text_escape(printed);

	printf("%" G_GUINT64_FORMAT "  %s  %s  %s@%s%s%s  %s\n", line->seq, time, line->event, user,
	       host, line->run ? "  " : "", line->run ? line->run : "", data);
}

json_t *audit_line_json(const struct audit_line *line)
{
	json_t *object = json_object();

	json_set_int(object, "seq", (int64_t)line->seq);
	json_set_string(object, "prev", line->prev);
	json_set_string(object, "sha256", line->sha256);
	json_set_time(object, "ts", line->time);
	json_set_int(object, "mono", line->monotonic);
	json_set_string(object, "event", line->event);
	json_set(object, "actor", json_incref(line->actor));
	json_set_string(object, "run", line->run);
	json_set(object, "data", json_incref(line->data));
	return object;
}

/* What holds which lines, and what that is worth. */
static void print_proof(const struct evidence_verdict *verdict)
{
	const struct evidence_proof *proof = &verdict->proof;
	g_autofree char *stored = clock_format(proof->stored_at);
	g_autofree char *locked = clock_format(proof->locked_until);

	if (verdict->errors == 0)
		puts("  each by the next: between the first and the last nothing was altered, "
		     "taken out or put in");
	if (!verdict->knows_signers)
		puts("  checkpoints were not looked at: give --key FILE or --endorsed-by FILE, or "
		     "set evidence-key=");
	else if (proof->signed_to == 0)
		puts("  signed: no line; odrbackup audit checkpoint signs the end");
	else
		printf("  signed: up to line %" G_GUINT64_FORMAT
		       ", checkpoint %s by key %s,\n    %s%s%s%s\n",
		       proof->signed_to, proof->checkpoint, proof->signer,
		       proof->stored_at ? "stored " : "not stored in a repository",
		       proof->stored_at ? stored : "",
		       proof->locked_until ? ", locked there until "
		       : proof->stored_at  ? ", not locked there"
					   : "",
		       proof->locked_until ? locked : "");
	if (proof->mirrored_to == 0)
		puts("  noted in the catalog: no line; a cut behind the last checkpoint would not "
		     "be seen");
	else
		printf("  noted in the catalog: up to line %" G_GUINT64_FORMAT
		       "; whoever can write on this host can alter both\n",
		       proof->mirrored_to);
}

void audit_verdict_print(const struct evidence_verdict *verdict, bool quiet)
{
	g_autofree char *lines = count_format(verdict->lines, "line");
	g_autofree char *first = clock_format(verdict->first);
	g_autofree char *last = clock_format(verdict->last);

	evidence_findings_print(verdict->findings);
	if (quiet || verdict->lines == 0)
		return;
	printf("%s from %s to %s, head %s\n", lines, first, last, verdict->head.sha256);
	print_proof(verdict);
}

json_t *audit_verdict_json(const struct evidence_verdict *verdict)
{
	const struct evidence_proof *proof = &verdict->proof;
	json_t *document = json_object();

	json_set_bool(document, "good", verdict->errors == 0);
	json_set_int(document, "lines", (int64_t)verdict->lines);
	json_set_int(document, "seq", (int64_t)verdict->head.seq);
	json_set_string(document, "head", verdict->head.sha256);
	json_set_known_time(document, "first", verdict->first);
	json_set_known_time(document, "last", verdict->last);
	json_set(document, "signers", evidence_signers_json(verdict->signers));
	json_set_int(document, "signed_to", (int64_t)proof->signed_to);
	json_set_string(document, "checkpoint", proof->checkpoint);
	json_set_known_time(document, "stored_at", proof->stored_at);
	json_set_known_time(document, "locked_until", proof->locked_until);
	json_set_int(document, "mirrored_to", (int64_t)proof->mirrored_to);
	json_set(document, "findings", evidence_findings_json(verdict->findings));
	return document;
}
