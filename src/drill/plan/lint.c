/* Whether a plan can be carried out as it says, and is no less than the configuration asks for. */
#include "base/error.h"
#include "base/suggest.h"
#include "drill/check/check.h"
#include "drill/engine/span.h"
#include "drill/plan/reading.h"

#include <math.h>
#include <string.h>

static bool is_written(const struct plan_reading *reading, const char *group, const char *key)
{
	return g_key_file_has_key(reading->keyfile->values, group, key, NULL);
}

static bool has_group(const struct plan_reading *reading, const char *group)
{
	return keyfile_group(reading->keyfile, group) != NULL;
}

static bool lint_name(const struct plan_reading *reading, GError **error)
{
	const DrillPlan *plan = reading->plan;
	g_autofree char *file = g_path_get_basename(plan->path);
	g_autofree char *right = g_strconcat(plan->name, PLAN_SUFFIX, NULL);

	if (!keyfile_name_valid(plan->name))
		return plan_fail(
			reading, "plan", "name", error,
			"'%s' is no name; names are 1 to %d of A-Z, a-z, 0-9, '.', '_' and "
			"'-', and begin with a letter or digit",
			plan->name, KEYFILE_NAME_MAX);
	if (!keyfile_name_valid(plan->service))
		return plan_fail(reading, "plan", "service", error, "'%s' is no name of a service",
				 plan->service);
	return strcmp(file, right) == 0 ||
	       plan_fail(reading, "plan", "name", error,
			 "name is '%s', but the file is '%s'; make them the same", plan->name,
			 file);
}

/* ---- what goes together -------------------------------------------------------------------------- */

static bool lint_verify(const struct plan_reading *reading, GError **error)
{
	static const char *const useless[] = {"sandbox",  "isolation",	"postgresql", "requeue",
					      "extended", "neutralize", "odoo"};

	for (size_t i = 0; i < G_N_ELEMENTS(useless); i++)
		if (has_group(reading, useless[i]))
			return plan_fail(
				reading, useless[i], "", error,
				"kind=verify starts no server, and has no [%s]; leave it out",
				useless[i]);
	for (guint i = 0; i < reading->keyfile->groups->len; i++) {
		const struct keyfile_group *group = reading->keyfile->groups->pdata[i];

		if (strchr(group->name, ' '))
			return keyfile_fail(
				reading->keyfile, group->line, error,
				"kind=verify starts no server, and has no [%s]; leave it "
				"out",
				group->name);
	}
	return true;
}

static bool lint_select(const struct plan_reading *reading, GError **error)
{
	static const char *const drawing[] = {"mix", "window", "nonce-file"};
	const struct plan_select *select = &reading->plan->select;
	bool drawn = select->target.kind <= PLAN_TARGET_EDGE ||
		     select->target.kind == PLAN_TARGET_ANCHOR_RANDOM;

	if (is_written(reading, "select", "mix") && select->target.kind != PLAN_TARGET_RANDOM)
		return plan_fail(reading, "select", "mix", error,
				 "mix is for target=random; leave it out");
	for (size_t i = 0; i < G_N_ELEMENTS(drawing); i++)
		if (!drawn && is_written(reading, "select", drawing[i]))
			return plan_fail(reading, "select", drawing[i], error,
					 "%s is for a moment that is drawn, and target=%s is not; "
					 "leave it out",
					 drawing[i], select->target.text);
	if (2 * select->margin >= select->window)
		return plan_fail(reading, "select", "margin", error,
				 "margin leaves nothing of window; make it smaller");
	return true;
}

static bool lint_probe(const struct plan_reading *reading, const char *probe, GError **error)
{
	const char *colon = strrchr(probe, ':');
	guint64 port;

	if (colon && colon > probe &&
	    g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &port, NULL) &&
	    (probe[0] == '[') == (colon[-1] == ']') &&
	    (probe[0] == '[' || colon == strchr(probe, ':')))
		return true;
	return plan_fail(reading, "isolation", "probe", error,
			 "probe: '%s' is no address to try; write HOST:PORT or [ADDRESS]:PORT",
			 probe);
}

static bool lint_isolation(const struct plan_reading *reading, GError **error)
{
	const struct plan_isolation *isolation = &reading->plan->isolation;
	bool host = isolation->network == PLAN_NETWORK_HOST;

	if (host && !isolation->reason)
		return plan_fail(
			reading, "isolation", "network", error,
			"network=host lets the copy reach everything; say why, with reason=");
	if (!host && isolation->reason)
		return plan_fail(reading, "isolation", "reason", error,
				 "reason is for network=host; leave it out");
	if (host && is_written(reading, "isolation", "namespace"))
		return plan_fail(reading, "isolation", "namespace", error,
				 "network=host needs no namespace; leave it out");
	if (host && isolation->probe[0])
		return plan_fail(reading, "isolation", "probe", error,
				 "with network=host a probe would be reached; leave it out");
	for (char **probe = isolation->probe; *probe; probe++)
		if (!lint_probe(reading, *probe, error))
			return false;
	return true;
}

