#include "drill/check/judge.h"

/* "metric,key,value;…", a line for a row. */
static SqlRows *rows_of(const char *columns, const char *text)
{
	g_auto(GStrv) names = g_strsplit(columns, ",", -1);
	g_auto(GStrv) lines = g_strsplit(text, ";", -1);
	SqlRows *rows = sql_rows_new((const char *const *)names);

	for (char **line = lines; *line && **line; line++) {
		g_auto(GStrv) cells = g_strsplit(*line, ",", -1);

		sql_rows_add(rows, (const char *const *)cells);
	}
	return rows;
}

struct judged {
	const char *columns, *before, *after, *here; /* after NULL: as before */
	const char *expect;
	enum drill_check_status status;
	const char *message;
};

static void judge(const struct judged *judged)
{
	struct plan_check check = {.name = (char *)"figures", .type = PLAN_CHECK_SQL};
	g_autoptr(SqlRows) here = rows_of(judged->columns, judged->here);
	g_autoptr(SqlRows) before = rows_of(judged->columns, judged->before);
	g_autoptr(SqlRows) after =
		rows_of(judged->columns, judged->after ? judged->after : judged->before);
	g_autoptr(DrillCheckResult) result = NULL;
	struct drill_reference reference = {.basis = judged->after ? DRILL_BASIS_BOUNDED
								   : DRILL_BASIS_EXACT,
					    .before = before,
					    .after = after};

	g_assert_true(plan_expect_parse(judged->expect, false, &check.expect, NULL));
	result = drill_check_result_new(&check, NULL, "shop");
	drill_check_judge(&check,
			  &(struct drill_observation){
				  .kind = SQL_FINGERPRINT, .rows = here, .reference = &reference},
			  result);
	g_assert_cmpstr(result->message, ==, judged->message);
	g_assert_cmpint(result->status, ==, judged->status);
	plan_expect_clear(&check.expect);
}

#define ALL "metric,key,value"

static void test_exact(void)
{
	static const struct judged cases[] = {
		{ALL, "a,1,12.50;a,2,3", NULL, "a,2,3;a,1,12.50", "anchor", DRILL_CHECK_PASS,
		 "all 2 rows are as they were"},
		{ALL, "a,1,999999999999.00", NULL, "a,1,999999999999.01", "anchor",
		 DRILL_CHECK_FAIL,
		 "1 figures differ: a 1: value is 999999999999.01, and was 999999999999.00"},
		{ALL, "a,1,0.30000000000000004", NULL, "a,1,0.3", "anchor", DRILL_CHECK_PASS,
		 "all 1 rows are as they were"},
		{ALL, "a,1,10", NULL, "a,1,12", "anchor tolerance 2", DRILL_CHECK_PASS,
		 "all 1 rows are as they were"},
		{ALL, "a,1,10", NULL, "a,1,12.5", "anchor tolerance 2", DRILL_CHECK_FAIL,
		 "1 figures differ: a 1: value is 12.5, and was 10"},
		{ALL, "a,1,10", NULL, "", "anchor", DRILL_CHECK_FAIL,
		 "1 figures differ: a 1 is not there"},
		{ALL, "", NULL, "a,1,10", "anchor", DRILL_CHECK_FAIL,
		 "1 figures differ: a 1 was not there"},
		{ALL, "a,1,10", NULL, "a,1,ten", "anchor", DRILL_CHECK_FAIL,
		 "1 figures differ: a 1: value is ten, and was 10"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		judge(&cases[i]);
}

static void test_bounded(void)
{
	static const struct judged cases[] = {
		{ALL, "a,1,10", "a,1,12", "a,1,11", "anchor", DRILL_CHECK_PASS,
		 "all 1 rows are as they were, or between before and behind"},
		{ALL, "a,1,12", "a,1,10", "a,1,12", "anchor bounded", DRILL_CHECK_PASS,
		 "all 1 rows are as they were, or between before and behind"},
		{ALL, "a,1,10", "a,1,12", "a,1,13", "anchor", DRILL_CHECK_FAIL,
		 "1 figures differ: a 1: value is 13, and was 10 before it and 12 behind it"},
		{ALL, "a,1,10", "a,1,12", "a,1,10", "anchor exact", DRILL_CHECK_UNASSESSED,
		 "the figures changed while the source took them; they bound, and are not exact"},
		{ALL, "a,1,new", "a,1,done", "a,1,done", "anchor", DRILL_CHECK_PASS,
		 "all 1 rows are as they were, or between before and behind"},
		{ALL, "a,1,new", "a,1,done", "a,1,open", "anchor", DRILL_CHECK_UNASSESSED,
		 "1 figures came, went or changed as text while the source took them, so that "
		 "nothing bounds them"},
		{ALL, "a,1,10", "a,1,10;a,2,5", "a,1,10;a,2,5", "anchor", DRILL_CHECK_UNASSESSED,
		 "1 figures came, went or changed as text while the source took them, so that "
		 "nothing bounds them"},
		{ALL, "a,1,10", "a,1,10;a,2,5", "a,1,10", "anchor", DRILL_CHECK_PASS,
		 "all 1 rows are as they were, or between before and behind"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		judge(&cases[i]);
}

/* Rows without a key of their own are no less than others. */
static void test_without_keys(void)
{
	static const struct judged cases[] = {
		{"n,total", "1,2;3,4", NULL, "1,9;3,4", "anchor", DRILL_CHECK_FAIL,
		 "1 figures differ: row 1: total is 9, and was 2"},
		{"name,total", "x,2;y,4", NULL, "y,4;x,2", "anchor", DRILL_CHECK_PASS,
		 "all 2 rows are as they were"},
		{"name,total", "x,2;x,4", NULL, "x,2;x,5", "anchor", DRILL_CHECK_FAIL,
		 "1 figures differ: x, row 2: total is 5, and was 4"},
		{"name,total", "x,2;x,4", NULL, "x,2", "anchor", DRILL_CHECK_FAIL,
		 "1 figures differ: x, row 2 is not there"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		judge(&cases[i]);
}

static void test_nothing_known(void)
{
	static const char *const reasons[] = {
		NULL, "the anchor of this moment cannot be believed: its signature is wrong"};

	for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++) {
		struct plan_check check = {.name = (char *)"figures",
					   .type = PLAN_CHECK_SQL,
					   .expect = {.kind = PLAN_EXPECT_ANCHOR}};
		g_autoptr(SqlRows) here = rows_of(ALL, "a,1,10");
		g_autoptr(DrillCheckResult) result = drill_check_result_new(&check, NULL, "shop");
		struct drill_reference reference = {.why = reasons[i]};

		drill_check_judge(&check,
				  &(struct drill_observation){.kind = SQL_FINGERPRINT,
							      .rows = here,
							      .reference = i ? &reference : NULL},
				  result);
		g_assert_cmpint(result->status, ==, DRILL_CHECK_UNASSESSED);
		g_assert_cmpstr(result->message, ==,
				i ? reasons[i]
				  : "the source left no figures of this moment to compare with");
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/judge-anchor/exact-is-exact", test_exact);
	g_test_add_func("/judge-anchor/what-changed-bounds", test_bounded);
	g_test_add_func("/judge-anchor/no-row-is-lost", test_without_keys);
	g_test_add_func("/judge-anchor/what-is-not-known-is-no-pass", test_nothing_known);
	return g_test_run();
}
