/* How long an incident took, step by step, beside what was assumed; and its restores, phase by phase. */
#include "drill/report/chart.h"
#include "drill/report/incident_parts.h"
#include "drill/report/words.h"

#include <string.h>

/* ---- over time --------------------------------------------------------------------------------- */

static gint by_time(gconstpointer a, gconstpointer b)
{
	const struct chart_event *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

static void extend(usec_t time, usec_t *begin, usec_t *end)
{
	if (time <= 0)
		return;
	*begin = *begin > 0 ? MIN(*begin, time) : time;
	*end = MAX(*end, time);
}

/* What is drawn begins with the earliest that is known, and ends with the last; the timeline may be written down, and closed,
 * long after. */
static usec_t begin_of(const struct incident_report *report, usec_t *end)
{
	const Incident *incident = report->incident;
	usec_t begin = 0;

	*end = 0;
	for (int i = 0; i < INCIDENT_MARKS; i++)
		extend(incident_mark_time(incident, (enum incident_mark)i), &begin, end);
	for (guint i = 0; i < incident->restores->len; i++) {
		const struct incident_restore *restore = incident->restores->pdata[i];

		extend(restore->began, &begin, end);
		extend(restore->ended, &begin, end);
	}
	if (*end == 0 || incident->opened < *end)
		extend(incident->opened, &begin, end);
	return begin;
}

static GArray *events_of(const Incident *incident, usec_t begin, usec_t end)
{
	GArray *events = g_array_new(FALSE, FALSE, sizeof(struct chart_event));
	struct chart_event opened = {incident->opened - begin, "opened", false};

	for (int i = 0; i < INCIDENT_MARKS; i++) {
		const struct incident_entry *entry = incident->marks[i];

		if (!entry)
			continue;
		struct chart_event event = {incident_entry_time(entry) - begin,
					    incident_mark_name((enum incident_mark)i),
					    entry->stated > 0};

		g_array_append_val(events, event);
	}
	if (incident->opened <= end)
		g_array_append_val(events, opened);
	g_array_sort(events, by_time);
	return events;
}

static GArray *pieces_of(const struct incident_restore *restore, usec_t begin)
{
	GArray *pieces = g_array_new(FALSE, FALSE, sizeof(struct chart_piece));

	for (guint i = 0; i < restore->spans->len; i++) {
		const struct incident_span *span =
			&g_array_index(restore->spans, struct incident_span, i);
		struct chart_piece piece = {span->began - begin, span->began - begin + span->took,
					    true, span->phase};

		if (piece.from >= 0)
			g_array_append_val(pieces, piece);
	}
	return pieces;
}

#define ROWS_MAX 12

static void add_chart(Document *document, const struct incident_report *report)
{
	const GPtrArray *restores = report->incident->restores;
	struct chart_row rows[ROWS_MAX];
	char *names[ROWS_MAX];
	size_t count = MIN(restores->len, ROWS_MAX);
	usec_t end, begin = begin_of(report, &end);
	g_autoptr(GArray) events = events_of(report->incident, begin, end);

	for (size_t i = 0; i < count; i++) {
		names[i] = g_strdup_printf("restore %zu", i + 1);
		rows[i] = (struct chart_row){names[i], 0, pieces_of(restores->pdata[i], begin)};
	}
	document_chart(document,
		       "From the first that is known; lines are marks (dashed: said afterwards), "
		       "bars are restores",
		       chart_incident(&(struct chart_incident){
			       .length = MAX(end - begin, 1) + MAX(end - begin, 1) / 40,
			       .events = (const struct chart_event *)(void *)events->data,
			       .event_count = events->len,
			       .rows = rows,
			       .row_count = count}));
	for (size_t i = 0; i < count; i++) {
		g_array_unref(rows[i].pieces);
		g_free(names[i]);
	}
}

/* That the restore command was given is measured where there is one, whatever people marked. */
static void add_mark(Document *document, const struct incident_report *report,
		     enum incident_mark mark)
{
	const struct incident_entry *entry = report->incident->marks[mark];
	bool measured = mark == INCIDENT_RESTORE_START &&
			report->figures->command_basis == INCIDENT_MEASURED;
	g_autofree char *when = incident_clock(
		measured ? report->figures->command : incident_mark_time(report->incident, mark));
	g_autofree char *recorded = entry ? incident_clock(entry->recorded) : NULL;

	document_cell(document, TONE_WHOLE, incident_mark_name(mark));
	document_cell(document, TONE_WHOLE, when);
	document_cell(document, TONE_PLAIN,
		      measured	      ? "measured"
		      : !entry	      ? NULL
		      : entry->stated ? "stated"
				      : "recorded");
	document_cell(document, TONE_WHOLE, recorded);
	document_cell(document, TONE_WHOLE, entry ? entry->user : measured ? "the restore" : NULL);
	document_cell(document, TONE_PLAIN, incident_mark_meaning(mark));
}

static void add_marks(Document *document, const struct incident_report *report)
{
	static const char *const headings[] = {"Mark", "When (UTC)", "Known as", "Recorded (UTC)",
					       "By",   "Means",	     NULL};

	document_table(document, headings);
	for (int i = 0; i < INCIDENT_MARKS; i++)
		add_mark(document, report, (enum incident_mark)i);
}

/* ---- step by step ------------------------------------------------------------------------------ */

static usec_t assumed_of(const struct incident_report *report, enum incident_span_of which)
{
	const struct incident_promise *promise = report->promise;

	if (!promise)
		return 0;
	return which == INCIDENT_DETECT	  ? promise->detect
	       : which == INCIDENT_DECIDE ? promise->decide
	       : which == INCIDENT_SWITCH ? promise->cutover
					  : 0;
}

/* All steps, or no picture: one that is missing would make the whole look shorter. */
static void add_parts(Document *document, const struct incident_report *report)
{
	struct chart_part parts[INCIDENT_CHAIN];

	for (size_t i = 0; i < INCIDENT_CHAIN; i++) {
		const struct incident_interval *interval = &report->figures->intervals[i];

		if (interval->took < 0)
			return;
		parts[i] = (struct chart_part){.name = interval->name,
					       .duration = interval->took,
					       .note = interval->basis == INCIDENT_STATED ? "stated"
											  : NULL,
					       .shade = (unsigned)i};
	}
	document_chart(
		document, "From the loss until users were served again, against the objective",
		chart_parts(parts, INCIDENT_CHAIN, report->promise ? report->promise->rto : 0));
}

/* How it is known, or why not. g_free. */
static char *known_as(const struct incident_interval *interval)
{
	return interval->took >= 0 ? g_strdup(incident_basis_name(interval->basis))
				   : g_strdup_printf("not known: %s", interval->why);
}

static void add_steps(Document *document, const struct incident_report *report)
{
	static const char *const headings[] = {"Step",	   "From",     "To", ">Took",
					       ">Assumed", "Known as", NULL};

	document_table(document, headings);
	for (int i = 0; i < INCIDENT_INTERVALS; i++) {
		const struct incident_interval *interval = &report->figures->intervals[i];
		usec_t assumption = assumed_of(report, (enum incident_span_of)i);
		g_autofree char *took = words_duration(interval->took);
		g_autofree char *assumed = assumption > 0 ? words_duration(assumption) : NULL;
		g_autofree char *known = known_as(interval);

		document_cell(document, TONE_PLAIN, interval->name);
		document_cell(document, TONE_PLAIN, interval->from);
		document_cell(document, TONE_PLAIN, interval->to);
		document_cell(document, TONE_PLAIN, took);
		document_cell(document, TONE_PLAIN, assumed);
		document_cell(document, TONE_PLAIN, known);
	}
}

void incident_add_time(Document *document, const struct incident_report *report)
{
	document_section(document, "How long it took");
	add_chart(document, report);
	document_heading(document, "Marks");
	add_marks(document, report);
	add_parts(document, report);
	document_heading(document, "Step by step");
	add_steps(document, report);
	document_paragraph(document,
			   "\"database ready\" is the RTA until the database answered "
			   "(rta_db_ready), \"service ready\" that of the service "
			   "(rta_service_ready), both from the first restore command on, whether "
			   "that one led to anything or not. What drills assume stands beside what "
			   "it took.");
}

/* ---- restores ---------------------------------------------------------------------------------- */

static void add_phases(Document *document, const GPtrArray *restores)
{
	static const char *const headings[] = {"Run",	"Phase",  "Part",    "Began (UTC)",
					       ">Took", ">Bytes", "Outcome", NULL};

	document_heading(document, "Phases");
	document_table(document, headings);
	for (guint i = 0; i < restores->len; i++) {
		const struct incident_restore *restore = restores->pdata[i];

		for (guint k = 0; k < restore->spans->len; k++) {
			const struct incident_span *span =
				&g_array_index(restore->spans, struct incident_span, k);
			g_autofree char *began = incident_clock(span->began);
			g_autofree char *took = words_duration(span->took);
			g_autofree char *bytes = span->bytes > 0 ? words_size(span->bytes) : NULL;

			document_cell(document, TONE_CODE, restore->run);
			document_cell(document, TONE_PLAIN, span->phase);
			document_cell(document, TONE_PLAIN, span->component);
			document_cell(document, TONE_WHOLE, began);
			document_cell(document, TONE_PLAIN, took);
			document_cell(document, TONE_PLAIN, bytes);
			document_cell(document, span->failed ? TONE_BAD : TONE_PLAIN,
				      span->failed ? "failed" : "ok");
		}
	}
}

static enum tone outcome_tone(const char *outcome)
{
	return g_strcmp0(outcome, "ok") == 0 ? TONE_GOOD : outcome ? TONE_BAD : TONE_OPEN;
}

static void add_restore(Document *document, const struct incident_restore *restore)
{
	g_autofree char *began = incident_clock(restore->began);
	g_autofree char *ended = incident_clock(restore->ended);

	document_cell(document, TONE_CODE, restore->run);
	document_cell(document, TONE_WHOLE, began);
	document_cell(document, TONE_WHOLE, ended);
	document_cell(document, TONE_CODE, restore->set);
	document_cell(document, TONE_WHOLE,
		      g_strcmp0(restore->type, "default") == 0 ? "end of WAL" : restore->type);
	document_cell(document, outcome_tone(restore->outcome),
		      restore->outcome ? restore->outcome : "not told");
}

static void add_linked(Document *document, const GPtrArray *restores)
{
	for (guint i = 0; i < restores->len; i++) {
		const struct incident_restore *restore = restores->pdata[i];

		if (restore->linked)
			document_item(document,
				      "%s was linked to the incident afterwards, by hand.",
				      restore->run);
	}
}

void incident_add_restores(Document *document, const struct incident_report *report)
{
	static const char *const headings[] = {
		"Run", "Command given (UTC)", "Ended (UTC)", "Set", "Target", "Outcome", NULL};
	const GPtrArray *restores = report->incident->restores;

	document_section(document, "Restores");
	document_table(document, headings);
	for (guint i = 0; i < restores->len; i++)
		add_restore(document, restores->pdata[i]);
	if (document_table_empty(document)) {
		document_paragraph(document, "No restore is known to have been made for it.");
		return;
	}
	add_linked(document, restores);
	document_paragraph(document,
			   "The replay of WAL runs in the server, which the restore leaves "
			   "to be started: it is in the time from here to db-ready.");
	add_phases(document, restores);
}
