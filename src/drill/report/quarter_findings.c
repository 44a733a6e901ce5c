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

/* A finding of a plan, however many drills had it. */
struct found {
	const Reading *first, *last;
	const json_t *finding; /* of the last */
	unsigned drills;
};

static bool is_same(const struct found *found, const Reading *reading, const json_t *finding)
{
	return is_alike(found->last, reading, "source.service") &&
	       is_alike(found->last, reading, "plan.name") &&
	       g_strcmp0(reading_text(found->finding, "id"), reading_text(finding, "id")) == 0;
}

static void note(GArray *all, const Reading *reading, const json_t *finding)
{
	struct found found = {reading, reading, finding, 1};

	for (guint i = 0; i < all->len; i++) {
		struct found *known = &g_array_index(all, struct found, i);

		if (!is_same(known, reading, finding))
			continue;
		known->last = reading;
		known->finding = finding;
		known->drills++;
		return;
	}
	g_array_append_val(all, found);
}

static void note_all(GArray *all, const Reading *reading)
{
	const json_t *findings = reading_at(reading->record, "findings");

	for (size_t i = 0; i < json_array_size(findings); i++)
		note(all, reading, json_array_get(findings, i));
}

static GArray *findings_of(const Quarter *quarter, bool of_before)
{
	const struct quarter_request *request = quarter->request;
	GArray *all = g_array_new(FALSE, FALSE, sizeof(struct found));
	const struct quarter_attempt *attempt;

	for (guint i = 0; of_before && i < request->readings->len; i++) {
		const Reading *reading = request->readings->pdata[i];

		if (reading->time < request->from)
			note_all(all, reading);
	}
	for (guint i = 0; !of_before && (attempt = quarter_attempt_at(quarter, i)); i++)
		note_all(all, attempt->reading);
	return all;
}

static char *status_of(const Quarter *quarter, const struct found *found)
{
	const char *status = reading_text(found->finding, "status");
	const Reading *closing =
		closed_by(quarter, found->last, reading_text(found->finding, "id"));

	if (!closing || g_strcmp0(status, "open") != 0)
		return g_strdup(status);

	g_autofree char *took = duration_format(closing->time - found->first->time);

	return g_strdup_printf("closed after %s, by %s", took,
			       reading_text(closing->record, "run.id"));
}

static void add_rows(Document *document, const Quarter *quarter, const GArray *all, bool only_open)
{
	static const char *const headings[] = {"Finding", "Severity", "What",	  "Owner", "Due",
					       "Status",  ">Drills",  "First in", NULL};

	document_table(document, headings);
	for (guint i = 0; i < all->len; i++) {
		const struct found *found = &g_array_index(all, struct found, i);
		g_autofree char *status = status_of(quarter, found);

		if (only_open && g_strcmp0(status, "open") != 0)
			continue;
		report_add_finding_cells(document, found->finding, status);
		document_cellf(document, TONE_PLAIN, "%u", found->drills);
		document_cell(document, TONE_CODE, reading_text(found->first->record, "run.id"));
	}
}

json_t *quarter_findings_json(const Quarter *quarter)
{
	g_autoptr(GArray) all = findings_of(quarter, false);
	json_t *array = json_array();

	for (guint i = 0; i < all->len; i++) {
		const struct found *found = &g_array_index(all, struct found, i);
		const Reading *closing =
			closed_by(quarter, found->last, reading_text(found->finding, "id"));
		json_t *object = json_copy((json_t *)found->finding);

		json_set_string(object, "service",
				reading_text(found->last->record, "source.service"));
		json_set_string(object, "plan", reading_text(found->last->record, "plan.name"));
		json_set_int(object, "drills", found->drills);
		json_set_string(object, "first", reading_text(found->first->record, "run.id"));
		json_set_string(object, "last", reading_text(found->last->record, "run.id"));
		json_set_string(object, "closed_by",
				closing ? reading_text(closing->record, "run.id") : NULL);
		json_array_append_new(array, object);
	}
	return array;
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
	g_autoptr(GArray) now = findings_of(quarter, false), before = findings_of(quarter, true);
	const struct quarter_attempt *attempt;

	document_section(document, "Findings and corrective actions");
	add_rows(document, quarter, now, false);
	if (now->len == 0)
		document_paragraph(document, "No finding is recorded in this period.");
	else
		document_paragraph(document,
				   "A finding is closed by the next drill of its plan that "
				   "passes without it.");
	document_heading(document, "Carried over");
	add_rows(document, quarter, before, true);
	if (document_table_empty(document))
		document_paragraph(document, "None.");
	document_heading(document, "Deviations from plans");
	for (guint i = 0; (attempt = quarter_attempt_at(quarter, i)); i++)
		add_deviations(document, attempt->reading);
	document_blank(document, "Corrective actions, owner, due");
}
