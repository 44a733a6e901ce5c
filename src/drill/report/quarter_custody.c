/* Keys, recovery kits and locks: when each was last made, used or proven, by whom, and whether in this period. */
#include "base/json.h"
#include "drill/report/quarter_parts.h"
#include "drill/report/words.h"

static struct custody_row row_of(const Quarter *quarter, const struct quarter_service *service,
				 int act)
{
	const struct custody_period period = {service->name, quarter->request->from,
					      quarter->cutoff};

	return custody_row(quarter->request->custody, (enum custody_act)act, &period);
}

static void add_count(Document *document, const struct custody_row *row)
{
	if (row->times == 0)
		document_cell(document, TONE_OPEN, "never in this period");
	else if (row->failed > 0)
		document_cellf(document, TONE_BAD, "%u, of which %u failed", row->times,
			       row->failed);
	else
		document_cellf(document, TONE_PLAIN, "%u", row->times);
}

static void add_row(Document *document, const Quarter *quarter,
		    const struct quarter_service *service, int act)
{
	struct custody_row row = row_of(quarter, service, act);
	const struct custody_event *last = row.last;
	g_autofree char *time = words_time(last ? last->time : -1);
	g_autofree char *age = words_duration(last ? quarter->cutoff - last->time : -1);

	document_cell(document, TONE_WHOLE, service->name);
	document_cell(document, TONE_PLAIN, custody_act_words((enum custody_act)act));
	document_cellf(document, last && last->failed ? TONE_BAD : TONE_WHOLE, "%s%s",
		       time ? time : "never", last && last->failed ? ", FAILED" : "");
	document_cell(document, TONE_PLAIN, age);
	document_cell(document, TONE_CODE, last ? last->by : NULL);
	document_cell(document, TONE_CODE, last ? last->subject : NULL);
	add_count(document, &row);
}

/* Another proof of a kit is a drill with nothing else. */
static void add_kit_drills(Document *document, const struct quarter_result *result)
{
	for (guint i = 0; result->coverage && i < result->coverage->len; i++) {
		const struct coverage_row *row = result->coverage->pdata[i];
		g_autofree char *last = words_time(row->last_pass > 0 ? row->last_pass : -1);

		if (row->subject == COVERAGE_KIT)
			document_item(
				document,
				"%s: a drill with nothing but the recovery kit last passed: %s.",
				result->service->name, last ? last : "never");
	}
}

void quarter_add_custody(Document *document, const Quarter *quarter)
{
	static const char *const headings[] = {"Service", "What", "Last",	    ">Age",
					       "By",	  "Of",	  "In this period", NULL};

	document_heading(document, "Keys, recovery kits, locks");
	if (!quarter->request->custody) {
		document_paragraph(document, "The audit chain cannot be read: nothing is known.");
		return;
	}
	document_table(document, headings);
	for (guint i = 0; i < quarter->results->len; i++)
		for (int act = 0; act < CUSTODY_ACTS; act++)
			add_row(document, quarter,
				((const struct quarter_result *)quarter->results->pdata[i])
					->service,
				act);
	for (guint i = 0; i < quarter->results->len; i++)
		add_kit_drills(document, quarter->results->pdata[i]);
	document_paragraph(document,
			   "As far as the audit chain of this host tells, which says who appended "
			   "each line. What was done where keys and kits are kept is in the chain "
			   "of that host. A test opens the newest set; that a key was used says "
			   "that it could be, and not what for.");
}

json_t *quarter_custody_json(const Quarter *quarter, const struct quarter_service *service)
{
	json_t *list = json_array();

	if (!quarter->request->custody)
		return json_null();
	for (int act = 0; act < CUSTODY_ACTS; act++) {
		struct custody_row row = row_of(quarter, service, act);
		json_t *object = json_object();

		json_set_string(object, "act", custody_act_name((enum custody_act)act));
		json_set_known_time(object, "last", row.last ? row.last->time : 0);
		json_set_string(object, "by", row.last ? row.last->by : NULL);
		json_set_string(object, "subject", row.last ? row.last->subject : NULL);
		json_set(object, "ok", row.last ? json_boolean(!row.last->failed) : json_null());
		json_set_int(object, "times", row.times);
		json_set_int(object, "failed", row.failed);
		json_array_append_new(list, object);
	}
	return list;
}
