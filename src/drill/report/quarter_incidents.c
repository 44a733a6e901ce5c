/* Real recoveries of a period: what they say of the objectives, and the section that lists them. */
#include "drill/report/incident_parts.h"
#include "drill/report/quarter_parts.h"
#include "drill/report/words.h"

#include <string.h>

/* ---- which ------------------------------------------------------------------------------------- */

/* Of a loss, or of what was restored; a false alarm measured nothing. */
static bool was_recovery(const Incident *incident)
{
	return incident->marks[INCIDENT_LOSS] || incident->restores->len > 0;
}

static usec_t begin_of(const Incident *incident)
{
	usec_t loss = incident_mark_time(incident, INCIDENT_LOSS);

	return loss > 0 ? loss : incident->opened;
}

static void release(void *data)
{
	incident_figures_clear(&((struct quarter_incident *)data)->figures);
}

void quarter_gather_incidents(struct quarter_result *result, const struct quarter_request *request)
{
	const GPtrArray *all = result->service->incidents;

	result->incidents = g_array_new(FALSE, FALSE, sizeof(struct quarter_incident));
	g_array_set_clear_func(result->incidents, release);
	for (guint i = 0; all && i < all->len; i++) {
		struct quarter_incident found = {.incident = all->pdata[i]};
		usec_t began = begin_of(found.incident);

		if (began < request->from || began >= MIN(request->to, request->now))
			continue;
		incident_figures_compute(found.incident, &found.figures);
		g_array_append_val(result->incidents, found);
	}
}

/* ---- what they say ----------------------------------------------------------------------------- */

static void judge(struct objective_verdict *verdict, usec_t objective, usec_t measured,
		  const char *id, const char *what)
{
	g_autofree char *wanted = duration_format(objective);
	g_autofree char *found = duration_format(MAX(measured, 0));

	if (measured < 0)
		objective_lower(verdict, OBJECTIVE_NOT_PROVEN, "%s of incident %s is not known",
				what, id);
	else if (measured > objective)
		objective_lower(verdict, OBJECTIVE_MISSED,
				"%s of incident %s was %s, the objective is %s", what, id, found,
				wanted);
}

/* A real recovery counts as it went: it lowers a state, and one that went well raises none. */
void quarter_judge_incidents(struct quarter_result *result)
{
	const struct quarter_service *service = result->service;

	for (guint i = 0; i < result->incidents->len; i++) {
		const struct quarter_incident *found =
			&g_array_index(result->incidents, struct quarter_incident, i);
		const char *id = found->incident->id;

		if (!was_recovery(found->incident))
			continue;
		if (service->has[QUARTER_DATABASE] && service->rpo[QUARTER_DATABASE] > 0)
			judge(&result->verdicts[QUARTER_RPO], service->rpo[QUARTER_DATABASE],
			      found->figures.rpo, id, "the loss");
		if (service->rto > 0)
			judge(&result->verdicts[QUARTER_RTO], service->rto,
			      found->figures.intervals[INCIDENT_OUTAGE].took, id, "the outage");
	}
}

/* ---- sentences and tables ---------------------------------------------------------------------- */

void quarter_add_incident_sentence(Document *document, const struct quarter_result *result)
{
	usec_t lost = -1, outage = -1;
	unsigned unknown = 0;

	if (result->incidents->len == 0)
		return;
	for (guint i = 0; i < result->incidents->len; i++) {
		const struct quarter_incident *found =
			&g_array_index(result->incidents, struct quarter_incident, i);
		usec_t took = found->figures.intervals[INCIDENT_OUTAGE].took;

		lost = MAX(lost, found->figures.rpo);
		outage = MAX(outage, took);
		unknown += found->figures.rpo < 0 || took < 0;
	}
	g_autofree char *count = count_format(result->incidents->len, "incident");
	g_autofree char *most = words_duration(lost), *longest = words_duration(outage);

	g_autofree char *open =
		unknown ? g_strdup_printf("; of %u not all is known", unknown) : g_strdup("");

	document_item(document, "%s: %s; the most that was lost %s%s, the longest outage %s%s%s.",
		      result->service->name, count, most ? "is " : "is not known", most ? most : "",
		      longest ? "is " : "is not known", longest ? longest : "", open);
}

