#include "drill/measure/outcome.h"

#include "base/error.h"
#include "base/stop.h"

#include <signal.h>

#define BIT(outcome) (1U << OUTCOME_##outcome)

static GError *error_of(enum odr_error code)
{
	GError *error = NULL;

	odr_fail(&error, code, "for a reason");
	return error;
}

static void from_facts(void)
{
	static const struct {
		struct drill_facts facts;
		unsigned expected;
		enum drill_outcome worst;
		int exit_status, strict;
	} rows[] = {
		{{0}, BIT(PASS), OUTCOME_PASS, 0, 0},
		{{.warnings = 2}, BIT(WARNINGS), OUTCOME_WARNINGS, 0, 3},
		{{.gates_unassessed = 1, .warnings = 1}, BIT(INCOMPLETE), OUTCOME_INCOMPLETE, 3, 3},
		{{.objectives_missed = 1, .gates_unassessed = 1},
		 BIT(FAIL_OBJECTIVE),
		 OUTCOME_FAIL_OBJECTIVE,
		 5,
		 5},
		{{.checks_failed = 1, .objectives_missed = 1},
		 BIT(FAIL_CHECK) | BIT(FAIL_OBJECTIVE),
		 OUTCOME_FAIL_CHECK,
		 4,
		 4},
		{{.controls_passed = 1}, BIT(FAIL_CHECK), OUTCOME_FAIL_CHECK, 4, 4},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		unsigned found = drill_outcomes(&rows[i].facts);

		g_assert_cmpuint(found, ==, rows[i].expected);
		g_assert_cmpint(drill_outcome_worst(found), ==, rows[i].worst);
		g_assert_cmpint(drill_exit_status(rows[i].worst, NULL, false), ==,
				rows[i].exit_status);
		g_assert_cmpint(drill_exit_status(rows[i].worst, NULL, true), ==, rows[i].strict);
	}
}

static void from_what_ended_it(void)
{
	static const struct {
		enum odr_error code;
		enum drill_outcome failing, expected;
		int exit_status;
	} rows[] = {
		{ODR_ERROR_FAILED, OUTCOME_FAIL_RESTORE, OUTCOME_FAIL_RESTORE, 4},
		{ODR_ERROR_NOT_FOUND, OUTCOME_FAIL_RESTORE, OUTCOME_FAIL_RESTORE, 7},
		{ODR_ERROR_AUTH, OUTCOME_FAIL_RESTORE, OUTCOME_FAIL_RESTORE, 12},
		{ODR_ERROR_CORRUPT, OUTCOME_FAIL_RESTORE, OUTCOME_FAIL_RESTORE, 13},
		{ODR_ERROR_REFUSED, OUTCOME_FAIL_RESTORE, OUTCOME_REFUSED, 6},
		{ODR_ERROR_NO_SPACE, OUTCOME_FAIL_RESTORE, OUTCOME_ERROR, 14},
		{ODR_ERROR_BUSY, OUTCOME_ERROR, OUTCOME_ERROR, 11},
		{ODR_ERROR_SYSTEM, OUTCOME_ERROR, OUTCOME_ERROR, 1},
		{ODR_ERROR_FAILED, OUTCOME_ERROR, OUTCOME_ERROR, 1},
		{ODR_ERROR_TRANSIENT, OUTCOME_ERROR, OUTCOME_ERROR, 75},
		{ODR_ERROR_STOPPED, OUTCOME_FAIL_RESTORE, OUTCOME_ABORTED, 143},
	};

	stop_request(SIGTERM);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) failure = error_of(rows[i].code);
		unsigned found = drill_outcomes(
			&(struct drill_facts){.failure = failure, .failing = rows[i].failing});

		g_assert_cmpuint(found, ==, 1U << rows[i].expected);
		g_assert_cmpint(drill_exit_status(rows[i].expected, failure, false), ==,
				rows[i].exit_status);
	}
}

static void a_record_says_all(void)
{
	g_autoptr(GError) failure = error_of(ODR_ERROR_FAILED);
	unsigned found = drill_outcomes(&(struct drill_facts){.failure = failure,
							      .failing = OUTCOME_FAIL_RESTORE,
							      .checks_failed = 3,
							      .warnings = 1});

	g_assert_cmpuint(found, ==, BIT(FAIL_RESTORE) | BIT(FAIL_CHECK));
}

static void names(void)
{
	enum drill_outcome outcome;

	for (int i = 0; i < OUTCOMES; i++) {
		g_assert_true(
			drill_outcome_parse(drill_outcome_name((enum drill_outcome)i), &outcome));
		g_assert_cmpint(outcome, ==, i);
	}
	g_assert_false(drill_outcome_parse("passed", &outcome));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/outcome/from-facts", from_facts);
	g_test_add_func("/outcome/from-what-ended-it", from_what_ended_it);
	g_test_add_func("/outcome/a-record-says-all", a_record_says_all);
	g_test_add_func("/outcome/names", names);
	return g_test_run();
}
