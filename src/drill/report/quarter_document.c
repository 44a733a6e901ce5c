/* The quarterly report: scope, the page an executive reads, and the order of all that follows. */
#include "drill/report/quarter_parts.h"
#include "drill/report/report.h"
#include "drill/report/words.h"

#include <string.h>

const struct quarter_attempt *quarter_attempt_at(const Quarter *quarter, guint index)
{
	for (guint i = 0; i < quarter->results->len; i++) {
		const struct quarter_result *result = quarter->results->pdata[i];

		if (index < result->attempts->len)
			return &g_array_index(result->attempts, struct quarter_attempt, index);
		index -= result->attempts->len;
	}
	return NULL;
}

static enum tone state_tone(enum objective_state state)
{
	return words_tone(state);
}

static void add_state(Document *document, enum objective_state state)
{
	document_cell(document, state_tone(state), objective_state_name(state));
}

/* Tiers that a service is of, each once. */
static GPtrArray *tiers_of(const Quarter *quarter)
{
	GPtrArray *tiers = g_ptr_array_new();

	for (guint i = 0; i < quarter->results->len; i++) {
		const struct quarter_result *result = quarter->results->pdata[i];
		bool known = false;

		for (guint k = 0; k < tiers->len && !known; k++)
			known = strcmp(tiers->pdata[k], result->service->tier) == 0;
		if (!known)
			g_ptr_array_add(tiers, (gpointer)result->service->tier);
	}
	return tiers;
}

/* Each key once; a record that nobody signed is said. */
static void add_signers(Document *document, const Quarter *quarter)
{
	g_autoptr(GHashTable) told = g_hash_table_new(g_str_hash, g_str_equal);
	const struct quarter_attempt *attempt;

	for (guint i = 0; (attempt = quarter_attempt_at(quarter, i)); i++) {
		char *signer = attempt->reading->signer;

		if (g_hash_table_add(told, signer ? signer : (char *)""))
			document_fact(document, "Records signed with key",
				      signer ? TONE_CODE : TONE_OPEN,
				      signer ? signer : "not signed");
	}
}

static void add_scope(Document *document, const Quarter *quarter)
{
	const struct quarter_request *request = quarter->request;
	g_autofree char *from = words_day(request->from), *to = words_day(request->to - 1);
	g_autofree char *cutoff = words_time(quarter->cutoff), *made = words_time(request->now);
	g_autofree char *period = g_strdup_printf("%s to %s (UTC)", from, to);
	g_autoptr(GString) names = g_string_new(NULL);

	for (guint i = 0; i < quarter->results->len; i++) {
		const struct quarter_result *result = quarter->results->pdata[i];

		g_string_append_printf(names, "%s%s (tier %s)", i ? ", " : "",
				       result->service->name, result->service->tier);
	}
	document_section(document, "Scope, period, and how to verify");
	document_fact(document, "Period", TONE_PLAIN, period);
	document_fact(document, "Data until", TONE_PLAIN, cutoff);
	document_fact(document, "Written", TONE_PLAIN, made);
	document_fact(document, "Services", TONE_PLAIN, names->len ? names->str : NULL);
	document_fact(document, "Sources", TONE_PLAIN,
		      "records of drills, the catalog and the audit chain of this host");
	add_signers(document, quarter);
	document_paragraph(
		document,
		"Each figure derives from the records that section 14 lists with their "
		"digests, and from recovery points that the catalog recorded. A record can "
		"be verified without this program, by the commands there.");
}

/* ---- one page --------------------------------------------------------------------------------- */

static void add_states(Document *document, const Quarter *quarter)
{
	static const char *const headings[] = {"",	    "Name",	"RPO", "RTO",
					       "Integrity", "Coverage", NULL};
	g_autoptr(GPtrArray) tiers = tiers_of(quarter);

	document_table(document, headings);
	for (guint i = 0; i < tiers->len; i++) {
		document_cell(document, TONE_PLAIN, "tier");
		document_cell(document, TONE_WHOLE, tiers->pdata[i]);
		for (int kind = 0; kind < QUARTER_KINDS; kind++)
			add_state(document, quarter_tier_state(quarter, tiers->pdata[i],
							       (enum quarter_kind)kind));
	}
	for (guint i = 0; i < quarter->results->len; i++) {
		const struct quarter_result *result = quarter->results->pdata[i];

		document_cell(document, TONE_PLAIN, "service");
		document_cell(document, TONE_WHOLE, result->service->name);
		for (int kind = 0; kind < QUARTER_KINDS; kind++)
			add_state(document, quarter_service_state(quarter, result->service->name,
								  (enum quarter_kind)kind));
	}
	for (guint i = 0; i < quarter->processes->len; i++) {
		const struct quarter_process *process = quarter->processes->pdata[i];

		/* One that only checks name has no objective: its section has it. */
		if (!process->business)
			continue;
		document_cell(document, TONE_PLAIN, "process");
		document_cell(document, TONE_PLAIN, process->name);
		for (int kind = 0; kind < QUARTER_COVERAGE; kind++)
			add_state(document, process->verdicts[kind].state);
		document_cell(document, TONE_PLAIN, NULL);
	}
}

