#include "cli/views/anchor.h"

#include "cli/line/output.h"
#include "cli/views/set.h"

struct tally {
	guint exact, bounded, missing;
};

static struct tally count(const Anchor *anchor)
{
	struct tally tally = {0};

	for (guint i = 0; i < anchor->figures->len; i++) {
		const struct anchor_figure *figure = anchor->figures->pdata[i];

		tally.missing += figure->basis == ANCHOR_UNKNOWN;
		tally.bounded += figure->basis == ANCHOR_DIFFERENT;
	}
	tally.exact = anchor->figures->len - tally.missing - tally.bounded;
	return tally;
}

char *anchor_summary(const Anchor *anchor)
{
	struct tally tally = count(anchor);
	g_autofree char *figures = count_format(anchor->figures->len, "figure");
	g_autofree char *missing =
		tally.missing ? g_strdup_printf(", %u not taken", tally.missing) : g_strdup("");

	return g_strdup_printf("%s: %u exact, %u bounded%s", figures, tally.exact, tally.bounded,
			       missing);
}

static const char *meaning_of(enum anchor_basis basis)
{
	static const char *const meanings[ANCHOR_BASES] = {
		[ANCHOR_IDENTICAL] = "exact: nothing happened between",
		[ANCHOR_EQUAL] = "exact: both agree",
		[ANCHOR_DIFFERENT] = "bounded: it changed between",
		[ANCHOR_UNKNOWN] = "not taken",
	};

	return meanings[basis];
}

/* Of one row each value by its column, "total 3, oldest 2026-11-02"; of several how many there are. */
static char *rows_text(const json_t *answer)
{
	const json_t *columns = json_object_get(answer, "columns");
	const json_t *rows = json_object_get(answer, "rows");
	const json_t *row = json_array_get(rows, 0);
	g_autoptr(GString) text = g_string_new(NULL);

	if (json_array_size(rows) != 1)
		return count_format(json_array_size(rows), "row");
	for (size_t i = 0; i < json_array_size(row); i++) {
		const char *column = json_string_value(json_array_get(columns, i));
		const char *value = json_string_value(json_array_get(row, i));

		g_string_append_printf(text, "%s%s %s", i ? ", " : "", column ? column : "?",
				       value ? value : "null");
	}
	return g_string_free(g_steal_pointer(&text), false);
}

static char *values_of(const struct anchor_figure *figure)
{
	if (figure->problem)
		return g_strdup(figure->problem);

	g_autofree char *before = rows_text(figure->before);
	g_autofree char *after = figure->after ? rows_text(figure->after) : NULL;

	return after ? g_strdup_printf("%s; behind the mark: %s", before, after)
		     : g_steal_pointer(&before);
}

void anchor_print(const Anchor *anchor)
{
	static const char *const headings[] = {"database", "query", "figure", "values", NULL};
	TableOut *table = table_out_new(headings);
	g_autofree char *made = time_with_age(anchor->mark.made);
	g_autofree char *summary = anchor_summary(anchor);
	char lsn[LSN_FORMAT_SIZE];

	output_line(10, "anchor", "%s", anchor->mark.id);
	output_line(10, "name", "%s", anchor->mark.name);
	output_line(10, "made", "%s, on %s", made, anchor->mark.host ? anchor->mark.host : "?");
	output_line(10, "WAL", "%s, timeline %u", lsn_format(anchor->mark.lsn, lsn),
		    anchor->mark.timeline);
	output_line(10, "has", "%s", summary);
	puts("");
	for (guint i = 0; i < anchor->figures->len; i++) {
		const struct anchor_figure *figure = anchor->figures->pdata[i];
		g_autofree char *values = values_of(figure);

		table_out_row(table, figure->database, figure->query, meaning_of(figure->basis),
			      values);
	}
	table_out_print(table, stdout);
}

static json_t *figure_json(const struct anchor_figure *figure)
{
	json_t *object = json_object();

	json_set_string(object, "database", figure->database);
	json_set_string(object, "query", figure->query);
	json_set_string(object, "sha256", figure->sha256);
	json_set_string(object, "basis", anchor_basis_name(figure->basis));
	json_set(object, "before", figure->before ? json_incref(figure->before) : json_null());
	json_set(object, "after", figure->after ? json_incref(figure->after) : json_null());
	json_set_string(object, "problem", figure->problem);
	return object;
}

json_t *anchor_json(const Anchor *anchor)
{
	json_t *object = json_object(), *figures = json_array();
	char lsn[LSN_FORMAT_SIZE];

	for (guint i = 0; i < anchor->figures->len; i++)
		json_array_append_new(figures, figure_json(anchor->figures->pdata[i]));
	json_set_string(object, "anchor", anchor->mark.id);
	json_set_string(object, "name", anchor->mark.name);
	json_set_string(object, "host", anchor->mark.host);
	json_set_time(object, "made", anchor->mark.made);
	json_set_string(object, "lsn", lsn_format(anchor->mark.lsn, lsn));
	json_set_int(object, "timeline", anchor->mark.timeline);
	json_set(object, "figures", figures);
	return object;
}

void anchor_list_print(const GPtrArray *anchors)
{
	static const char *const headings[] = {"anchor",   "name",     ">figures", ">exact",
					       ">bounded", ">missing", "made",	   NULL};
	TableOut *table = table_out_new(headings);

	for (guint i = 0; i < anchors->len; i++) {
		const Anchor *anchor = anchors->pdata[i];
		struct tally tally = count(anchor);
		g_autofree char *made = time_with_age(anchor->mark.made);
		g_autofree char *all = g_strdup_printf("%u", anchor->figures->len);
		g_autofree char *exact = g_strdup_printf("%u", tally.exact);
		g_autofree char *bounded = g_strdup_printf("%u", tally.bounded);
		g_autofree char *missing = g_strdup_printf("%u", tally.missing);

		if (anchor->mark.name)
			table_out_row(table, anchor->mark.id, anchor->mark.name, all, exact,
				      bounded, missing, made);
		else
			table_out_row(table, anchor->mark.id, "(sealed)", NULL, NULL, NULL, NULL,
				      made);
	}
	table_out_print(table, anchors->len > 0 ? stdout : NULL);
}
