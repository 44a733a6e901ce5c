/* Figures against those that the source kept of the same moment, row by row. */
#include "drill/check/judging.h"

#include <string.h>

#define DIFFERENCES_MAX 5

static char *key_of(const struct sql_rows *rows, char **cells)
{
	int metric = sql_rows_column(rows, "metric"), key = sql_rows_column(rows, "key");

	return g_strconcat(metric < 0 || !cells[metric] ? "" : cells[metric], " ",
			   key < 0 || !cells[key] ? "" : cells[key], NULL);
}

static GHashTable *by_key(const struct sql_rows *rows)
{
	GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < rows->rows->len; i++)
		g_hash_table_insert(table, key_of(rows, rows->rows->pdata[i]),
				    rows->rows->pdata[i]);
	return table;
}

struct comparing {
	const struct judging *judging;
	double tolerance;
	bool bounded;
	GString *told;
	unsigned differences;
};

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

static bool cell_agrees(const struct comparing *comparing, const char *here, const char *before,
			const char *after)
{
	double value, low, high;

	if (judging_number(here, &value) && judging_number(before, &low) &&
	    judging_number(after, &high)) {
		if (!comparing->bounded)
			return judging_near(value, low, comparing->tolerance);
		return value >= MIN(low, high) - comparing->tolerance &&
		       value <= MAX(low, high) + comparing->tolerance;
	}
	if (!comparing->bounded)
		return g_strcmp0(here, before) == 0;
	/* Of text that changed nothing is known in between. */
	return g_strcmp0(before, after) != 0 || g_strcmp0(here, before) == 0;
}

static void compare_cells(struct comparing *comparing, const char *key, char **here, char **before,
			  char **after)
{
	const struct sql_rows *rows = comparing->judging->seen->rows;

	for (unsigned i = 0; i < rows->width; i++)
		if (!cell_agrees(comparing, here[i], before[i], after[i]))
			differ(comparing, "%s: %s is %s, and was %s", key, rows->columns[i],
			       here[i] ? here[i] : "null", before[i] ? before[i] : "null");
}

static bool same_columns(const struct sql_rows *a, const struct sql_rows *b)
{
	return g_strv_equal((const char *const *)a->columns, (const char *const *)b->columns);
}

static void compare_rows(struct comparing *comparing, const struct drill_reference *anchor)
{
	const struct sql_rows *rows = comparing->judging->seen->rows;
	g_autoptr(GHashTable) here = by_key(rows), before = by_key(anchor->before),
			      after = by_key(anchor->after);
	g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(before), (GCompareFunc)strcmp);
	g_autoptr(GList) found = g_list_sort(g_hash_table_get_keys(here), (GCompareFunc)strcmp);

	for (GList *at = keys; at; at = at->next) {
		char **then = g_hash_table_lookup(before, at->data);
		char **later = g_hash_table_lookup(after, at->data);
		char **now = g_hash_table_lookup(here, at->data);

		if (now)
			compare_cells(comparing, at->data, now, then,
				      later && comparing->bounded ? later : then);
		else if (!comparing->bounded || later)
			differ(comparing, "%s is not there", (char *)at->data);
	}
	for (GList *at = found; at; at = at->next)
		if (!g_hash_table_contains(before, at->data) &&
		    !(comparing->bounded && g_hash_table_contains(after, at->data)))
			differ(comparing, "%s was not there", (char *)at->data);
}

static void judge_compared(struct judging *judging, struct comparing *comparing)
{
	unsigned count = judging->seen->rows->rows->len;

	if (comparing->differences == 0)
		drill_check_pass(judging->result, "all %u rows are as they were%s", count,
				 comparing->bounded ? ", or between before and after" : "");
	else
		drill_check_fail(judging->result, "%u figures differ%s%s%s", comparing->differences,
				 comparing->told->len ? ": " : "", comparing->told->str,
				 comparing->differences > DIFFERENCES_MAX ? "; …" : "");
}

void judging_anchor(struct judging *judging)
{
	const struct plan_expect *expect = &judging->check->expect;
	const struct drill_reference *anchor = judging->seen->anchor;
	struct comparing comparing = {.judging = judging,
				      .tolerance = judging_tolerance(judging->check)};
	g_autoptr(GString) told = g_string_new(NULL);

	if (!anchor) {
		drill_check_unassessed(judging->result,
				       "the source left no figures of this moment to compare with");
		return;
	}
	comparing.told = told;
	comparing.bounded = anchor->basis == DRILL_BASIS_BOUNDED;
	judging->result->basis = g_strdup(comparing.bounded ? "bounded" : "exact");
	if (expect->kind == PLAN_EXPECT_ANCHOR && expect->anchor == PLAN_ANCHOR_TOLERANCE)
		judging_number(expect->values[1], &comparing.tolerance);
	if (expect->kind == PLAN_EXPECT_ANCHOR && expect->anchor == PLAN_ANCHOR_EXACT &&
	    comparing.bounded) {
		drill_check_unassessed(
			judging->result,
			"the figures changed while the source took them; they bound, "
			"and are not exact");
		return;
	}
	if (!same_columns(judging->seen->rows, anchor->before) ||
	    !same_columns(anchor->before, anchor->after)) {
		drill_check_unassessed(judging->result, "the source asked for other figures");
		return;
	}
	compare_rows(&comparing, anchor);
	judge_compared(judging, &comparing);
}
