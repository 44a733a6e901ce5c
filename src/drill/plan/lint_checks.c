/* Whether every check and control of a plan can be carried out, and can fail. */
#include "base/error.h"
#include "drill/measure/span.h"
#include "drill/plan/check_type.h"
#include "drill/plan/lint.h"
#include "pg/heartbeat.h"

#include <math.h>
#include <string.h>

static bool lint_stage(const struct plan_reading *reading, const char *group,
		       const struct plan_check *check, GError **error)
{
	const struct plan_check_class *class = plan_check_class(check->type);

	if (!(class->stages & (1U << check->stage)))
		return plan_fail(reading, group, "stage", error,
				 "a check of type %s does not run at stage %s", class->name,
				 plan_stage_name(check->stage));
	if (class->always && !check->gate)
		return plan_fail(reading, group, "gate", error,
				 "type %s is a gate in every plan; leave gate=false out",
				 class->name);
	if (class->always && check->severity != PLAN_SEVERITY_FAIL)
		return plan_fail(reading, group, "severity", error,
				 "type %s is a gate in every plan; leave severity out",
				 class->name);
	if (check->gate && !class->may_gate)
		return plan_fail(reading, group, "gate", error, "type %s is never a gate",
				 class->name);
	if (check->gate && check->severity == PLAN_SEVERITY_INFO)
		return plan_fail(
			reading, group, "gate", error,
			"what is only information is no gate; drop gate= or severity=info");
	if (check->stage == PLAN_STAGE_APP && !plan_starts_odoo(reading->plan))
		return plan_fail(
			reading, group, "stage", error,
			"this check asks Odoo, which the plan does not start; add [odoo] with "
			"command=");
	return true;
}

static bool needs(const struct plan_reading *reading, const char *group, const char *key, bool has,
		  GError **error)
{
	return has || plan_fail(reading, group, "type", error, "[%s] needs %s=", group, key);
}

static bool is_number(const char *text)
{
	char *end;
	double value = g_ascii_strtod(text, &end);

	return *text && !*end && isfinite(value) && value >= 0 &&
	       strspn(text, "0123456789.") == strlen(text);
}

/* Of what the kind of the file says that is seen once it is read. */
static bool compares_numbers(enum plan_expect_kind expect)
{
	return expect == PLAN_EXPECT_KIND || expect == PLAN_EXPECT_ANCHOR ||
	       expect == PLAN_EXPECT_EQUAL ||
	       (expect >= PLAN_EXPECT_EQ && expect <= PLAN_EXPECT_BETWEEN);
}

static bool lint_sql(const struct plan_reading *reading, const char *group,
		     const struct plan_check *check, GError **error)
{
	bool file = check->expect.kind == PLAN_EXPECT_FILE;

	if (!needs(reading, group, "sql", check->sql != NULL, error))
		return false;
	if (check->tolerance && !is_number(check->tolerance))
		return plan_fail(reading, group, "tolerance", error,
				 "tolerance is a number from 0 on, not '%s'", check->tolerance);
	if (check->tolerance && !compares_numbers(check->expect.kind))
		return plan_fail(reading, group, "tolerance", error,
				 "expect=%s compares no numbers; leave tolerance out",
				 check->expect_text);
	if (file && !check->file)
		return plan_fail(reading, group, "expect", error,
				 "expect=file needs file=: the rows that are expected");
	if (!file && check->file)
		return plan_fail(reading, group, "file", error,
				 "file is for expect=file; leave it out");
	if (check->ordered && !file && check->expect.kind != PLAN_EXPECT_HASH)
		return plan_fail(reading, group, "ordered", error,
				 "ordered is for expect=file and expect=hash; leave it out");
	return true;
}

/* What is fetched is written at once, and nothing is looked at behind the teardown. */
static bool is_figure(enum drill_phase phase)
{
	return drill_phase_name(phase) && phase != PHASE_FETCH && phase != PHASE_TEARDOWN;
}

static bool lint_figure(const struct plan_reading *reading, const char *group,
			const struct plan_check *check, GError **error)
{
	const char *known[PLAN_STAGES + 2 * PHASE_LAST] = {"restore-only", "db-ready", "wall",
							   "service-ready"};
	struct plan_naming naming = {group, "figure", "figure", known};
	size_t count = 4;

	for (int phase = 0; phase <= PHASE_LAST; phase++)
		if (is_figure((enum drill_phase)phase))
			known[count++] = drill_phase_name((enum drill_phase)phase);
	return plan_lint_known(reading, &naming, check->figure, error);
}

static bool lint_type(const struct plan_reading *reading, const char *group,
		      const struct plan_check *check, GError **error)
{
	struct plan_naming collectors = {group, "require", "collector",
					 reading->defaults.collectors};

	switch (check->type) {
	case PLAN_CHECK_SQL:
		return lint_sql(reading, group, check, error);
	case PLAN_CHECK_COMPARE:
		return lint_sql(reading, group, check, error) &&
		       needs(reading, group, "source", check->source != NULL, error);
	case PLAN_CHECK_TREND:
		if ((check->sql != NULL) == (check->figure != NULL))
			return plan_fail(reading, group, "type", error,
					 "[%s] needs sql= or figure=, and not both", group);
		return !check->figure || lint_figure(reading, group, check, error);
	case PLAN_CHECK_HTTP:
		if ((check->scenario != NULL) == (check->steps->len > 0))
			return plan_fail(reading, group, "type", error,
					 "[%s] needs step-1= or scenario=, and not both", group);
		return true;
	case PLAN_CHECK_COMMAND:
		return needs(reading, group, "command", check->command[0] != NULL, error);
	case PLAN_CHECK_LOG:
		return needs(reading, group, "forbid", check->forbid[0] != NULL, error);
	case PLAN_CHECK_SPAN:
		return needs(reading, group, "figure", check->figure != NULL, error) &&
		       needs(reading, group, "at-most", check->at_most > 0, error) &&
		       lint_figure(reading, group, check, error);
	case PLAN_CHECK_CONFIG:
		return plan_lint_all_known(reading, &collectors, check->require, error);
	case PLAN_CHECK_FILESTORE:
		return !check->sample_max || check->sample_max >= check->sample_min ||
		       plan_fail(reading, group, "sample-max", error,
				 "sample-max is below sample-min");
	default:
		return true;
	}
}

