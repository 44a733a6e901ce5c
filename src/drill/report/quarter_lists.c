/* Sections that list: attempts, processes, files, posture. */
#include "drill/report/chart.h"
#include "drill/report/quarter_parts.h"
#include "drill/report/report.h"
#include "drill/report/words.h"

#include <string.h>

/* ---- attempts --------------------------------------------------------------------------------- */

static unsigned row_of(GPtrArray *names, const char *name)
{
	for (guint i = 0; i < names->len; i++)
		if (strcmp(names->pdata[i], name) == 0)
			return i;
	g_ptr_array_add(names, (gpointer)name);
	return names->len - 1;
}

static void add_matrix_chart(Document *document, const Quarter *quarter)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autoptr(GArray) marks = g_array_new(FALSE, FALSE, sizeof(struct chart_mark));
	const struct quarter_attempt *attempt;

	for (guint i = 0; (attempt = quarter_attempt_at(quarter, i)); i++) {
		const json_t *record = attempt->reading->record;
		const char *plan = reading_text(record, "plan.name");
		const struct outcome_look *look = outcome_look(reading_text(record, "outcome"));
		struct chart_mark mark = {row_of(names, plan ? plan : "–"), attempt->reading->time,
					  look->tone, look->letter, look->words};

		g_array_append_val(marks, mark);
	}
	document_chart(
		document,
		"Attempts by plan and week: P passed, W with warnings, I incomplete, O objective "
		"missed, C check failed, R restore failed, X refused, S skipped, A aborted, E "
		"error, B abandoned",
		chart_matrix(&(struct chart_matrix){
			.from = quarter->request->from,
			.to = quarter->request->to,
			.title = "All attempts of the period",
			.description =
				"A row for each plan; a square holds the worst outcome of its week "
				"or day, as a letter, and how many attempts there were.",
			.rows = (const char *const *)names->pdata,
			.count = names->len,
			.marks = marks,
		}));
}

static void add_attempts(Document *document, const Quarter *quarter)
{
	static const char *const headings[] = {"Run",	       "Service",  "Plan",   "Outcome",
					       "Target (UTC)", "Drawn by", "Counts", NULL};
	const struct quarter_attempt *attempt;

	document_heading(document, "All attempts");
	document_table(document, headings);
	for (guint i = 0; (attempt = quarter_attempt_at(quarter, i)); i++) {
		const json_t *record = attempt->reading->record;
		const struct outcome_look *look = outcome_look(reading_text(record, "outcome"));
		g_autofree char *target = words_target(reading_text(record, "draw.target"));

		document_cell(document, TONE_CODE, reading_text(record, "run.id"));
		document_cell(document, TONE_WHOLE, reading_text(record, "source.service"));
		document_cell(document, TONE_WHOLE, reading_text(record, "plan.name"));
		document_cell(document, look->tone, look->words);
		document_cell(document, TONE_WHOLE, target);
		document_cell(document, TONE_PLAIN, reading_text(record, "draw.method"));
		document_cell(document, TONE_PLAIN, attempt->counted ? "yes" : attempt->why_not);
	}
}

/* A later pass does not undo a failure: both are shown, and the time between. */
static void add_green(Document *document, const Quarter *quarter)
{
	static const char *const headings[] = {"Failed", "Outcome", "Passed again",
					       ">Time to green", NULL};
	const struct quarter_attempt *attempt;

	document_heading(document, "Failed, and when its plan passed again");
	document_table(document, headings);
	for (guint i = 0; (attempt = quarter_attempt_at(quarter, i)); i++) {
		const Reading *reading = attempt->reading;
		const struct outcome_look *look =
			outcome_look(reading_text(reading->record, "outcome"));
		const Reading *green =
			look->tone == TONE_BAD ? quarter_green_again(quarter, reading) : NULL;
		g_autofree char *took = words_duration(green ? green->time - reading->time : -1);

		if (look->tone != TONE_BAD)
			continue;
		document_cell(document, TONE_CODE, reading_text(reading->record, "run.id"));
		document_cell(document, look->tone, look->words);
		if (green)
			document_cell(document, TONE_CODE, reading_text(green->record, "run.id"));
		else
			document_cell(document, TONE_OPEN, "not yet");
		document_cell(document, TONE_PLAIN, took);
	}
	if (document_table_empty(document))
		document_paragraph(document, "No drill failed in this period.");
}

