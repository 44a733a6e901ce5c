#include "drill/check/judge.h"

#include <math.h>
#include <string.h>

#define DETAIL_MAX	2000
#define DIFFERENCES_MAX 5
#define RECORDED_MAX	1000 /* rows */

struct judging {
	const struct plan_check *check;
	const struct drill_observation *seen;
	DrillCheckResult *result;
};

/* Of a text of the database as much as stays readable; "" where it may not be told. */
static char *told(const struct plan_check *check, const char *text)
{
	g_autofree char *valid = NULL;

	if (check->redact || !text || !*text)
		return g_strdup("");
	valid = g_utf8_make_valid(text, (gssize)strnlen(text, DETAIL_MAX));
	return g_strconcat(": ", valid, strlen(text) > DETAIL_MAX ? "…" : "", NULL);
}

static bool number_of(const char *text, double *value)
{
	char *end;

	if (!text || !*text)
		return false;
	*value = g_ascii_strtod(text, &end);
	return !*end && isfinite(*value) && strspn(text, "0123456789.+-eE") == strlen(text);
}

/* How far apart two numbers may be that are printed in decimals. */
static bool is_near(double a, double b, double tolerance)
{
	return fabs(a - b) <= tolerance + 1e-9 * MAX(fabs(a), fabs(b));
}

static double tolerance_of(const struct plan_check *check)
{
	double tolerance = 0;

	number_of(check->tolerance, &tolerance);
	return tolerance;
}

static const char *first_cell(const struct sql_rows *rows)
{
	return rows->rows->len > 0 && rows->width > 0 ? ((char **)rows->rows->pdata[0])[0] : NULL;
}

static void set_value(struct judging *judging, char *value)
{
	g_free(judging->result->value);
	judging->result->value = judging->check->redact ? NULL : g_strdup(value);
	g_free(value);
}

/* ---- bad, total, detail -------------------------------------------------------------------------- */

struct tally {
	gint64 bad, total;
	const char *detail;
};

static bool count_of(const struct sql_rows *rows, const char *name, gint64 *count)
{
	int column = sql_rows_column(rows, name);
	const char *text = column < 0 ? NULL : ((char **)rows->rows->pdata[0])[column];

	return text && g_ascii_string_to_signed(text, 10, 0, G_MAXINT64, count, NULL);
}

static bool tally_of(const struct sql_rows *rows, struct tally *tally)
{
	int detail = sql_rows_column(rows, "detail");

	if (rows->rows->len != 1 || !count_of(rows, "bad", &tally->bad) ||
	    !count_of(rows, "total", &tally->total))
		return false;
	tally->detail = detail < 0 ? NULL : ((char **)rows->rows->pdata[0])[detail];
	return true;
}

static bool take_tally(struct judging *judging, struct tally *tally)
{
	if (!tally_of(judging->seen->rows, tally)) {
		drill_check_unassessed(judging->result,
				       "it gave no single row with the numbers bad and total");
		return false;
	}
	set_value(judging, g_strdup_printf("bad=%" G_GINT64_FORMAT " total=%" G_GINT64_FORMAT,
					   tally->bad, tally->total));
	return true;
}

static bool is_empty(struct judging *judging, const struct tally *tally)
{
	if (tally->bad > 0 || tally->total > 0)
		return false;
	if (judging->check->allow_empty)
		drill_check_pass(judging->result, "nothing to check, which is allowed");
	else
		drill_check_unassessed(judging->result, "nothing to check");
	return true;
}

static void judge_assert(struct judging *judging)
{
	struct tally tally;
	g_autofree char *detail = NULL;

	if (!take_tally(judging, &tally) || is_empty(judging, &tally))
		return;
	detail = told(judging->check, tally.detail);
	if (tally.bad > 0)
		drill_check_fail(judging->result,
				 "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " are wrong%s",
				 tally.bad, tally.total, detail);
	else
		drill_check_pass(judging->result, "none of %" G_GINT64_FORMAT " is wrong",
				 tally.total);
}

static void judge_action(struct judging *judging)
{
	struct tally tally;
	g_autofree char *detail = NULL;

	if (!take_tally(judging, &tally) || is_empty(judging, &tally))
		return;
	detail = told(judging->check, tally.detail);
	if (tally.bad > 0)
		drill_check_warn(judging->result,
				 "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
				 " are to be dealt with before Odoo starts%s",
				 tally.bad, tally.total, detail);
	else
		drill_check_pass(judging->result,
				 "nothing is to be dealt with of %" G_GINT64_FORMAT, tally.total);
}

