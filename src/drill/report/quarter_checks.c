/* Each check of a service over the drills that count. */
#include "drill/report/chart.h"
#include "drill/report/quarter_parts.h"
#include "drill/report/words.h"

/* A check by its name; of several databases or stages it is one. */
struct tally {
	const char *name;
	char *processes; /* of the newest drill; NULL: it is of all */
	unsigned passed, failed, unassessed;
	const char *last; /* of the newest drill: "pass", …; the worst of its results */
};

static void tally_free(void *data)
{
	struct tally *tally = data;

	g_free(tally->processes);
	g_free(tally);
}

static guint tally_index(GPtrArray *tallies, const char *name)
{
	for (guint i = 0; i < tallies->len; i++)
		if (g_str_equal(((const struct tally *)tallies->pdata[i])->name, name))
			return i;

	struct tally *tally = g_new0(struct tally, 1);

	tally->name = name;
	g_ptr_array_add(tallies, tally);
	return tallies->len - 1;
}

static const struct status_look {
	const char *status, *letter;
	enum tone tone;
} looks[] = {{"pass", "P", TONE_GOOD}, {"fail", "F", TONE_BAD}, {"not-assessed", "–", TONE_OPEN}};

static const struct status_look *status_look(const char *status)
{
	for (size_t i = 0; i < G_N_ELEMENTS(looks); i++)
		if (g_strcmp0(looks[i].status, status) == 0)
			return &looks[i];
	return &looks[G_N_ELEMENTS(looks) - 1];
}

static void take(GPtrArray *tallies, GArray *marks, const Reading *reading, const json_t *check)
{
	const char *name = reading_text(check, "name");
	const struct status_look *look = status_look(reading_text(check, "status"));
	guint row = name ? tally_index(tallies, name) : 0;
	struct tally *tally = name ? tallies->pdata[row] : NULL;
	struct chart_mark mark = {row, reading->time, look->tone, look->letter, look->status};

	if (!tally)
		return;
	g_free(tally->processes);
	tally->processes = reading_list(check, "process");
	tally->passed += look->tone == TONE_GOOD;
	tally->failed += look->tone == TONE_BAD;
	tally->unassessed += look->tone == TONE_OPEN;
	tally->last = look->status;
	g_array_append_val(marks, mark);
}

static void take_all(const struct quarter_result *result, GPtrArray *tallies, GArray *marks)
{
	for (guint i = 0; i < result->attempts->len; i++) {
		const struct quarter_attempt *attempt =
			&g_array_index(result->attempts, struct quarter_attempt, i);
		const json_t *checks = reading_at(attempt->reading->record, "checks");

		for (size_t k = 0; attempt->counted && k < json_array_size(checks); k++)
			take(tallies, marks, attempt->reading, json_array_get(checks, k));
	}
}

static void add_chart(Document *document, const Quarter *quarter,
		      const struct quarter_result *result, const GPtrArray *tallies,
		      const GArray *marks)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree char *title = g_strdup_printf(
		"%s: checks by week; P passed, F failed, – not assessed", result->service->name);

	for (guint i = 0; i < tallies->len; i++)
		g_ptr_array_add(names, (gpointer)((const struct tally *)tallies->pdata[i])->name);
	document_chart(document, title,
		       chart_matrix(&(struct chart_matrix){
			       .from = quarter->request->from,
			       .to = quarter->request->to,
			       .title = "Checks over the period",
			       .description = "A row for each check; a square holds the worst "
					      "result of its week or day, as a letter, and how "
					      "many results there were.",
			       .rows = (const char *const *)names->pdata,
			       .count = names->len,
			       .marks = marks,
		       }));
}

void quarter_add_checks(Document *document, const Quarter *quarter,
			const struct quarter_result *result)
{
	static const char *const headings[] = {"Check",		"Process",     ">Passed", ">Failed",
					       ">Not assessed", "Last result", NULL};
	g_autoptr(GPtrArray) tallies = g_ptr_array_new_with_free_func(tally_free);
	g_autoptr(GArray) marks = g_array_new(FALSE, FALSE, sizeof(struct chart_mark));

	take_all(result, tallies, marks);
	if (tallies->len == 0)
		return;
	add_chart(document, quarter, result, tallies, marks);
	document_heading(document, "Checks in counted drills");
	document_table(document, headings);
	for (guint i = 0; i < tallies->len; i++) {
		const struct tally *tally = tallies->pdata[i];

		document_cell(document, TONE_PLAIN, tally->name);
		document_cell(document, TONE_PLAIN, tally->processes ? tally->processes : "all");
		document_cellf(document, TONE_PLAIN, "%u", tally->passed);
		document_cellf(document, TONE_PLAIN, "%u", tally->failed);
		document_cellf(document, TONE_PLAIN, "%u", tally->unassessed);
		document_cell(document, status_look(tally->last)->tone,
			      g_str_equal(tally->last, "not-assessed") ? "not assessed"
								       : tally->last);
	}
}