static enum tone coverage_tone(enum coverage_state state)
{
	return state == COVERAGE_DRILLED ? TONE_GOOD : TONE_OPEN;
}

/* What was drilled, and what never; strata that were never drawn among them. */
static void add_coverage(Document *document, const struct quarter_result *result)
{
	static const char *const headings[] = {"What",	    "Name",  ">Drills", ">Passed",
					       "Last pass", "State", NULL};
	unsigned strata = 0, never = 0;

	document_heading(document, result->service->name);
	document_table(document, headings);
	for (guint i = 0; i < result->coverage->len; i++) {
		const struct coverage_row *row = result->coverage->pdata[i];
		g_autofree char *day = row->last_pass ? words_day(row->last_pass) : NULL;

		strata += row->subject == COVERAGE_STRATUM;
		never += row->subject == COVERAGE_STRATUM && row->last_pass == 0;
		document_cell(document, TONE_PLAIN, coverage_subject_name(row->subject));
		document_cell(document, TONE_PLAIN, row->name);
		document_cellf(document, TONE_PLAIN, "%u", row->drills);
		document_cellf(document, TONE_PLAIN, "%u", row->passed);
		document_cell(document, TONE_PLAIN, day);
		document_cell(document, coverage_tone(row->state), coverage_state_name(row->state));
	}
	if (strata > 0)
		document_paragraph(document,
				   "%u of %u strata, which a draw could have met, were never "
				   "drawn by a drill that passed.",
				   never, strata);
	else
		document_paragraph(document,
				   "Strata are not known: no draw has left its population here.");
}

static void add_all_coverage(Document *document, const Quarter *quarter)
{
	document_heading(document, "Coverage, up to the end of this period");
	for (guint i = 0; i < quarter->results->len; i++)
		add_coverage(document, quarter->results->pdata[i]);
}

void quarter_add_matrix(Document *document, const Quarter *quarter)
{
	document_section(document, "Drills: all attempts");
	if (!quarter_attempt_at(quarter, 0)) {
		document_paragraph(document,
				   "No drill was attempted in this period: what would come "
				   "back, and how fast, is NOT PROVEN.");
		add_all_coverage(document, quarter);
		return;
	}
	add_matrix_chart(document, quarter);
	add_attempts(document, quarter);
	add_green(document, quarter);
	add_all_coverage(document, quarter);
}

/* ---- processes, files ------------------------------------------------------------------------- */

static void add_process(Document *document, const struct quarter_process *process)
{
	document_cell(document, TONE_WHOLE, process->name);
	document_cell(document, TONE_WHOLE, process->service);
	document_cell(document, TONE_PLAIN, process->business ? process->business->owner : NULL);
	for (int kind = 0; kind < QUARTER_COVERAGE; kind++)
		document_cell(document, words_tone(process->verdicts[kind].state),
			      objective_state_name(process->verdicts[kind].state));
}

static void add_process_figures(Document *document, const struct quarter_process *process)
{
	g_autofree char *slowest = words_duration(process->slowest);
	g_autofree char *exposure =
		words_duration(process->exposure.known > 0 ? process->exposure.maximum : -1);

	document_cell(document, TONE_WHOLE, process->name);
	document_cellf(document, TONE_PLAIN, "%u", process->passed);
	document_cellf(document, TONE_PLAIN, "%u", process->failed);
	document_cellf(document, TONE_PLAIN, "%u", process->unassessed);
	document_cell(document, TONE_PLAIN, exposure);
	document_cell(document, TONE_PLAIN, slowest);
}

static void add_process_reasons(Document *document, const struct quarter_process *process)
{
	for (int kind = 0; kind < QUARTER_COVERAGE; kind++) {
		const struct objective_verdict *verdict = &process->verdicts[kind];

		g_autofree char *reasons = words_reasons(verdict->reasons);

		if (verdict->state != OBJECTIVE_NOT_ASSESSED && *reasons)
			document_item(document, "%s, %s %s: %s.", process->name,
				      quarter_kind_name((enum quarter_kind)kind),
				      objective_state_name(verdict->state), reasons);
	}
}