/* Only what the source had not is new. */
static void judge_baseline(struct judging *judging)
{
	const struct drill_reference *baseline = judging->seen->baseline;
	DrillCheckResult *result = judging->result;
	struct tally tally, source = {0};
	g_autofree char *detail = NULL;

	if (!take_tally(judging, &tally) || is_empty(judging, &tally))
		return;
	detail = told(judging->check, tally.detail);
	if (baseline && tally_of(baseline->before, &source))
		result->basis = g_strdup_printf("baseline of the source: bad=%" G_GINT64_FORMAT,
						source.bad);
	if (tally.bad == 0)
		drill_check_pass(result, "none of %" G_GINT64_FORMAT " is wrong", tally.total);
	else if (!result->basis)
		drill_check_unassessed(result,
				       "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
				       " are wrong, and how many were at the source is not known%s",
				       tally.bad, tally.total, detail);
	else if (tally.bad > source.bad)
		drill_check_fail(result,
				 "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
				 " are wrong, and at the source there were %" G_GINT64_FORMAT "%s",
				 tally.bad, tally.total, source.bad, detail);
	else if (g_strcmp0(tally.detail, source.detail) != 0)
		drill_check_warn(result,
				 "as many are wrong as at the source at most, but not the same%s",
				 detail);
	else
		drill_check_pass(result, "the same %" G_GINT64_FORMAT " are wrong as at the source",
				 tally.bad);
}

