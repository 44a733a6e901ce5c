/* Objectives of a plan, against those of the configuration: what is not said is taken from there, what is may be stricter only. */
#include "drill/plan/lint.h"

#include <string.h>

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

	if (!plan_is_written(reading, "objectives", objective->key)) {
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

bool plan_lint_objectives(struct plan_reading *reading, GError **error)
{
	usec_t bound = reading->defaults.max_age;
	g_autofree char *shown = duration_format(bound);

	for (size_t i = 0; i < G_N_ELEMENTS(objectives); i++)
		if (!lint_objective(reading, &objectives[i], error))
			return false;
	inherit(&reading->plan->objectives);
	if (!plan_is_written(reading, "schedule", "max-age")) {
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