static void add_incident(Document *document, const struct quarter_result *result,
			 const struct quarter_incident *found)
{
	const Incident *incident = found->incident;
	const struct incident_interval *intervals = found->figures.intervals;
	g_autofree char *began = incident_clock(begin_of(incident));
	g_autofree char *lost = words_duration(found->figures.rpo);
	g_autofree char *outage = words_duration(intervals[INCIDENT_OUTAGE].took);
	g_autofree char *ready = words_duration(intervals[INCIDENT_SERVICE].took);

	document_cell(document, TONE_CODE, incident->id);
	document_cell(document, TONE_WHOLE, result->service->name);
	document_cell(document, TONE_WHOLE, began);
	document_cell(document,
		      incident->broken	 ? TONE_BAD
		      : incident->closed ? TONE_PLAIN
					 : TONE_OPEN,
		      incident->broken	 ? "chain broken"
		      : incident->closed ? "closed"
					 : "open");
	document_cell(document, TONE_PLAIN, lost);
	document_cell(document, TONE_PLAIN, ready);
	document_cell(document, TONE_PLAIN, outage);
}

static bool are_known(const Quarter *quarter)
{
	for (guint i = 0; i < quarter->results->len; i++)
		if (!((const struct quarter_result *)quarter->results->pdata[i])
			     ->service->incidents)
			return false;
	return true;
}

static void add_incidents(Document *document, const Quarter *quarter)
{
	static const char *const headings[] = {"Incident",
					       "Service",
					       "Loss, or opened (UTC)",
					       "State",
					       ">Incident RPO",
					       ">Service ready",
					       ">Outage",
					       NULL};

	document_table(document, headings);
	for (guint i = 0; i < quarter->results->len; i++) {
		const struct quarter_result *result = quarter->results->pdata[i];

		for (guint k = 0; k < result->incidents->len; k++)
			add_incident(document, result,
				     &g_array_index(result->incidents, struct quarter_incident, k));
	}
	if (!are_known(quarter))
		document_paragraph(document,
				   "Incidents are not known: the audit chain of this host "
				   "cannot be read.");
	else if (document_table_empty(document))
		document_paragraph(document,
				   "No incident of this period is recorded on this host.");
	else
		document_paragraph(document,
				   "What is not known is a dash, and why stands in its own report: "
				   "odrbackup report incident ID. A loss or an outage beyond the "
				   "objective is a miss; one that went well raises no state.");
}

static const char *incident_of(const struct quarter_service *service, const char *run)
{
	for (guint i = 0; service->incidents && i < service->incidents->len; i++) {
		const Incident *incident = service->incidents->pdata[i];

		for (guint k = 0; k < incident->restores->len; k++)
			if (strcmp(((const struct incident_restore *)incident->restores->pdata[k])
					   ->run,
				   run) == 0)
				return incident->id;
	}
	return NULL;
}

static void add_restores(Document *document, const struct quarter_service *service)
{
	for (guint i = 0; service->restores && i < service->restores->len; i++) {
		const struct catalog_run *run = service->restores->pdata[i];
		g_autofree char *began = words_time(run->started);
		g_autofree char *took =
			words_duration(run->finished ? run->finished - run->started : -1);

		document_cell(document, TONE_CODE, run->run_id);
		document_cell(document, TONE_WHOLE, service->name);
		document_cell(document, TONE_WHOLE, began);
		document_cell(document, TONE_PLAIN, took);
		document_cell(document, TONE_PLAIN, run->outcome);
		document_cell(document, TONE_CODE, incident_of(service, run->run_id));
	}
}

void quarter_add_incidents(Document *document, const Quarter *quarter)
{
	static const char *const headings[] = {"Run",	  "Service",  "Began", ">Took",
					       "Outcome", "Incident", NULL};

	document_section(document, "Incidents and restores");
	add_incidents(document, quarter);
	document_heading(document, "Restores that the catalog has");
	document_table(document, headings);
	for (guint i = 0; i < quarter->results->len; i++)
		add_restores(document,
			     ((const struct quarter_result *)quarter->results->pdata[i])->service);
	if (document_table_empty(document))
		document_paragraph(document,
				   "The catalog of this host has no restore in this period.");
	document_blank(document, "Incidents that are recorded elsewhere, what was lost, how long");
}
