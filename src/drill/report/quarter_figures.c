/* Sections with figures: what is proven, and exposure. */
#include "drill/report/chart.h"
#include "drill/report/quarter_parts.h"
#include "drill/report/report.h"
#include "drill/report/words.h"

/* ---- proven, and not -------------------------------------------------------------------------- */

static void add_kind(Document *document, const struct quarter_result *result,
		     enum quarter_kind kind)
{
	const struct objective_verdict *verdict = &result->verdicts[kind];
	g_autofree char *measured = words_duration(verdict->measured);
	g_autofree char *reasons = words_reasons(verdict->reasons);

	document_cell(document, TONE_WHOLE, result->service->name);
	document_cell(document, TONE_PLAIN, quarter_kind_name(kind));
	document_cell(document, words_tone(verdict->state), objective_state_name(verdict->state));
	document_cell(document, TONE_PLAIN, measured);
	document_cell(document, TONE_PLAIN,
		      *reasons				? reasons
		      : verdict->state == OBJECTIVE_MET ? "measured, every condition holds"
							: NULL);
}

/* Of the newest record that has any. */
static const json_t *newest_assumptions(const Quarter *quarter)
{
	const struct quarter_attempt *attempt;
	const json_t *newest = NULL;

	for (guint i = 0; (attempt = quarter_attempt_at(quarter, i)); i++) {
		const json_t *list = reading_at(attempt->reading->record, "assumptions");

		if (json_array_size(list) > 0)
			newest = list;
	}
	return newest;
}

void quarter_add_proven(Document *document, const Quarter *quarter)
{
	static const char *const headings[] = {"Service",   "Objective", "State",
					       ">Measured", "Why",	 NULL};
	static const char *const assumed[] = {"Assumption", ">Duration", "Owner", "Date", NULL};
	const json_t *assumptions = newest_assumptions(quarter);

	document_section(document, "Proven, not proven, assumed");
	document_table(document, headings);
	for (guint i = 0; i < quarter->results->len; i++)
		for (int kind = 0; kind < QUARTER_KINDS; kind++)
			add_kind(document, quarter->results->pdata[i], (enum quarter_kind)kind);
	document_paragraph(document, "These are the service's own; section 7 has its processes.");
	document_heading(document, "Assumptions");
	if (json_array_size(assumptions) == 0)
		document_paragraph(document,
				   "Detection, decision and cutover are not measured, and no "
				   "assumption on them is recorded.");
	else
		document_table(document, assumed);
	report_add_assumption_rows(document, assumptions);
	document_heading(document, "Outside every drill");
	report_add_unassumed(document, assumptions);
	document_item(document,
		      "Systems of partners were not rolled back: payments, mail, messages sent "
		      "after the recovery point.");
	document_item(document, "Attachments that are kept outside the filestore.");
	document_item(document, "Other hardware than that of the drill hosts.");
}

/* ---- exposure --------------------------------------------------------------------------------- */

static void add_exposure_row(Document *document, const struct quarter_exposure *exposure,
			     const char *name)
{
	const struct exposure_summary *summary = &exposure->summary;
	bool known = summary->known > 0;
	g_autofree char *objective =
		exposure->objective ? words_duration(exposure->objective) : NULL;
	g_autofree char *maximum = known ? words_duration(summary->maximum) : NULL;
	g_autofree char *when = known ? words_time(summary->worst_at) : NULL;
	g_autofree char *mean = known ? words_duration(summary->mean) : NULL;
	g_autofree char *over = known && exposure->objective ? words_duration(summary->over) : NULL;
	g_autofree char *unknown = words_duration(summary->unknown);
	g_autofree char *within =
		known && exposure->objective ? words_at_least(summary->within) : NULL;

	document_cell(document, TONE_PLAIN, name);
	document_cell(document, TONE_PLAIN, objective);
	document_cell(document, TONE_PLAIN, maximum);
	document_cell(document, TONE_PLAIN, when);
	document_cell(document, TONE_PLAIN, mean);
	document_cell(document, TONE_PLAIN, over);
	document_cell(document, TONE_PLAIN, unknown);
	document_cell(document, TONE_PLAIN, within);
}

/* What a check found to be lost was not what was claimed of it before. */
static void add_revised(Document *document, const struct quarter_exposure *exposure,
			const char *name)
{
	g_autofree char *time = words_duration(exposure->summary.revised);

	if (exposure->summary.revised > 0)
		document_paragraph(document,
				   "Revised for %s of the %s: what was stored turned out to be "
				   "lost, and the exposure of that time was computed without it.",
				   time, name);
}