void quarter_add_processes(Document *document, const Quarter *quarter)
{
	static const char *const headings[] = {"Process", "Service",   "Owner", "RPO",
					       "RTO",	  "Integrity", NULL};
	static const char *const figures[] = {
		"Process",	     ">Checks passed", ">Failed", ">Not assessed",
		">Largest exposure", ">Slowest RTA",   NULL};

	document_section(document, "Business processes");
	document_table(document, headings);
	for (guint i = 0; i < quarter->processes->len; i++)
		add_process(document, quarter->processes->pdata[i]);
	if (document_table_empty(document)) {
		document_paragraph(document, "The configuration names no business process, and no "
					     "counted drill checked one: NOT PROVEN.");
		return;
	}
	for (guint i = 0; i < quarter->processes->len; i++)
		add_process_reasons(document, quarter->processes->pdata[i]);
	document_heading(document, "Their figures");
	document_table(document, figures);
	for (guint i = 0; i < quarter->processes->len; i++)
		add_process_figures(document, quarter->processes->pdata[i]);
	document_paragraph(document,
			   "Numbers are results of checks in counted drills, and failures "
			   "in others. Exposure is that of all a process rests on.");
	for (guint i = 0; i < quarter->results->len; i++)
		quarter_add_checks(document, quarter, quarter->results->pdata[i]);
}

static void add_number(Document *document, int64_t value)
{
	g_autofree char *text = value < 0 ? NULL : words_count(value);

	document_cell(document, TONE_PLAIN, text);
}

#define DRIFT_NAMED 20

static void add_drift(Document *document, const char *service, const struct config_drift *drift)
{
	g_autofree char *items = count_format((uint64_t)MAX(drift->items, 0), "item");
	g_autofree char *day = words_time(drift->time);
	GString *names = g_string_new(NULL);

	for (guint i = 0; drift->paths && i < MIN(drift->paths->len, DRIFT_NAMED); i++)
		g_string_append_printf(names, "%s%s", i ? ", " : ": ",
				       (const char *)drift->paths->pdata[i]);
	if (drift->paths && drift->paths->len > DRIFT_NAMED)
		g_string_append(names, ", …");
	if (drift->items >= 0)
		document_item(document,
			      "%s: %s changed from set %s, which drill %s restored and passed "
			      "(%s), to set %s, the newest this host knows of%s.",
			      service, drift->items > 0 ? items : "nothing", drift->drilled,
			      drift->run, day ? day : "at no known time", drift->captured,
			      names->str);
	else
		document_item(document, "%s: drift is not known: %s.", service,
			      drift->drilled ? "no capture is known here"
					     : "no drill that passed here restored it");
	g_string_free(names, TRUE);
}

/* As of now: what was captured last is not noted for other times. */
static void add_drifts(Document *document, const Quarter *quarter)
{
	document_heading(document, "Configuration, changed since it was drilled, as of now");
	for (guint i = 0; i < quarter->results->len; i++) {
		const struct quarter_service *service =
			((const struct quarter_result *)quarter->results->pdata[i])->service;

		if (service->has[QUARTER_CONFIG] && service->status)
			add_drift(document, service->name, &service->status->drift);
		else
			document_item(document, "%s: it is not captured.", service->name);
	}
	document_paragraph(document, "odrbackup diff SET SET --part config shows it line by line.");
}

void quarter_add_files(Document *document, const Quarter *quarter)
{
	static const char *const headings[] = {"Drill", ">Named",    ">Compared", ">Missing",
					       ">Size", ">Checksum", ">Orphans",  NULL};
	const struct quarter_attempt *attempt;

	document_section(document, "Filestore and configuration");
	document_table(document, headings);
	for (guint i = 0; (attempt = quarter_attempt_at(quarter, i)); i++) {
		const json_t *record = attempt->reading->record;

		if (!reading_at(record, "filestore"))
			continue;
		document_cell(document, TONE_CODE, reading_text(record, "run.id"));
		add_number(document, reading_int(record, "filestore.named"));
		add_number(document, reading_int(record, "filestore.checked"));
		add_number(document, reading_int(record, "filestore.missing"));
		add_number(document, reading_int(record, "filestore.size_mismatch"));
		add_number(document, reading_int(record, "filestore.hash_mismatch"));
		add_number(document, reading_int(record, "filestore.orphans"));
	}
	if (document_table_empty(document))
		document_paragraph(document, "No drill looked at the filestore.");
	add_drifts(document, quarter);
}