/* For who reads no further than this page. */
static void add_legend(Document *document)
{
	document_paragraph(document,
			   "RPO: how much work a loss would cost. RTO: how long until users are "
			   "served again. Integrity: what came back was whole and right. Coverage: "
			   "all there is was drilled, and lately.");
	document_paragraph(
		document,
		"MISSED: a measurement broke an objective, or a drill failed. NOT PROVEN: "
		"nothing broke it, and the proof is not complete. MET: measured, and every "
		"condition holds. A service is as good as the worst of itself and its "
		"processes.");
}

static void add_loss_sentence(Document *document, const struct quarter_result *result)
{
	const char *service = result->service->name;
	const struct quarter_exposure *exposure = &result->exposure[QUARTER_DATABASE];
	g_autofree char *maximum = words_duration(exposure->summary.maximum);
	g_autofree char *unknown = words_duration(exposure->summary.unknown);
	g_autofree char *objective =
		exposure->objective ? words_duration(exposure->objective) : NULL;

	if (!exposure->events || exposure->summary.known == 0)
		document_item(document,
			      "%s: what would have been lost is not known for any of this period.",
			      service);
	else
		document_item(
			document,
			"%s: at its worst moment %s of work would have been lost; %s%s, %s%s%s.",
			service, maximum, objective ? "the objective is " : "no objective is set",
			objective ? objective : "",
			exposure->summary.unknown ? "and for " : "no unknown time",
			exposure->summary.unknown ? unknown : "",
			exposure->summary.unknown ? " of the period it is not known" : "");
}

static void add_drills_sentence(Document *document, const struct quarter_result *result)
{
	const struct objective_drills *drills = &result->drills;
	unsigned passed = drills->counted - drills->failed - drills->open;
	g_autofree char *counted = count_format(drills->counted, "drill");

	if (drills->counted == 0)
		document_item(document,
			      "%s: no drill was counted; that it can be recovered was not "
			      "shown.",
			      result->service->name);
	else
		document_item(document,
			      "%s: %s counted; %u passed, %u failed, and %u came to no verdict.",
			      result->service->name, counted, passed, drills->failed, drills->open);
}

static void add_time_sentence(Document *document, const struct quarter_result *result)
{
	g_autofree char *slowest = words_duration(
		result->rta->len ? g_array_index(result->rta, usec_t, result->rta->len - 1) : -1);
	g_autofree char *rto = result->service->rto ? words_duration(result->service->rto) : NULL;

	if (slowest)
		document_item(document,
			      "%s: the slowest recovery took %s with its assumptions; %s%s.",
			      result->service->name, slowest,
			      rto ? "the objective is " : "no objective is set", rto ? rto : "");
	else
		document_item(document, "%s: how long a recovery takes was not measured; %s%s.",
			      result->service->name,
			      rto ? "the objective is " : "no objective is set", rto ? rto : "");
}

static void add_sentences(Document *document, const struct quarter_result *result)
{
	add_loss_sentence(document, result);
	add_drills_sentence(document, result);
	add_time_sentence(document, result);
	quarter_add_incident_sentence(document, result);
}

#define RISKS 3

static void add_risk(GPtrArray *risks, const char *name, enum quarter_kind kind,
		     const struct objective_verdict *verdict, enum objective_state state)
{
	if (verdict->state == state && verdict->reasons->len > 0)
		g_ptr_array_add(risks,
				g_strdup_printf("%s, %s %s: %s.", name, quarter_kind_name(kind),
						objective_state_name(state),
						(char *)verdict->reasons->pdata[0]));
}

/* Of one state, who, what of it, and what decided it: services before their processes. */
static GPtrArray *risks_of(const Quarter *quarter, enum objective_state state)
{
	GPtrArray *risks = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < quarter->results->len; i++) {
		const struct quarter_result *result = quarter->results->pdata[i];

		for (int kind = 0; kind < QUARTER_KINDS; kind++)
			add_risk(risks, result->service->name, (enum quarter_kind)kind,
				 &result->verdicts[kind], state);
	}
	for (guint i = 0; i < quarter->processes->len; i++) {
		const struct quarter_process *process = quarter->processes->pdata[i];

		for (int kind = 0; process->business && kind < QUARTER_COVERAGE; kind++)
			add_risk(risks, process->name, (enum quarter_kind)kind,
				 &process->verdicts[kind], state);
	}
	return risks;
}