#define EPISODES_SHOWN 40

static gint by_peak(gconstpointer a, gconstpointer b)
{
	usec_t x = ((const struct exposure_episode *)a)->peak;
	usec_t y = ((const struct exposure_episode *)b)->peak;

	return x > y ? -1 : x < y;
}

static void add_episodes(Document *document, const struct quarter_exposure *exposure)
{
	static const char *const headings[] = {"From", "To", ">Lasted", ">Peak", "Cause", NULL};
	g_autoptr(GArray) worst = g_array_copy(exposure->episodes);

	if (worst->len == 0)
		return;
	g_array_sort(worst, by_peak);
	document_heading(document, "Episodes above the objective, the worst first");
	document_table(document, headings);
	for (guint i = 0; i < MIN(worst->len, EPISODES_SHOWN); i++) {
		const struct exposure_episode *episode =
			&g_array_index(worst, struct exposure_episode, i);
		g_autofree char *from = words_time(episode->start), *to = words_time(episode->end);
		g_autofree char *lasted = words_duration(episode->end - episode->start);
		g_autofree char *peak = words_duration(episode->peak);

		document_cell(document, TONE_PLAIN, from);
		document_cell(document, TONE_PLAIN, to);
		document_cell(document, TONE_PLAIN, lasted);
		document_cell(document, TONE_PLAIN, peak);
		document_cell(document, TONE_PLAIN, NULL);
	}
	if (worst->len > EPISODES_SHOWN)
		document_paragraph(document, "%u more are in the JSON form of this report.",
				   worst->len - EPISODES_SHOWN);
	document_blank(document, "Causes, by whom found");
}

/* What the chart shows, in numbers. */
static void add_weeks(Document *document, const struct quarter_exposure *exposure)
{
	static const char *const headings[] = {"Week from", ">Largest", ">Mean",
					       ">Over",	    ">Unknown", NULL};
	const struct exposure_period *whole = &exposure->period;

	document_table(document, headings);
	for (usec_t from = whole->start; from < whole->end; from += 7 * USEC_PER_DAY) {
		struct exposure_period week = {.start = from,
					       .end = MIN(from + 7 * USEC_PER_DAY, whole->end),
					       .objective = whole->objective};
		struct exposure_summary summary;

		exposure_summarize(&week, exposure->events, &summary);

		g_autofree char *day = words_day(from);
		g_autofree char *largest = words_duration(summary.known ? summary.maximum : -1);
		g_autofree char *mean = words_duration(summary.known ? summary.mean : -1);
		g_autofree char *over = words_duration(week.objective ? summary.over : -1);
		g_autofree char *unknown = words_duration(summary.unknown);

		document_cell(document, TONE_PLAIN, day);
		document_cell(document, TONE_PLAIN, largest);
		document_cell(document, TONE_PLAIN, mean);
		document_cell(document, TONE_PLAIN, over);
		document_cell(document, TONE_PLAIN, unknown);
	}
}

void quarter_add_exposure(Document *document, const Quarter *quarter)
{
	static const char *const headings[] = {"Part",	">Objective", ">Largest", "At", ">Mean",
					       ">Over", ">Unknown",   ">Within",  NULL};

	document_section(document, "RPO: exposure to loss");
	document_paragraph(document,
			   "Exposure is what would have been lost, had the source vanished "
			   "at that moment. It is computed from all recovery points of the "
			   "period, not sampled.");
	for (guint i = 0; i < quarter->results->len; i++) {
		const struct quarter_result *result = quarter->results->pdata[i];
		const struct quarter_exposure *database = &result->exposure[QUARTER_DATABASE];
		g_autofree char *title =
			g_strdup_printf("%s: exposure of the database", result->service->name);

		if (database->events) {
			document_chart(document, title,
				       chart_exposure(&database->period, database->events));
			add_weeks(document, database);
		}
		document_heading(document, result->service->name);
		document_table(document, headings);
		for (int k = 0; k < QUARTER_COMPONENTS; k++)
			if (result->exposure[k].events)
				add_exposure_row(document, &result->exposure[k],
						 quarter_component_name((enum quarter_component)k));
		if (document_table_empty(document))
			document_paragraph(document, "No recovery point is known.");
		for (int k = 0; k < QUARTER_COMPONENTS; k++)
			add_revised(document, &result->exposure[k],
				    quarter_component_name((enum quarter_component)k));
		if (database->episodes)
			add_episodes(document, database);
	}
}
