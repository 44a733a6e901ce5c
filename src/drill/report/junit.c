/*
 * A drill as JUnit XML. Most readers of that format know a testsuite with counts and a testcase with classname, name and
 * time, and in it failure, error or skipped, each with a message: nothing else is used.
 */
#include "drill/report/escape.h"
#include "drill/report/report.h"

enum verdict { VERDICT_PASS, VERDICT_FAILURE, VERDICT_ERROR, VERDICT_SKIPPED, VERDICTS };
static const char *const elements[] = {NULL, "failure", "error", "skipped"};

struct suite {
	GString *cases;
	const char *name; /* of the plan */
	unsigned tests, counts[VERDICTS];
	double seconds;
};

static void add_attribute(GString *out, const char *name, const char *value)
{
	g_string_append_printf(out, " %s=\"", name);
	escape_xml(out, value);
	g_string_append_c(out, '"');
}

struct testcase {
	const char *group, *name; /* "phase", "replay" */
	usec_t duration;	  /* negative: unknown */
	enum verdict verdict;
	const char *message;
};

static void add_case(struct suite *suite, const struct testcase *testcase)
{
	GString *out = suite->cases;
	g_autofree char *class = g_strdup_printf("%s.%s", suite->name, testcase->group);

	suite->tests++;
	suite->counts[testcase->verdict]++;
	g_string_append(out, "  <testcase");
	add_attribute(out, "classname", class);
	add_attribute(out, "name", testcase->name ? testcase->name : "?");
	g_string_append_printf(out, " time=\"%.6f\"",
			       (double)MAX(testcase->duration, 0) / (double)USEC_PER_SEC);
	if (testcase->verdict == VERDICT_PASS) {
		g_string_append(out, "/>\n");
		return;
	}
	g_string_append_printf(out, ">\n    <%s", elements[testcase->verdict]);
	add_attribute(out, "message",
		      testcase->message ? testcase->message : "no reason is recorded");
	g_string_append(out, "/>\n  </testcase>\n");
}

static void add_phases(struct suite *suite, const json_t *record)
{
	const json_t *spans = reading_at(record, "spans");

	for (size_t i = 0; i < json_array_size(spans); i++) {
		const json_t *span = json_array_get(spans, i);
		const char *part = reading_text(span, "component");
		const char *phase = reading_text(span, "phase");
		const char *outcome = reading_text(span, "outcome");
		g_autofree char *name = g_strdup_printf("%zu %s%s%s", i + 1, phase ? phase : "?",
							part ? " " : "", part ? part : "");

		add_case(suite, &(struct testcase){.group = "phase",
						   .name = name,
						   .duration = reading_int(span, "mono_us"),
						   .verdict = g_strcmp0(outcome, "done") == 0
								      ? VERDICT_PASS
								      : VERDICT_FAILURE,
						   .message = outcome});
		suite->seconds += (double)reading_int(span, "mono_us") / (double)USEC_PER_SEC;
	}
}

static enum verdict check_verdict(const json_t *check)
{
	const char *status = reading_text(check, "status");

	if (g_strcmp0(status, "pass") == 0)
		return VERDICT_PASS;
	if (g_strcmp0(status, "fail") == 0)
		return g_strcmp0(reading_text(check, "severity"), "fail") == 0 ? VERDICT_FAILURE
									       : VERDICT_SKIPPED;
	/* A gate that could not be assessed must not look green. */
	return reading_flag(check, "gate") ? VERDICT_ERROR : VERDICT_SKIPPED;
}

static void add_checks(struct suite *suite, const json_t *record)
{
	const json_t *checks = reading_at(record, "checks");

	for (size_t i = 0; i < json_array_size(checks); i++) {
		const json_t *check = json_array_get(checks, i);
		g_autofree char *processes = reading_list(check, "process");
		g_autofree char *group = g_strdup_printf("check%s%s", processes ? "." : "",
							 processes ? processes : "");

		add_case(suite, &(struct testcase){.group = group,
						   .name = reading_text(check, "name"),
						   .duration = reading_int(check, "duration_us"),
						   .verdict = check_verdict(check),
						   .message = reading_text(check, "message")});
	}
}

static void add_controls(struct suite *suite, const json_t *record)
{
	const json_t *controls = reading_at(record, "controls");

	for (size_t i = 0; i < json_array_size(controls); i++) {
		const json_t *control = json_array_get(controls, i);
		const char *status = reading_text(control, "status");
		bool failed = g_strcmp0(status, "fail") == 0;

		add_case(suite,
			 &(struct testcase){.group = "control",
					    .name = reading_text(control, "name"),
					    .verdict = failed ? VERDICT_FAILURE
						       : g_strcmp0(status, "pass") == 0
							       ? VERDICT_PASS
							       : VERDICT_SKIPPED,
					    .message = failed ? "the planted damage was not found"
							      : reading_text(control, "message")});
	}
}

/* What the drill came to, so that a suite is never green by having no cases. */
static void add_outcome(struct suite *suite, const Reading *reading)
{
	const char *outcome = reading_text(reading->record, "outcome");
	const struct outcome_look *look = outcome_look(outcome);

	add_case(suite, &(struct testcase){.group = "drill",
					   .name = "outcome",
					   .verdict = look->tone == TONE_GOOD  ? VERDICT_PASS
						      : look->tone == TONE_BAD ? VERDICT_FAILURE
									       : VERDICT_ERROR,
					   .message = look->words});
}

char *report_drill_junit(const Reading *reading)
{
	const json_t *record = reading->record;
	const char *plan = reading_text(record, "plan.name");
	const char *run = reading_text(record, "run.id");
	const char *target = reading_text(record, "draw.target");
	g_autoptr(GString) cases = g_string_new(NULL);
	struct suite suite = {.cases = cases, .name = plan ? plan : "drill"};
	g_autofree char *name =
		g_strdup_printf("%s, run %s, target %s", suite.name, run, target ? target : "–");
	g_autofree char *time = clock_format(reading->time - reading->time % USEC_PER_SEC);
	GString *out = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n ");

	add_phases(&suite, record);
	add_checks(&suite, record);
	add_controls(&suite, record);
	add_outcome(&suite, reading);
	/* The zone is left out: the format knows none. */
	g_strdelimit(time, "Z", '\0');
	g_string_append(out, "<testsuite");
	add_attribute(out, "name", name);
	g_string_append_printf(out,
			       " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" "
			       "time=\"%.6f\"",
			       suite.tests, suite.counts[VERDICT_FAILURE],
			       suite.counts[VERDICT_ERROR], suite.counts[VERDICT_SKIPPED],
			       suite.seconds);
	add_attribute(out, "timestamp", time);
	g_string_append_printf(out, ">\n%s </testsuite>\n</testsuites>\n", cases->str);
	return g_string_free(out, FALSE);
}
