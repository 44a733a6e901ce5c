/* One value, a number of rows or all of their text, against what the plan expects, or against the source. */
#include "drill/check/judging.h"

#define SOURCE_UNKNOWN "what it gives at the source is not known"

#include <string.h>

static bool order_holds(enum plan_expect_kind op, const char *found, const char *wanted,
			long double tolerance)
{
	bool near = judging_near(found, wanted, tolerance);
	long double a, b;

	if (!judging_number(found, &a) || !judging_number(wanted, &b))
		return false;

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
	long double tolerance = judging_tolerance(judging->check), number, low, high;
	bool numeric = judging_number(value, &number);

	switch (expect->kind) {
	case PLAN_EXPECT_BETWEEN:
		return numeric && judging_number(expect->values[0], &low) &&
		       judging_number(expect->values[1], &high) && number >= low - tolerance &&
		       number <= high + tolerance;
	case PLAN_EXPECT_IN:
		return value && g_strv_contains((const char *const *)expect->values, value);
	case PLAN_EXPECT_MATCH:
		return value && g_regex_match_simple(expect->values[0], value, 0, 0);
	case PLAN_EXPECT_EQ:
	case PLAN_EXPECT_NE:
		if (!numeric || !judging_number(expect->values[0], &low))
			return (g_strcmp0(value, expect->values[0]) == 0) ==
			       (expect->kind == PLAN_EXPECT_EQ);
		return order_holds(expect->kind, value, expect->values[0], tolerance);
	default:
		return order_holds(expect->kind, value, expect->values[0], tolerance);
	}
}

void judging_value(struct judging *judging)
{
	const char *value = judging_first_cell(judging->seen->rows);

	judging_set_value(judging, g_strdup(value ? value : "null"));
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

void judging_count(struct judging *judging)
{
	const struct plan_expect *expect = &judging->check->expect;
	guint count = judging->seen->rows->rows->len;
	g_autofree char *found = g_strdup_printf("%u", count);
	bool holds = expect->kind == PLAN_EXPECT_EMPTY ? count == 0 : count > 0;

	judging_set_value(judging, g_strdup_printf("%u rows", count));
	if (expect->kind == PLAN_EXPECT_ROWS)
		holds = order_holds(expect->op, found, expect->values[1], 0);
	if (holds)
		drill_check_pass(judging->result, "it gave %u rows", count);
	else
		drill_check_fail(judging->result, "it gave %u rows, and %s was expected", count,
				 judging->result->expect);
}

void judging_text(struct judging *judging)
{
	const struct plan_check *check = judging->check;
	const struct sql_rows *rows = judging->seen->rows;
	g_autofree char *hash = sql_rows_sha256(rows, check->ordered);
	g_autofree char *text = sql_rows_text(rows, check->ordered);
	bool same = check->expect.kind == PLAN_EXPECT_HASH
			    ? strcmp(hash, check->expect.values[0]) == 0
			    : g_strcmp0(text, judging->seen->expected) == 0;

	judging_set_value(judging, g_steal_pointer(&hash));
	if (same)
		drill_check_pass(judging->result, "all %u rows are as expected", rows->rows->len);
	else
		drill_check_fail(judging->result, "the %u rows it gave are not those expected",
				 rows->rows->len);
}

void judging_difference(struct judging *judging)
{
	const struct plan_expect *expect = &judging->check->expect;
	const char *here, *there;
	long double a, b, low = 0, high = 0;
	bool holds;

	if (!judging_refers(judging, SOURCE_UNKNOWN))
		return;
	here = judging_first_cell(judging->seen->rows);
	there = judging_first_cell(judging->seen->reference->before);
	if (!judging_number(here, &a) || !judging_number(there, &b)) {
		drill_check_unassessed(judging->result, "here and there it gave no numbers");
		return;
	}
	judging_number(expect->values[0], &low);
	if (expect->kind == PLAN_EXPECT_RATIO)
		judging_number(expect->values[1], &high);
	holds = expect->kind == PLAN_EXPECT_DELTA
			? judging_near(here, there, low)
			: (b != 0 && a / b >= low && a / b <= high) || (a == 0 && b == 0);
	judging_set_value(judging, g_strdup_printf("%s here, %s there", here, there));
	if (holds)
		drill_check_pass(judging->result, "here and there are as near as expected");
	else
		drill_check_fail(judging->result, "here and there differ by more than %s",
				 judging->result->expect);
}

void judging_equal(struct judging *judging)
{
	if (!judging_refers(judging, SOURCE_UNKNOWN))
		return;
	const struct sql_rows *there = judging->seen->reference->before;
	g_autofree char *here = sql_rows_text(judging->seen->rows, false);
	g_autofree char *other = sql_rows_text(there, false);
	const char *a = judging_first_cell(judging->seen->rows), *b = judging_first_cell(there);
	bool single = judging->seen->rows->rows->len == 1 && judging->seen->rows->width == 1 &&
		      there->rows->len == 1 && there->width == 1;

	if (strcmp(here, other) == 0 ||
	    (single && judging_near(a, b, judging_tolerance(judging->check))))
		drill_check_pass(judging->result, "here and there are the same");
	else
		drill_check_fail(judging->result, "here and there are not the same");
}
