/* Figures against those that the source kept of the same moment, row by row. */
#include "drill/check/judging.h"

#include <math.h>
#include <string.h>

#define DIFFERENCES_MAX 5

struct comparing {
	const struct judging *judging;
	long double tolerance;
	bool bounded;
	GString *told;
	unsigned differences, unknown;
};

/* ---- which rows belong together ------------------------------------------------------------------ */

static void add_name(GString *name, const char *cell)
{
	g_string_append(name, name->len ? " " : "");
	g_string_append(name, cell ? cell : "");
}

/* By metric and key where there are such columns; else by what is no number. */
static char *name_of(const struct sql_rows *rows, char **cells)
{
	int metric = sql_rows_column(rows, "metric"), key = sql_rows_column(rows, "key");
	GString *name = g_string_new(NULL);
	long double number;

	if (metric >= 0)
		add_name(name, cells[metric]);
	if (key >= 0)
		add_name(name, cells[key]);
	for (unsigned i = 0; metric < 0 && key < 0 && i < rows->width; i++)
		if (!judging_number(cells[i], &number))
			add_name(name, cells[i]);
	return g_string_free(name, false);
}

/* Rows of one name are told apart by their order: none is lost. */
static GHashTable *by_name(const struct sql_rows *rows)
{
	GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < rows->rows->len; i++) {
		char *name = name_of(rows, rows->rows->pdata[i]);
		guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, name)) + 1;

		g_hash_table_insert(counts, g_strdup(name), GUINT_TO_POINTER(count));
		if (count > 1 || !*name) {
			char *numbered =
				g_strdup_printf("%s%srow %u", name, *name ? ", " : "", count);

			g_free(name);
			name = numbered;
		}
		g_hash_table_insert(table, name, rows->rows->pdata[i]);
	}
	return table;
}

/* ---- cells --------------------------------------------------------------------------------------- */

static void differ(struct comparing *comparing, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void differ(struct comparing *comparing, const char *format, ...)
{
	va_list arguments;

	if (comparing->differences++ >= DIFFERENCES_MAX || comparing->judging->check->redact)
		return;
	va_start(arguments, format);
	g_string_append(comparing->told, comparing->told->len ? "; " : "");
	g_string_append_vprintf(comparing->told, format, arguments);
	va_end(arguments);
}

enum agreement { AGREES, DIFFERS, NOT_KNOWN };

static enum agreement compare_text(const struct comparing *comparing, const char *here,
				   const char *before, const char *after)
{
	if (g_strcmp0(here, before) == 0 || (comparing->bounded && g_strcmp0(here, after) == 0))
		return AGREES;
	/* Of text that changed nothing is known in between. */
	return comparing->bounded && g_strcmp0(before, after) != 0 ? NOT_KNOWN : DIFFERS;
}

static enum agreement compare_cell(const struct comparing *comparing, const char *here,
				   const char *before, const char *after)
{
	long double value, low, high;

	if (!judging_number(here, &value) || !judging_number(before, &low) ||
	    !judging_number(after, &high))
		return compare_text(comparing, here, before, after);

	long double room = comparing->tolerance + judging_noise(here, before, value);

	if (value >= MIN(low, high) - room && value <= MAX(low, high) + room)
		return AGREES;
	return DIFFERS;
}

static const char *shown(const char *cell)
{
	return cell ? cell : "null";
}

static void compare_row(struct comparing *comparing, const char *name, char **here, char **before,
			char **after)
{
	const struct sql_rows *rows = comparing->judging->seen->rows;

	for (unsigned i = 0; i < rows->width; i++) {
		enum agreement agreement = compare_cell(comparing, here[i], before[i], after[i]);
		bool changed = g_strcmp0(before[i], after[i]) != 0;

		comparing->unknown += agreement == NOT_KNOWN;
		if (agreement == DIFFERS)
			differ(comparing, "%s: %s is %s, and was %s%s%s%s", name, rows->columns[i],
			       shown(here[i]), shown(before[i]), changed ? " before it and " : "",
			       changed ? shown(after[i]) : "", changed ? " behind it" : "");
	}
}

/* ---- rows ---------------------------------------------------------------------------------------- */

static bool same_columns(const struct sql_rows *a, const struct sql_rows *b)
{
	return g_strv_equal((const char *const *)a->columns, (const char *const *)b->columns);
}

/* A row that is in one of the two alone may be there or not, as it was there. */
static void compare_rows(struct comparing *comparing, const struct drill_reference *anchor)
{
	g_autoptr(GHashTable) here = by_name(comparing->judging->seen->rows);
	g_autoptr(GHashTable) before = by_name(anchor->before);
	g_autoptr(GHashTable) after = by_name(anchor->after);
	g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(before), (GCompareFunc)strcmp);
	g_autoptr(GList) found = g_list_sort(g_hash_table_get_keys(here), (GCompareFunc)strcmp);

	for (GList *at = names; at; at = at->next)
		if (!g_hash_table_contains(here, at->data) &&
		    g_hash_table_contains(after, at->data))
			differ(comparing, "%s is not there", (char *)at->data);
	for (GList *at = found; at; at = at->next) {
		char **then = g_hash_table_lookup(before, at->data);
		char **later = g_hash_table_lookup(after, at->data);

		if (!then && !later)
			differ(comparing, "%s was not there", (char *)at->data);
		else if (then && later)
			compare_row(comparing, at->data, g_hash_table_lookup(here, at->data), then,
				    later);
		else
			comparing->unknown++;
	}
}