static bool lint_sandbox(const struct plan_reading *reading, GError **error)
{
	const struct plan_sandbox *sandbox = &reading->plan->sandbox;

	if (!sandbox->directory)
		return plan_fail(reading, "sandbox", "directory", error,
				 "[sandbox] needs directory=: folder to restore into, of a file "
				 "system of its own");
	if (strcmp(sandbox->directory, "/") == 0)
		return plan_fail(reading, "sandbox", "directory", error,
				 "directory cannot be '/'; name a folder of its own");
	if (strchr(sandbox->marker, '/') || strcmp(sandbox->marker, ".") == 0 ||
	    strcmp(sandbox->marker, "..") == 0)
		return plan_fail(reading, "sandbox", "marker", error,
				 "marker is the name of a file in directory, not '%s'",
				 sandbox->marker);
	if (sandbox->postgres_bin && !g_path_is_absolute(sandbox->postgres_bin))
		return plan_fail(reading, "sandbox", "postgres-bin", error,
				 "postgres-bin is auto or an absolute path, not '%s'",
				 sandbox->postgres_bin);
	return true;
}

static bool lint_neutralize(const struct plan_reading *reading, GError **error)
{
	const struct plan_neutralizing *neutralize = &reading->plan->neutralize;
	bool none = neutralize->mode == PLAN_NEUTRALIZE_NONE;

	if (none && !neutralize->reason)
		return plan_fail(reading, "neutralize", "mode", error,
				 "mode=none leaves the copy able to act; say why, with reason=");
	if (!none && neutralize->reason)
		return plan_fail(reading, "neutralize", "reason", error,
				 "reason is for mode=none; leave it out");
	if (none && reading->plan->odoo.given)
		return plan_fail(reading, "odoo", "", error,
				 "Odoo may not be started on a copy that is not neutralized; leave "
				 "[odoo] out, or mode=none");
	if (none && neutralize->files[0])
		return plan_fail(reading, "neutralize", "files", error,
				 "mode=none runs no files; leave them out");
	return true;
}

static bool starts_odoo(const DrillPlan *plan)
{
	return plan->odoo.given && plan->odoo.start;
}

static bool has_word(char **list, const char *word)
{
	for (; *list; list++)
		if (strstr(*list, word))
			return true;
	return false;
}

static bool lint_odoo(const struct plan_reading *reading, GError **error)
{
	const DrillPlan *plan = reading->plan;
	const struct plan_odoo *odoo = &plan->odoo;

	if (!starts_odoo(plan))
		return true;
	if (!odoo->command[0])
		return plan_fail(reading, "odoo", "command", error,
				 "[odoo] needs command=: program and its arguments, as in: "
				 "/opt/odoo/odoo-bin; -c; %%c; -d; %%d");
	if (!g_path_is_absolute(odoo->command[0]))
		return plan_fail(reading, "odoo", "command", error,
				 "command begins with an absolute path, not '%s'",
				 odoo->command[0]);
	if (!has_word(odoo->command, "%c") || !has_word(odoo->command, "%d"))
		return plan_fail(reading, "odoo", "command", error,
				 "command needs %%c, the drill's configuration, and %%d, its "
				 "database; without them Odoo would use production's");
	if (odoo->health[0] != '/')
		return plan_fail(reading, "odoo", "health", error,
				 "health is a path, as /web/health, not '%s'", odoo->health);
	return true;
}

/* ---- objectives ---------------------------------------------------------------------------------- */

struct objective {
	const char *key;
	size_t offset;	 /* in struct plan_objectives */
	bool assumption; /* may be longer, not shorter */
};
#define OBJECTIVE(member) offsetof(struct plan_objectives, member)
static const struct objective objectives[] = {
	{"rpo", OBJECTIVE(rpo), false},
	{"rto", OBJECTIVE(rto), false},
	{"rpo-database", OBJECTIVE(component_rpo[PLAN_DATABASE]), false},
	{"rpo-filestore", OBJECTIVE(component_rpo[PLAN_FILESTORE]), false},
	{"rpo-config", OBJECTIVE(component_rpo[PLAN_CONFIG]), false},
	{"rpo-integration", OBJECTIVE(component_rpo[PLAN_INTEGRATION]), false},
	{"rto-database", OBJECTIVE(component_rto[PLAN_DATABASE]), false},
	{"rto-filestore", OBJECTIVE(component_rto[PLAN_FILESTORE]), false},
	{"rto-config", OBJECTIVE(component_rto[PLAN_CONFIG]), false},
	{"rto-integration", OBJECTIVE(component_rto[PLAN_INTEGRATION]), false},
	{"assume-detect", OBJECTIVE(assume_detect), true},
	{"assume-decide", OBJECTIVE(assume_decide), true},
	{"assume-cutover", OBJECTIVE(assume_cutover), true},
};