/* The worst states first. */
static void add_risks(Document *document, const Quarter *quarter)
{
	guint told = 0;

	document_heading(document, "Top risks");
	for (int state = OBJECTIVE_MISSED; state <= OBJECTIVE_NOT_PROVEN; state++) {
		g_autoptr(GPtrArray) risks = risks_of(quarter, (enum objective_state)state);

		for (guint i = 0; i < risks->len && told < RISKS; i++, told++)
			document_item(document, "%s", (char *)risks->pdata[i]);
	}
	if (told == 0)
		document_paragraph(document, "None follows from the figures of this period.");
}

static char *first_reason(const Quarter *quarter, enum objective_state state)
{
	g_autoptr(GPtrArray) risks = NULL;

	if (state > OBJECTIVE_NOT_PROVEN)
		return NULL;
	risks = risks_of(quarter, state);
	return risks->len > 0 ? g_strdup(risks->pdata[0]) : NULL;
}

static void add_change(Document *document, const Quarter *quarter, const Quarter *before)
{
	bool changed = false;

	document_heading(document, "Change since the quarter before");
	for (guint i = 0; i < quarter->results->len; i++) {
		const struct quarter_result *now = quarter->results->pdata[i];

		for (int kind = 0; before && kind < QUARTER_KINDS; kind++) {
			const char *service = now->service->name;
			enum objective_state is =
				quarter_service_state(quarter, service, (enum quarter_kind)kind);
			enum objective_state was =
				quarter_service_state(before, service, (enum quarter_kind)kind);

			if (is == was)
				continue;
			document_item(document, "%s, %s: %s, before %s.", service,
				      quarter_kind_name((enum quarter_kind)kind),
				      objective_state_name(is), objective_state_name(was));
			changed = true;
		}
	}
	if (!before)
		document_paragraph(document, "Nothing is known of the quarter before.");
	else if (!changed)
		document_paragraph(document, "No state changed.");
}

void quarter_add_page(Document *document, const Quarter *quarter, const Quarter *before)
{
	document_section(document, "On one page");
	add_states(document, quarter);
	add_legend(document);
	document_heading(document, "In short");
	for (guint i = 0; i < quarter->results->len; i++)
		add_sentences(document, quarter->results->pdata[i]);
	add_risks(document, quarter);
	add_change(document, quarter, before);
	document_heading(document, "Decisions asked for");
	document_blank(document, "Decision, by whom, until when");
}

static void add_verdict(Document *document, const Quarter *quarter)
{
	static const char *const sentences[] = {
		[OBJECTIVE_MISSED] = "An objective was broken by a measurement, or a counted drill "
				     "failed.",
		[OBJECTIVE_NOT_PROVEN] = "Nothing broke an objective; the proof is not complete.",
		[OBJECTIVE_NOT_ASSESSED] = "Not everything has an objective.",
		[OBJECTIVE_EXEMPT] = "All of it is exempt.",
		[OBJECTIVE_MET] =
			"Every objective was met, as measured, under the conditions named.",
	};
	enum objective_state state = quarter_state(quarter);
	g_autofree char *first = first_reason(quarter, state);

	document_verdict(document, words_tone(state), objective_state_name(state), "%s%s%s",
			 sentences[state], first ? " First of all, " : "", first ? first : "");
}

Document *quarter_document(const Quarter *quarter, const Quarter *before)
{
	Document *document = document_new("Quarterly report on recovery", quarter->request->name);

	document_number_sections(document);
	add_verdict(document, quarter);
	add_scope(document, quarter);
	quarter_add_page(document, quarter, before);
	quarter_add_proven(document, quarter);
	quarter_add_exposure(document, quarter);
	quarter_add_recovery(document, quarter);
	quarter_add_matrix(document, quarter);
	quarter_add_processes(document, quarter);
	quarter_add_files(document, quarter);
	quarter_add_posture(document, quarter);
	quarter_add_incidents(document, quarter);
	quarter_add_findings(document, quarter);
	quarter_add_method(document, quarter);
	quarter_add_standards(document);
	quarter_add_evidence(document, quarter);
	quarter_add_signatures(document);
	return document;
}

Document *quarter_posture(const Quarter *quarter)
{
	g_autofree char *time = words_time(quarter->request->now);
	Document *document = document_new("Posture", time);

	add_verdict(document, quarter);
	document_section(document, "States over the last 90 days");
	add_states(document, quarter);
	add_legend(document);
	document_heading(document, "In short");
	for (guint i = 0; i < quarter->results->len; i++)
		add_sentences(document, quarter->results->pdata[i]);
	quarter_add_exposure(document, quarter);
	quarter_add_posture(document, quarter);
	quarter_add_incidents(document, quarter);
	quarter_add_matrix(document, quarter);
	quarter_add_evidence(document, quarter);
	return document;
}
