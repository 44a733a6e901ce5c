#include "drill/check/judge.h"

#include <string.h>

static DrillCheckResult *judge(struct plan_check *check, const char *expect, const char *value)
{
	SqlRows *rows = sql_rows_new((const char *const[]){"value", NULL});
	DrillCheckResult *result;

	sql_rows_add(rows, (const char *const[]){value, NULL});
	check->expect_text = (char *)expect;
	g_assert_true(plan_expect_parse(expect, false, &check->expect, NULL));
	result = drill_check_result_new(check, NULL, "shop");
	drill_check_judge(check, &(struct drill_observation){.kind = SQL_PLAIN, .rows = rows},
			  result);
	sql_rows_free(rows);
	plan_expect_clear(&check->expect);
	return result;
}

/* An amount is another one, however large it is. */
static void test_numbers(void)
{
	static const struct {
		const char *expect, *tolerance, *value;
		bool holds;
	} cases[] = {
		{"eq 12345678905.00", NULL, "12345678901.00", false},
		{"ne 12345678905.00", NULL, "12345678901.00", true},
		{"le 12345678901.00", NULL, "12345678905.00", false},
		{"ge 12345678905.00", NULL, "12345678901.00", false},
		{"eq 9007199254740993", NULL, "9007199254740992", false},
		{"eq 9007199254740993", NULL, "9007199254740993", true},
		{"eq 1.50", NULL, "1.5", true},
		{"eq 1e3", NULL, "1000", true},
		{"eq 0.3", NULL, "0.30000000000000004", true},
		{"eq 0.30", "0.01", "0.29", true},
		{"eq 0.30", "0.01", "0.28", false},
		{"eq 100", "5", "95", true},
		{"lt 100", NULL, "100", false},
		{"le 100", NULL, "100", true},
		{"between 1 5", NULL, "5", true},
		{"between 1 5", NULL, "NaN", false},
		{"between 1 5", "1", "6", true},
		{"gt 1", NULL, "Infinity", false},
		{"gt 1", NULL, "1,000", false},
		{"gt 1", NULL, NULL, false},
		{"eq posted", NULL, "posted", true},
		{"in draft;posted", NULL, "posted", true},
		{"in draft;posted", NULL, "post", false},
		{"match ^[0-9]+$", NULL, "12", true},
		{"match ^(a+)+$", NULL, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", false},
		{"match ^a", NULL, "a\xff", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct plan_check check = {.name = (char *)"figure",
					   .type = PLAN_CHECK_SQL,
					   .tolerance = (char *)cases[i].tolerance};
		g_autoptr(DrillCheckResult) result = judge(&check, cases[i].expect, cases[i].value);

		g_test_message("%s %s", cases[i].value, cases[i].expect);
		g_assert_cmpint(result->status, ==,
				cases[i].holds ? DRILL_CHECK_PASS : DRILL_CHECK_FAIL);
	}
}

/* What a database holds has no end, and need not be text. */
static void test_long_values(void)
{
	g_autofree char *endless = g_strnfill(1 << 20, 'x');

	for (int redacted = 0; redacted < 2; redacted++) {
		struct plan_check check = {
			.name = (char *)"figure", .type = PLAN_CHECK_SQL, .redact = redacted};
		g_autoptr(DrillCheckResult) result = judge(&check, "eq 1", endless);
		json_t *object = drill_check_result_json(result, NULL);
		g_autofree char *text = json_print(object);

		g_assert_cmpuint(strlen(text), <, 16 << 10);
		g_assert_true(redacted == json_is_null(json_object_get(object, "value")));
		json_decref(object);
	}
}

static void test_no_text(void)
{
	struct plan_check check = {.name = (char *)"figure", .type = PLAN_CHECK_SQL};
	g_autoptr(DrillCheckResult) result = judge(&check, "eq 1", "a\xff\xfe");
	json_t *object = drill_check_result_json(result, NULL);

	g_assert_cmpstr(json_string_value(json_object_get(object, "value")), ==,
			"a\357\277\275\357\277\275");
	g_assert_cmpstr(json_string_value(json_object_get(object, "message")), ==,
			"the value is a\357\277\275\357\277\275, and eq 1 was expected");
	json_decref(object);
}

static void test_counts(void)
{
	static const struct {
		enum plan_severity severity;
		unsigned gates, warnings;
	} cases[] = {{PLAN_SEVERITY_FAIL, 1, 0}, {PLAN_SEVERITY_WARN, 1, 0}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct plan_check check = {
			.name = (char *)"gate", .gate = true, .severity = (int)cases[i].severity};
		g_autoptr(DrillCheckResult) result = drill_check_result_new(&check, NULL, NULL);
		g_autoptr(GPtrArray) results = g_ptr_array_new();
		struct drill_check_counts counts;

		g_ptr_array_add(results, result);
		counts = drill_check_count(results);
		g_assert_cmpuint(counts.gates_unassessed, ==, cases[i].gates);
		g_assert_cmpuint(counts.warnings, ==, cases[i].warnings);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/judge-value/numbers-are-exact", test_numbers);
	g_test_add_func("/judge-value/a-record-stays-readable", test_long_values);
	g_test_add_func("/judge-value/what-is-no-text-is-told-as-one", test_no_text);
	g_test_add_func("/judge-value/a-gate-that-could-not-be-assessed-counts", test_counts);
	return g_test_run();
}