/* ---- posture ----------------------------------------------------------------------- */

static void add_repository(Document *document, const struct status *status,
			   const struct status_repository *repository)
{
	g_autofree char *stored = words_size((int64_t)repository->stored);
	g_autofree char *newest = words_time(repository->newest_stopped);
	g_autofree char *first = words_time(repository->first_point);
	g_autofree char *point = words_time(repository->recovery_point);

	document_cell(document, TONE_WHOLE, status->service);
	document_cell(document, TONE_WHOLE, repository->name);
	document_cellf(document, TONE_PLAIN, "%u", repository->sets);
	document_cell(document, TONE_PLAIN, stored);
	document_cell(document, TONE_WHOLE, newest);
	document_cell(document, TONE_WHOLE, first);
	document_cell(document, TONE_WHOLE, point);
	document_cellf(document, repository->gaps->len ? TONE_BAD : TONE_PLAIN, "%u",
		       repository->gaps->len);
	document_cellf(document, repository->altered ? TONE_BAD : TONE_PLAIN, "%u",
		       repository->altered);
}

static void add_read_back(Document *document, const struct quarter_service *service)
{
	g_autofree char *last = words_time(service->read_back);
	g_autofree char *cycle =
		service->verify_cycle ? words_duration(service->verify_cycle) : NULL;

	document_item(document, "%s: all repositories were last read back whole: %s; %s%s.",
		      service->name, last ? last : "never, as far as the catalog knows",
		      cycle ? "due every " : "no verify-cycle is set", cycle ? cycle : "");
}

static void add_holds(Document *document, const struct status *status)
{
	for (guint i = 0; i < status->holds->len; i++) {
		const struct hold *hold = status->holds->pdata[i];
		g_autofree char *until = words_time(hold->until > 0 ? hold->until : -1);

		if (hold_in_force(hold, status->now))
			document_item(document, "%s: set %s is held %s%s, by %s: %s.",
				      status->service, hold->set_id,
				      until ? "until " : "without end", until ? until : "",
				      hold->by ? hold->by : "nobody known",
				      hold->reason ? hold->reason : "the hold does not verify");
	}
}

void quarter_add_posture(Document *document, const Quarter *quarter)
{
	static const char *const headings[] = {
		"Service",	 "Repository",	  ">Sets",     ">Stored",  "Newest set",
		"Oldest moment", "Newest moment", ">WAL gaps", ">Altered", NULL};

	document_section(document, "Posture, as of now");
	document_table(document, headings);
	for (guint i = 0; i < quarter->results->len; i++) {
		const struct quarter_result *result = quarter->results->pdata[i];
		const struct status *status = result->service->status;

		for (guint k = 0; status && k < status->repositories->len; k++)
			add_repository(document, status, status->repositories->pdata[k]);
	}
	if (document_table_empty(document))
		document_paragraph(document, "The catalog knows of no repository.");
	for (guint i = 0; i < quarter->results->len; i++) {
		const struct quarter_result *result = quarter->results->pdata[i];
		const struct status *status = result->service->status;
		g_autofree char *retain = words_duration(result->service->retain);

		document_item(document, "%s: a set is kept %s after its successor.",
			      result->service->name, retain);
		add_read_back(document, result->service);
		if (status && status->holds)
			add_holds(document, status);
		for (guint k = 0; status && k < status->findings->len; k++) {
			const struct finding *finding = status->findings->pdata[k];

			document_item(document, "%s, %s%s%s: %s.", result->service->name,
				      finding_severity_name(finding->severity),
				      finding->where ? ", " : "",
				      finding->where ? finding->where : "", finding->text);
		}
	}
	quarter_add_custody(document, quarter);
}