static void conclude(struct judging *judging, const struct comparing *comparing)
{
	unsigned count = judging->seen->rows->rows->len;

	if (comparing->differences > 0)
		drill_check_fail(judging->result, "%u figures differ%s%s%s", comparing->differences,
				 comparing->told->len ? ": " : "", comparing->told->str,
				 comparing->differences > DIFFERENCES_MAX ? "; …" : "");
	else if (comparing->unknown > 0)
		drill_check_unassessed(judging->result,
				       "%u figures came, went or changed as text while the source "
				       "took them, so that nothing bounds them",
				       comparing->unknown);
	else
		drill_check_pass(judging->result, "all %u rows are as they were%s", count,
				 comparing->bounded ? ", or between before and behind" : "");
}

static const char *reason_against(const struct judging *judging)
{
	const struct plan_expect *expect = &judging->check->expect;
	const struct drill_reference *anchor = judging->seen->reference;

	if (expect->kind == PLAN_EXPECT_ANCHOR && expect->anchor == PLAN_ANCHOR_EXACT &&
	    anchor->basis == DRILL_BASIS_BOUNDED)
		return "the figures changed while the source took them; they bound, and are not "
		       "exact";
	if (!same_columns(judging->seen->rows, anchor->before) ||
	    !same_columns(anchor->before, anchor->after))
		return "the source asked for other figures";
	return NULL;
}

void judging_anchor(struct judging *judging)
{
	const struct plan_expect *expect = &judging->check->expect;
	const struct drill_reference *anchor = judging->seen->reference;
	g_autoptr(GString) told = g_string_new(NULL);
	struct comparing comparing = {
		.judging = judging, .told = told, .tolerance = judging_tolerance(judging->check)};
	const char *against;

	if (!judging_refers(judging, "the source left no figures of this moment to compare with"))
		return;
	comparing.bounded = anchor->basis == DRILL_BASIS_BOUNDED;
	judging->result->basis =
		g_strdup_printf("%s%s%s", comparing.bounded ? "bounded" : "exact",
				anchor->origin ? ": " : "", anchor->origin ? anchor->origin : "");
	if (expect->kind == PLAN_EXPECT_ANCHOR && expect->anchor == PLAN_ANCHOR_TOLERANCE)
		judging_number(expect->values[1], &comparing.tolerance);
	against = reason_against(judging);
	if (against) {
		drill_check_unassessed(judging->result, "%s", against);
		return;
	}
	compare_rows(&comparing, anchor);
	conclude(judging, &comparing);
}