/* Of a type that runs in every plan there is one. */
static bool lint_once(const struct plan_reading *reading, const char *group,
		      const struct plan_check *check, GError **error)
{
	const GPtrArray *checks = reading->plan->checks;

	for (guint i = 0; i < checks->len && checks->pdata[i] != check; i++) {
		const struct plan_check *other = checks->pdata[i];

		if (other->type == check->type && plan_check_class(check->type)->always)
			return plan_fail(
				reading, group, "type", error,
				"[check %s] is of type %s already, in line %u; join the two",
				other->name, plan_check_class(check->type)->name, other->line);
	}
	return true;
}

/* Those of the configuration that list it, where the plan says nothing. */
static void find_processes(const struct plan_reading *reading, struct plan_check *check)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new();
	const struct plan_process *process = reading->defaults.processes;

	if (check->process[0])
		return;
	for (; process && process->name; process++)
		if (process->checks && g_strv_contains(process->checks, check->name))
			g_ptr_array_add(found, g_strdup(process->name));
	g_ptr_array_add(found, NULL);
	g_strfreev(check->process);
	check->process = (char **)g_ptr_array_free(g_steal_pointer(&found), false);
}

/* What is not recovered cannot be looked at. */
static bool lint_database(const struct plan_reading *reading, const char *group,
			  const struct plan_check *check, GError **error)
{
	const char *only = reading->plan->select.database;

	if (!only)
		return true;
	if (check->database && strcmp(check->database, only) != 0)
		return plan_fail(
			reading, group, "database", error,
			"database: '%s' is not recovered, only '%s' is, which is database= of "
			"[select]",
			check->database, only);
	return check->line == 0 || check->type != PLAN_CHECK_HEARTBEAT ||
	       strcmp(only, HEARTBEAT_DATABASE) == 0 ||
	       plan_fail(reading, group, "type", error,
			 "the heartbeat is in database '%s', and only '%s' is recovered, which is "
			 "database= of [select]; leave the check out",
			 HEARTBEAT_DATABASE, only);
}

bool plan_lint_checks(const struct plan_reading *reading, GError **error)
{
	const GPtrArray *checks = reading->plan->checks;

	for (guint i = 0; i < checks->len; i++) {
		struct plan_check *check = checks->pdata[i];
		g_autofree char *group = g_strconcat("check ", check->name, NULL);

		if (!lint_stage(reading, group, check, error) ||
		    !lint_database(reading, group, check, error) ||
		    !lint_type(reading, group, check, error) ||
		    !lint_once(reading, group, check, error))
			return false;
		find_processes(reading, check);
	}
	return true;
}

static bool lint_control(const struct plan_reading *reading, struct plan_control *control,
			 GError **error)
{
	g_autofree char *group = g_strconcat("control ", control->name, NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const GPtrArray *checks = reading->plan->checks;

	control->of = drill_plan_check(reading->plan, control->check);
	for (guint i = 0; i < checks->len; i++) {
		const struct plan_check *check = checks->pdata[i];

		if (check->type == PLAN_CHECK_SQL)
			g_ptr_array_add(names, check->name);
	}
	g_ptr_array_add(names, NULL);
	if (!control->of) {
		struct plan_naming naming = {group, "check", "check",
					     (const char *const *)names->pdata};

		return plan_lint_known(reading, &naming, control->check, error);
	}
	return control->of->type == PLAN_CHECK_SQL ||
	       plan_fail(reading, group, "check", error,
			 "a control plants damage for a check of type sql, and '%s' is of type %s",
			 control->check, plan_check_class(control->of->type)->name);
}

#define REFUSED_LOGIN "builtin/odoo-login-refused.scenario"

/* Checks that cannot fail prove nothing. */
static bool lint_negative(const struct plan_reading *reading, GError **error)
{
	const DrillPlan *plan = reading->plan;
	bool refused = false;

	for (guint i = 0; i < plan->checks->len; i++) {
		const struct plan_check *check = plan->checks->pdata[i];

		refused =
			refused || (check->scenario && strcmp(check->scenario, REFUSED_LOGIN) == 0);
	}
	if (!plan_starts_odoo(plan))
		return true;
	if (!refused)
		return plan_fail(
			reading, "odoo", "", error,
			"a plan that starts Odoo proves that a wrong password is refused; add "
			"a check with type=http and scenario=builtin:odoo-login-refused");
	return plan->controls->len > 0 ||
	       plan_fail(
		       reading, "odoo", "", error,
		       "a plan that starts Odoo proves that damage is found; add a [control NAME]");
}

bool plan_lint_controls(const struct plan_reading *reading, GError **error)
{
	for (guint i = 0; i < reading->plan->controls->len; i++)
		if (!lint_control(reading, reading->plan->controls->pdata[i], error))
			return false;
	return lint_negative(reading, error);
}
