#include "base/error.h"
#include "drill/evidence/record.h"
#include "record_sample.h"

#include <string.h>

static char *altered(const char *from, const char *to)
{
	g_auto(GStrv) parts = g_strsplit(record_sample, from, 2);

	g_assert_cmpuint(g_strv_length(parts), ==, 2);
	return g_strjoinv(to, parts);
}

static Record *parse(const char *text)
{
	Record *record = NULL;
	g_autoptr(GError) error = NULL;

	record_parse(text, strlen(text), &record, &error);
	g_assert_no_error(error);
	return record;
}

static void is_read(void)
{
	g_autoptr(Record) record = parse(record_sample);
	g_autoptr(GError) error = NULL;

	g_assert_cmpstr(record->run, ==, SAMPLE_RUN);
	g_assert_cmpstr(record->service, ==, "erp-prod");
	g_assert_cmpstr(record->plan_hash, ==, SAMPLE_HASH);
	g_assert_null(record->previous);
	record_check_outcome(record, &error);
	g_assert_no_error(error);
}

static void what_is_not_known_is_left_alone(void)
{
	g_autofree char *text = altered("\"format\":\"1.0\"", "\"format\":\"1.7\",\"more\":[1.5]");
	g_autoptr(Record) record = parse(text);

	g_assert_nonnull(record);
}

static void wrong_members_are_named(void)
{
	static const struct {
		const char *from, *to, *message;
		enum odr_error code;
	} cases[] = {
		{"\"1.0\"", "\"2.0\"", "the record is of format 2.0, this program reads 1.x",
		 ODR_ERROR_REFUSED},
		{"\"outcome\":\"pass\"", "\"outcome\":\"fine\"",
		 "member 'outcome' of the record is not what it may be", ODR_ERROR_CORRUPT},
		{"\"scenario\":null,", "", "member 'scenario' of the record is missing",
		 ODR_ERROR_CORRUPT},
		{"\"slot\":\"2026-W47\"", "\"slot\":47",
		 "member 'run.slot' of the record is not what it may be", ODR_ERROR_CORRUPT},
		{"\"id\":\"2", "\"id\":\"x", "member 'run.id' of the record is not what it may be",
		 ODR_ERROR_CORRUPT},
		{"\"bytes\":7", "\"bytes\":7.5",
		 "member 'spans[].bytes' of the record is not what it may be", ODR_ERROR_CORRUPT},
		{"\"phase\":\"fetch\"", "\"phase\":\"guess\"",
		 "member 'spans[].phase' of the record is not what it may be", ODR_ERROR_CORRUPT},
		{"\"sha256\":\"bb", "\"sha256\":\"BB",
		 "member 'plan.files[].sha256' of the record is not what it may be",
		 ODR_ERROR_CORRUPT},
		{"\"start\":\"2026-11-21T23:05:02Z\"", "\"start\":\"yesterday\"",
		 "member 'spans[].start' of the record is not what it may be", ODR_ERROR_CORRUPT},
		{"\"failure\":null",
		 "\"failure\":{\"state\":\"x\",\"exit_status\":1,\"meaning\":\"pass\",\"message\":\"m\"}",
		 "member 'failure.meaning' of the record is not what it may be", ODR_ERROR_CORRUPT},
		{"\"checks\":[{", "\"checks\":[7,{", NULL, 0},
		{"\"gate\":true", "\"gate\":1",
		 "member 'checks[].gate' of the record is not what it may be", ODR_ERROR_CORRUPT},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = altered(cases[i].from, cases[i].to);
		g_autoptr(Record) record = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_false(record_parse(text, strlen(text), &record, &error));
		if (cases[i].message) {
			g_assert_error(error, ODR_ERROR, (int)cases[i].code);
			g_assert_cmpstr(error->message, ==, cases[i].message);
		}
	}
}

