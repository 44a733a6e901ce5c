/* Of a drill's record: objectives against what was measured, and what is assumed. */
#include "drill/engine/record.h"

#include <string.h>

struct objective {
	const char *scope, *kind;
	usec_t limit, measured; /* limit 0: none; measured -1: not */
	const char *why;	/* it was not measured; NULL: this drill does not */
};

static const char *state_of(const struct objective *objective)
{
	if (objective->limit == 0)
		return "not-assessed";
	if (objective->measured < 0)
		return "not-proven";
	return objective->measured <= objective->limit ? "met" : "missed";
}

static json_t *objective_json(const struct objective *objective)
{
	json_t *object = json_object();
	json_t *reasons = json_array();

	if (objective->limit == 0)
		json_array_append_new(reasons, json_string("no objective is set"));
	else if (objective->measured < 0)
		json_array_append_new(
			reasons, json_string(objective->why ? objective->why
							    : "this drill did not measure it"));
	json_set_string(object, "scope", objective->scope);
	json_set_string(object, "kind", objective->kind);
	json_set(object, "objective_us",
		 objective->limit > 0 ? json_integer(objective->limit) : json_null());
	json_set_known(object, "measured_us", objective->measured);
	json_set_string(object, "state", state_of(objective));
	json_set(object, "reasons", reasons);
	return object;
}

static void add(json_t *section, const struct objective *objective, unsigned *missed)
{
	*missed += strcmp(state_of(objective), "missed") == 0;
	json_array_append_new(section, objective_json(objective));
}

/* That of the service is every part's, unless it has its own: of a part that the service has not, it says nothing. */
static void add_component(const Drill *drill, enum plan_component component, json_t *section,
			  unsigned *missed)
{
	const struct plan_objectives *plan = &drill->plan->objectives;
	usec_t limit = plan->component_rto[component];
	usec_t measured = drill_component_rta(drill, component);
	bool is_absent = measured < 0 && !drill->failure && limit == plan->rto;

	if (component == PLAN_DATABASE || (limit > 0 && !is_absent))
		add(section,
		    &(struct objective){plan_component_name(component), "rto", limit, measured,
					NULL},
		    missed);
}

static void add_processes(const Drill *drill, json_t *section, unsigned *missed)
{
	const GPtrArray *processes = drill->plan->processes;

	for (guint i = 0; i < processes->len; i++) {
		const struct plan_process *process = processes->pdata[i];
		g_autofree char *scope = g_strconcat("process ", process->name, NULL);
		g_autofree char *missing = NULL;
		usec_t measured = drill_process_rta(drill, process, &missing);

		add(section, &(struct objective){scope, "rto", process->rto, measured, missing},
		    missed);
	}
}

/* *missed counts those that are. */
json_t *drill_record_objectives(const Drill *drill, const struct drill_measured *measured,
				unsigned *missed)
{
	const struct plan_objectives *plan = &drill->plan->objectives;
	const struct objective all[] = {
		{"service", "rpo", plan->rpo, measured->achieved_rpo},
		{"service", "rto", plan->rto, measured->with_assumptions},
		{"service", "target-gap", plan->target_gap, measured->target_gap},
	};
	json_t *section = json_array();

	*missed = 0;
	for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
		add(section, &all[i], missed);
	for (int i = 0; i < PLAN_COMPONENTS; i++)
		add_component(drill, (enum plan_component)i, section, missed);
	add_processes(drill, section, missed);
	return section;
}

json_t *drill_record_assumptions(const Drill *drill)
{
	const struct plan_objectives *plan = &drill->plan->objectives;
	const struct {
		const char *name;
		usec_t duration;
	} all[] = {{"assume-detect", plan->assume_detect},
		   {"assume-decide", plan->assume_decide},
		   {"assume-cutover", plan->assume_cutover}};
	json_t *section = json_array();

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		json_t *object = json_object();

		json_set_string(object, "name", all[i].name);
		json_set_int(object, "duration_us", all[i].duration);
		json_set_string(object, "owner", drill->plan->owner);
		json_set_string(object, "date", NULL);
		json_array_append_new(section, object);
	}
	return section;
}