static usec_t *objective_of(struct plan_objectives *all, const struct objective *objective)
{
	return &G_STRUCT_MEMBER(usec_t, all, objective->offset);
}

/* Shows what is in force, and why. */
static void show_objective(const struct plan_reading *reading, const char *group, const char *key,
			   usec_t duration)
{
	const GPtrArray *values = reading->plan->values;

	for (guint i = 0; i < values->len; i++) {
		struct plan_value *value = values->pdata[i];

		if (strcmp(value->group, group) != 0 || strcmp(value->key, key) != 0 || value->line)
			continue;
		g_free(value->value);
		value->value = duration_format(duration);
		value->origin = "configuration";
	}
}

/* What a component has where its own is not said: that of the whole. */
static usec_t bound_of(struct plan_objectives *from, const struct objective *objective)
{
	usec_t own = *objective_of(from, objective);

	if (own || objective->assumption)
		return own;
	return g_str_has_prefix(objective->key, "rpo-")	  ? from->rpo
	       : g_str_has_prefix(objective->key, "rto-") ? from->rto
							  : 0;
}

static bool lint_objective(struct plan_reading *reading, const struct objective *objective,
			   GError **error)
{
	usec_t *mine = objective_of(&reading->plan->objectives, objective);
	usec_t bound = bound_of(&reading->defaults.objectives, objective);
	g_autofree char *shown = duration_format(bound);

	if (!is_written(reading, "objectives", objective->key)) {
		*mine = *objective_of(&reading->defaults.objectives, objective);
		if (*mine)
			show_objective(reading, "objectives", objective->key, *mine);
		return true;
	}
	if (objective->assumption && *mine < bound)
		return plan_fail(reading, "objectives", objective->key, error,
				 "%s is %s in the configuration; a plan may assume more, not less",
				 objective->key, shown);
	if (!objective->assumption && bound && (*mine == 0 || *mine > bound))
		return plan_fail(
			reading, "objectives", objective->key, error,
			"%s is %s in the configuration; a plan may ask for less, not for more",
			objective->key, shown);
	return true;
}

/* Components without an objective of their own have that of the whole. */
static void inherit(struct plan_objectives *mine)
{
	for (int i = 0; i < PLAN_COMPONENTS; i++) {
		if (!mine->component_rpo[i])
			mine->component_rpo[i] = mine->rpo;
		if (!mine->component_rto[i])
			mine->component_rto[i] = mine->rto;
	}
}

static bool lint_objectives(struct plan_reading *reading, GError **error)
{
	usec_t bound = reading->defaults.max_age;
	g_autofree char *shown = duration_format(bound);

	for (size_t i = 0; i < G_N_ELEMENTS(objectives); i++)
		if (!lint_objective(reading, &objectives[i], error))
			return false;
	inherit(&reading->plan->objectives);
	if (!is_written(reading, "schedule", "max-age")) {
		reading->plan->schedule.max_age = bound;
		if (bound)
			show_objective(reading, "schedule", "max-age", bound);
	} else if (bound && reading->plan->schedule.max_age > bound) {
		return plan_fail(reading, "schedule", "max-age", error,
				 "max-age is %s in the configuration; a plan may ask for less, not "
				 "for more",
				 shown);
	}
	return true;
}

/* ---- names of the configuration ------------------------------------------------------------------ */

struct naming {
	const char *group, *key, *what;
	const char *const *known;
};

static bool lint_known(const struct plan_reading *reading, const struct naming *naming,
		       const char *name, GError **error)
{
	if (!naming->known || g_strv_contains(naming->known, name))
		return true;

	g_autofree char *near = suggest_phrase(name, naming->known);
	g_autofree char *list = suggest_list(naming->known);

	if (*near)
		return plan_fail(reading, naming->group, naming->key, error,
				 "%s: there is no %s '%s'%s", naming->key, naming->what, name,
				 near);
	return plan_fail(reading, naming->group, naming->key, error,
			 "%s: there is no %s '%s'; there is %s", naming->key, naming->what, name,
			 *list ? list : "none");
}

static bool lint_all_known(const struct plan_reading *reading, const struct naming *naming,
			   char **names, GError **error)
{
	for (; *names; names++)
		if (!lint_known(reading, naming, *names, error))
			return false;
	return true;
}