static void outcome_follows_from_the_rest(void)
{
#define FAILURE(meaning, status)                                                          \
 "\"failure\":{\"state\":\"replaying\",\"exit_status\":" status ",\"meaning\":\"" meaning \
 "\",\"message\":\"m\"}"
	static const struct {
		const char *from, *to, *outcome;
	} cases[] = {
		{"\"failure\":null", FAILURE("fail-restore", "13"), "fail-restore"},
		{"\"failure\":null", FAILURE("fail-restore", "143"), "aborted"},
		{"\"failure\":null", FAILURE("fail-restore", "6"), "refused"},
		{"\"failure\":null", FAILURE("fail-restore", "14"), "error"},
		{"\"failure\":null", FAILURE("error", "1"), "error"},
		{"\"severity\":\"fail\",\"status\":\"pass\"",
		 "\"severity\":\"fail\",\"status\":\"fail\"", "fail-check"},
		{"\"severity\":\"fail\",\"status\":\"pass\"",
		 "\"severity\":\"fail\",\"status\":\"not-assessed\"", "incomplete"},
		{"\"severity\":\"fail\",\"status\":\"pass\"",
		 "\"severity\":\"warn\",\"status\":\"fail\"", "pass-with-warnings"},
		{"\"severity\":\"fail\",\"status\":\"pass\"",
		 "\"severity\":\"info\",\"status\":\"fail\"", "pass"},
		{"\"gate\":true,\"severity\":\"fail\",\"status\":\"pass\"",
		 "\"gate\":false,\"severity\":\"fail\",\"status\":\"not-assessed\"",
		 "pass-with-warnings"},
		{"\"status\":\"pass\",\"message\"",
		 "\"status\":\"pass\",\"warned\":true,\"message\"", "pass-with-warnings"},
		{"\"lost-item\",\"status\":\"pass\"", "\"lost-item\",\"status\":\"fail\"",
		 "fail-check"},
		{"\"gate\":true,\"severity\":\"fail\",\"status\":\"pass\"",
		 "\"gate\":true,\"severity\":\"warn\",\"status\":\"not-assessed\"", "incomplete"},
		{SAMPLE_MET, SAMPLE_MISSED, "fail-objective"},
		{SAMPLE_MET,
		 "\"objective_us\":null,\"measured_us\":1000000,\"state\":\"not-assessed\"",
		 "pass"},
		{"\"deviations\":[]", "\"deviations\":[\"it was so\"]", "pass-with-warnings"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = altered(cases[i].from, cases[i].to);
		g_autoptr(Record) record = parse(text);
		const char *outcome =
			drill_outcome_name(drill_outcome_worst(record_outcomes(record)));
		bool passes = strcmp(outcome, "pass") == 0;

		g_assert_cmpstr(outcome, ==, cases[i].outcome);
		g_assert_cmpint(record_check_outcome(record, NULL), ==, passes);
	}
}

static void all_that_apply_are_said(void)
{
	g_autofree char *first = altered(SAMPLE_MET, SAMPLE_MISSED);
	g_auto(GStrv) parts = g_strsplit(first, "\"failure\":null", 2);
	g_autofree char *text = g_strjoinv(FAILURE("error", "1"), parts);
	g_autoptr(Record) record = parse(text);
	g_autoptr(GError) error = NULL;

	g_assert_false(record_check_outcome(record, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	g_assert_cmpstr(error->message, ==,
			"the record says pass (pass), what stands in it comes to: fail-objective "
			"error");
}

/* What is promised, measured and said of it stands in several places: they agree. */
static void figures_are_those_that_were_measured(void)
{
	static const struct {
		const char *from, *to, *message;
	} cases[] = {
		{SAMPLE_MET, "\"objective_us\":999999,\"measured_us\":1000000,\"state\":\"met\"",
		 "the objective 'rto' of service is called met, and by its figures is missed"},
		{SAMPLE_MET, "\"objective_us\":999999,\"measured_us\":1000000,\"state\":\"exempt\"",
		 "the objective 'rto' of service is called exempt, and by its figures is missed"},
		{SAMPLE_MET, "\"objective_us\":7200000000,\"measured_us\":1,\"state\":\"met\"",
		 "the objective 'rto' of service has another figure than what was measured"},
		{"\"assumptions\":[]", "\"assumptions\":[{\"name\":\"a\",\"duration_us\":7}]",
		 "rta_with_assumptions_us is not the sum of rta_service_ready_us and the "
		 "assumptions"},
		{"\"assumptions\":[]",
		 "\"assumptions\":[{\"name\":\"a\",\"duration_us\":9223372036854775807}]",
		 "its assumptions are too long"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = altered(cases[i].from, cases[i].to);
		g_autoptr(Record) record = parse(text);
		g_autoptr(GError) error = NULL;

		g_assert_false(record_check_outcome(record, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
		g_assert_cmpstr(error->message, ==, cases[i].message);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/record/is-read", is_read);
	g_test_add_func("/record/what-is-not-known-is-left-alone", what_is_not_known_is_left_alone);
	g_test_add_func("/record/wrong-members-are-named", wrong_members_are_named);
	g_test_add_func("/record/outcome-follows-from-the-rest", outcome_follows_from_the_rest);
	g_test_add_func("/record/figures-are-those-that-were-measured",
			figures_are_those_that_were_measured);
	g_test_add_func("/record/all-that-apply-are-said", all_that_apply_are_said);
	return g_test_run();
}
