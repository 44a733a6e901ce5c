/* What has to be seen to, whether a later drill closed it, and how long that took. */
#include "drill/report/quarter_parts.h"
#include "drill/report/report.h"
#include "drill/report/words.h"

/* ---- open, and closed ---------------------------------------------------------------------------- */

static bool is_alike(const Reading *a, const Reading *b, const char *path)
{
	return g_strcmp0(reading_text(a->record, path), reading_text(b->record, path)) == 0;
}

static bool has_finding(const json_t *record, const char *id)
{
	const json_t *findings = reading_at(record, "findings");

	for (size_t i = 0; i < json_array_size(findings); i++)
		if (g_strcmp0(reading_text(json_array_get(findings, i), "id"), id) == 0)
			return true;
	return false;
}

/* Only a drill to the latest moment sees where the archive ends; it may be of another plan. */
static bool looked_for(const Reading *later, const Reading *reading, const char *id)
{
	if (g_strcmp0(id, FINDING_CLAIM) == 0)
		return is_alike(later, reading, "source.repository") &&
		       reading_flag(later->record, "end_of_wal_expected");
	return is_alike(later, reading, "plan.name");
}

/* id NULL: whatever it found. */
static const Reading *closed_by(const Quarter *quarter, const Reading *reading, const char *id)
{
	const GPtrArray *readings = quarter->request->readings;

	for (guint i = 0; i < readings->len; i++) {
		const Reading *later = readings->pdata[i];

		if (later->time > reading->time && later->time < quarter->cutoff &&
		    reading_passed(later) && is_alike(later, reading, "source.service") &&
		    looked_for(later, reading, id) && !(id && has_finding(later->record, id)))
			return later;
	}
	return NULL;
}

const Reading *quarter_green_again(const Quarter *quarter, const Reading *reading)
{
	return closed_by(quarter, reading, NULL);
}

bool quarter_is_open(const Quarter *quarter, const char *service, const char *finding)
{
	const GPtrArray *readings = quarter->request->readings;

	for (guint i = 0; i < readings->len; i++) {
		const Reading *reading = readings->pdata[i];

		if (reading->time < quarter->cutoff &&
		    g_strcmp0(reading_text(reading->record, "source.service"), service) == 0 &&
		    has_finding(reading->record, finding) && !closed_by(quarter, reading, finding))
			return true;
	}
	return false;
}

/* ---- the section --------------------------------------------------------------------------------- */

static const char *const headings[] = {"Finding", "Severity", "What", "Owner",
				       "Due",	  "Status",   "Run",  NULL};

static char *status_of(const Quarter *quarter, const Reading *reading, const json_t *finding)
{
	const char *id = reading_text(finding, "id");
	const char *status = reading_text(finding, "status");
	const Reading *closing = closed_by(quarter, reading, id);

	if (!closing || g_strcmp0(status, "open") != 0)
		return g_strdup(status);

	g_autofree char *took = duration_format(closing->time - reading->time);

	return g_strdup_printf("closed after %s, by %s", took,
			       reading_text(closing->record, "run.id"));
}

static void add_findings_of(Document *document, const Quarter *quarter, const Reading *reading,
			    bool only_open)
{
	const json_t *findings = reading_at(reading->record, "findings");

	for (size_t i = 0; i < json_array_size(findings); i++) {
		const json_t *finding = json_array_get(findings, i);
		g_autofree char *status = status_of(quarter, reading, finding);

		if (only_open && g_strcmp0(status, "open") != 0)
			continue;
		report_add_finding_cells(document, finding, status);
		document_cell(document, TONE_CODE, reading_text(reading->record, "run.id"));
	}
}

static void add_deviations(Document *document, const Reading *reading)
{
	const json_t *list = reading_at(reading->record, "deviations");

	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_is_string(json_array_get(list, i)))
			document_item(document, "%s: %s.", reading_text(reading->record, "run.id"),
				      json_string_value(json_array_get(list, i)));
}

void quarter_add_findings(Document *document, const Quarter *quarter)
{
	const struct quarter_request *request = quarter->request;
	const struct quarter_attempt *attempt;

	document_section(document, "Findings and corrective actions");
	document_table(document, headings);
	for (guint i = 0; (attempt = quarter_attempt_at(quarter, i)); i++)
		add_findings_of(document, quarter, attempt->reading, false);
	if (document_table_empty(document))
		document_paragraph(document, "No finding is recorded in this period.");
	else
		document_paragraph(document,
				   "A finding is closed by the next drill of its plan that "
				   "passes without it.");
	document_heading(document, "Carried over");
	document_table(document, headings);
	for (guint i = 0; i < request->readings->len; i++) {
		const Reading *reading = request->readings->pdata[i];

		if (reading->time < request->from)
			add_findings_of(document, quarter, reading, true);
	}
	if (document_table_empty(document))
		document_paragraph(document, "None.");
	document_heading(document, "Deviations from plans");
	for (guint i = 0; (attempt = quarter_attempt_at(quarter, i)); i++)
		add_deviations(document, attempt->reading);
	document_blank(document, "Corrective actions, owner, due");
}