static bool lint_named(const struct plan_reading *reading, GError **error)
{
	const struct plan_defaults *defaults = &reading->defaults;
	const DrillPlan *plan = reading->plan;
	struct naming repository = {"select", "repository", "repository", defaults->repositories};
	const struct {
		const char *key;
		char **names;
	} notify[] = {{"on-pass", plan->notify.on_pass},
		      {"on-fail", plan->notify.on_fail},
		      {"on-missed", plan->notify.on_missed},
		      {"on-abandoned", plan->notify.on_abandoned}};

	if (plan->select.repository &&
	    !lint_known(reading, &repository, plan->select.repository, error))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(notify); i++) {
		struct naming naming = {"notify", notify[i].key, "[notify] group",
					defaults->notifications};

		if (!lint_all_known(reading, &naming, notify[i].names, error))
			return false;
	}
	return true;
}

static bool lint_evidence(const struct plan_reading *reading, GError **error)
{
	static const char *const formats[] = {"json", "html", "markdown", "junit", "csv", NULL};
	struct naming naming = {"evidence", "formats", "format", formats};
	char **chosen = reading->plan->evidence.formats;

	if (!lint_all_known(reading, &naming, chosen, error))
		return false;
	return g_strv_contains((const char *const *)chosen, "json") ||
	       plan_fail(reading, "evidence", "formats", error,
			 "formats needs json: the others are made of it");
}

/* ---- checks -------------------------------------------------------------------------------------- */

static bool lint_stage(const struct plan_reading *reading, const char *group,
		       const struct plan_check *check, GError **error)
{
	const struct drill_check_class *class = drill_check_class(check->type);

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
	if (check->stage == PLAN_STAGE_APP && !starts_odoo(reading->plan))
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

static bool lint_sql(const struct plan_reading *reading, const char *group,
		     const struct plan_check *check, GError **error)
{
	bool file = check->expect.kind == PLAN_EXPECT_FILE;

	if (!needs(reading, group, "sql", check->sql != NULL, error))
		return false;
	if (check->tolerance && !is_number(check->tolerance))
		return plan_fail(reading, group, "tolerance", error,
				 "tolerance is a number from 0 on, not '%s'", check->tolerance);
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

static bool lint_figure(const struct plan_reading *reading, const char *group,
			const struct plan_check *check, GError **error)
{
	const char *known[PLAN_STAGES + 2 * PHASE_LAST] = {"restore-only", "db-ready", "wall",
							   "service-ready"};
	struct naming naming = {group, "figure", "figure", known};
	size_t count = 4;

	for (int phase = 0; phase <= PHASE_LAST; phase++)
		if (drill_phase_name((enum drill_phase)phase))
			known[count++] = drill_phase_name((enum drill_phase)phase);
	return lint_known(reading, &naming, check->figure, error);
}

static bool lint_type(const struct plan_reading *reading, const char *group,
		      const struct plan_check *check, GError **error)
{
	struct naming collectors = {group, "require", "collector", reading->defaults.collectors};

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
		return lint_all_known(reading, &collectors, check->require, error);
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

		if (other->type == check->type && drill_check_class(check->type)->always)
			return plan_fail(
				reading, group, "type", error,
				"[check %s] is of type %s already, in line %u; join the two",
				other->name, drill_check_class(check->type)->name, other->line);
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

static bool lint_checks(const struct plan_reading *reading, GError **error)
{
	const GPtrArray *checks = reading->plan->checks;

	for (guint i = 0; i < checks->len; i++) {
		struct plan_check *check = checks->pdata[i];
		g_autofree char *group = g_strconcat("check ", check->name, NULL);

		if (!lint_stage(reading, group, check, error) ||
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
		struct naming naming = {group, "check", "check", (const char *const *)names->pdata};

		return lint_known(reading, &naming, control->check, error);
	}
	return control->of->type == PLAN_CHECK_SQL ||
	       plan_fail(reading, group, "check", error,
			 "a control plants damage for a check of type sql, and '%s' is of type %s",
			 control->check, drill_check_class(control->of->type)->name);
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
	if (!starts_odoo(plan))
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

static bool lint_controls(const struct plan_reading *reading, GError **error)
{
	for (guint i = 0; i < reading->plan->controls->len; i++)
		if (!lint_control(reading, reading->plan->controls->pdata[i], error))
			return false;
	return lint_negative(reading, error);
}

bool plan_lint(struct plan_reading *reading, GError **error)
{
	if (!lint_name(reading, error) || !lint_select(reading, error) ||
	    !lint_objectives(reading, error) || !lint_named(reading, error) ||
	    !lint_evidence(reading, error))
		return false;
	if (reading->plan->kind == PLAN_VERIFY)
		return lint_verify(reading, error);
	return lint_sandbox(reading, error) && lint_isolation(reading, error) &&
	       lint_neutralize(reading, error) && lint_odoo(reading, error) &&
	       lint_checks(reading, error) && lint_controls(reading, error);
}