/* ---- row by row ---------------------------------------------------------------------------------- */

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

	if (number_of(here, &value) && number_of(before, &low) && number_of(after, &high)) {
		if (!comparing->bounded)
			return is_near(value, low, comparing->tolerance);
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

static void judge_anchor(struct judging *judging)
{
	const struct plan_expect *expect = &judging->check->expect;
	const struct drill_reference *anchor = judging->seen->anchor;
	struct comparing comparing = {.judging = judging,
				      .tolerance = tolerance_of(judging->check)};
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
		number_of(expect->values[1], &comparing.tolerance);
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

/* ---- one value ----------------------------------------------------------------------------------- */

static int order_of(enum plan_expect_kind op, double a, double b, double tolerance)
{
	bool near = is_near(a, b, tolerance);

	switch (op) {
	case PLAN_EXPECT_EQ:
		return near;
	case PLAN_EXPECT_NE:
		return !near;
	case PLAN_EXPECT_LT:
		return a < b;
	case PLAN_EXPECT_LE:
		return a <= b || near;
	case PLAN_EXPECT_GT:
		return a > b;
	default:
		return a >= b || near;
	}
}

static bool value_holds(const struct judging *judging, const char *value)
{
	const struct plan_expect *expect = &judging->check->expect;
	double tolerance = tolerance_of(judging->check), number, low, high;
	bool numeric = number_of(value, &number);

	switch (expect->kind) {
	case PLAN_EXPECT_BETWEEN:
		return numeric && number_of(expect->values[0], &low) &&
		       number_of(expect->values[1], &high) && number >= low - tolerance &&
		       number <= high + tolerance;
	case PLAN_EXPECT_IN:
		return value && g_strv_contains((const char *const *)expect->values, value);
	case PLAN_EXPECT_MATCH:
		return value && g_regex_match_simple(expect->values[0], value, 0, 0);
	case PLAN_EXPECT_EQ:
	case PLAN_EXPECT_NE:
		if (!numeric || !number_of(expect->values[0], &low))
			return (g_strcmp0(value, expect->values[0]) == 0) ==
			       (expect->kind == PLAN_EXPECT_EQ);
		return order_of(expect->kind, number, low, tolerance);
	default:
		return numeric && number_of(expect->values[0], &low) &&
		       order_of(expect->kind, number, low, tolerance);
	}
}

static void judge_value(struct judging *judging)
{
	const char *value = first_cell(judging->seen->rows);

	set_value(judging, g_strdup(value ? value : "null"));
	if (judging->seen->rows->rows->len == 0)
		drill_check_fail(judging->result, "it gave no row");
	else if (value_holds(judging, value))
		drill_check_pass(judging->result, "the value is as expected");
	else if (judging->check->redact)
		drill_check_fail(judging->result, "the value is not as expected");
	else
		drill_check_fail(judging->result, "the value is %s, and %s was expected",
				 judging->result->value, judging->result->expect);
}

static void judge_count(struct judging *judging)
{
	const struct plan_expect *expect = &judging->check->expect;
	guint count = judging->seen->rows->rows->len;
	double wanted = 0;
	bool holds = expect->kind == PLAN_EXPECT_EMPTY ? count == 0 : count > 0;

	set_value(judging, g_strdup_printf("%u rows", count));
	if (expect->kind == PLAN_EXPECT_ROWS)
		holds = number_of(expect->values[1], &wanted) &&
			order_of(expect->op, count, wanted, 0);
	if (holds)
		drill_check_pass(judging->result, "it gave %u rows", count);
	else
		drill_check_fail(judging->result, "it gave %u rows, and %s was expected", count,
				 judging->result->expect);
}

static void judge_text(struct judging *judging)
{
	const struct plan_check *check = judging->check;
	const struct sql_rows *rows = judging->seen->rows;
	g_autofree char *hash = sql_rows_sha256(rows, check->ordered);
	g_autofree char *text = sql_rows_text(rows, check->ordered);
	bool same = check->expect.kind == PLAN_EXPECT_HASH
			    ? strcmp(hash, check->expect.values[0]) == 0
			    : g_strcmp0(text, judging->seen->expected) == 0;

	set_value(judging, g_steal_pointer(&hash));
	if (same)
		drill_check_pass(judging->result, "all %u rows are as expected", rows->rows->len);
	else
		drill_check_fail(judging->result, "the %u rows it gave are not those expected",
				 rows->rows->len);
}

/* ---- here and at the source ---------------------------------------------------------------------- */

static void judge_difference(struct judging *judging)
{
	const struct plan_expect *expect = &judging->check->expect;
	const struct sql_rows *there = judging->seen->anchor->before;
	double a, b, low = 0, high = 0;
	bool numeric =
		number_of(first_cell(judging->seen->rows), &a) && number_of(first_cell(there), &b);
	bool holds;

	if (!numeric) {
		drill_check_unassessed(judging->result, "here and there it gave no numbers");
		return;
	}
	number_of(expect->values[0], &low);
	if (expect->kind == PLAN_EXPECT_RATIO)
		number_of(expect->values[1], &high);
	holds = expect->kind == PLAN_EXPECT_DELTA
			? is_near(a, b, low)
			: (b != 0 && a / b >= low && a / b <= high) || (a == 0 && b == 0);
	set_value(judging, g_strdup_printf("%s here, %s there", first_cell(judging->seen->rows),
					   first_cell(there)));
	if (holds)
		drill_check_pass(judging->result, "here and there are as near as expected");
	else
		drill_check_fail(judging->result, "here and there differ by more than %s",
				 judging->result->expect);
}

static void judge_equal(struct judging *judging)
{
	const struct sql_rows *there = judging->seen->anchor->before;
	g_autofree char *here = sql_rows_text(judging->seen->rows, false);
	g_autofree char *other = sql_rows_text(there, false);
	const char *a = first_cell(judging->seen->rows), *b = first_cell(there);
	double x, y;
	bool single = judging->seen->rows->rows->len == 1 && judging->seen->rows->width == 1 &&
		      there->rows->len == 1 && there->width == 1;

	if (strcmp(here, other) == 0 || (single && number_of(a, &x) && number_of(b, &y) &&
					 is_near(x, y, tolerance_of(judging->check))))
		drill_check_pass(judging->result, "here and there are the same");
	else
		drill_check_fail(judging->result, "here and there are not the same");
}

/* ---- all of them --------------------------------------------------------------------------------- */

static enum plan_expect_kind kind_of(const struct plan_check *check, enum sql_kind kind)
{
	if (check->expect.kind != PLAN_EXPECT_KIND)
		return check->expect.kind;
	return kind == SQL_ASSERT	 ? PLAN_EXPECT_ASSERT
	       : kind == SQL_BASELINE	 ? PLAN_EXPECT_BASELINE
	       : kind == SQL_FINGERPRINT ? PLAN_EXPECT_ANCHOR
					 : PLAN_EXPECT_KIND;
}

static void record(struct judging *judging)
{
	const struct sql_rows *rows = judging->seen->rows;

	if (judging->seen->kind == SQL_ACTION && judging->check->expect.kind == PLAN_EXPECT_KIND) {
		judge_action(judging);
		return;
	}
	set_value(judging, g_strdup_printf("%u rows", rows->rows->len));
	drill_check_pass(judging->result, "recorded: %u rows", rows->rows->len);
}

static const struct {
	enum plan_expect_kind kind;
	void (*judge)(struct judging *judging);
} judges[] = {
	{PLAN_EXPECT_KIND, record},
	{PLAN_EXPECT_ASSERT, judge_assert},
	{PLAN_EXPECT_BASELINE, judge_baseline},
	{PLAN_EXPECT_ANCHOR, judge_anchor},
	{PLAN_EXPECT_EMPTY, judge_count},
	{PLAN_EXPECT_NONEMPTY, judge_count},
	{PLAN_EXPECT_ROWS, judge_count},
	{PLAN_EXPECT_HASH, judge_text},
	{PLAN_EXPECT_FILE, judge_text},
	{PLAN_EXPECT_EQUAL, judge_equal},
	{PLAN_EXPECT_DELTA, judge_difference},
	{PLAN_EXPECT_RATIO, judge_difference},
};

void drill_check_judge(const struct plan_check *check, const struct drill_observation *seen,
		       DrillCheckResult *result)
{
	struct judging judging = {check, seen, result};
	enum plan_expect_kind kind = kind_of(check, seen->kind);
	void (*judge)(struct judging * judging) = judge_value;

	result->expect =
		g_strdup(check->expect_text ? check->expect_text : sql_kind_name(seen->kind));
	for (size_t i = 0; i < G_N_ELEMENTS(judges); i++)
		if (judges[i].kind == kind)
			judge = judges[i].judge;
	judge(&judging);
	if (!check->redact && seen->kind != SQL_ASSERT && seen->kind != SQL_BASELINE &&
	    seen->kind != SQL_PLAIN && seen->rows->rows->len <= RECORDED_MAX)
		result->rows = sql_rows_json(seen->rows);
}
