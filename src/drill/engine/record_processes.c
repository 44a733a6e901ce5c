/* Of a drill's record: when each business process was back: what it rests on ready, and its last gate passed. */
#include "drill/engine/record.h"
#include "repo/manifest.h"

#include <string.h>

/* The latest moment (monotonic) that counts; missing: what was never reached (NULL: nothing; owned). */
struct standing {
	usec_t moment;
	char *missing;
};

static void G_GNUC_PRINTF(2, 3) lack(struct standing *standing, const char *format, ...)
{
	va_list arguments;

	if (standing->missing)
		return;
	va_start(arguments, format);
	standing->missing = g_strdup_vprintf(format, arguments);
	va_end(arguments);
}

/* Every result of a type: the last that passed, or one that did not. False: the service has nothing for it. */
static bool stand_on_type(const Drill *drill, enum plan_check_type type, struct standing *standing)
{
	bool any = false;

	for (guint i = 0; i < drill->results->len; i++) {
		const DrillCheckResult *result = drill->results->pdata[i];

		if (result->check->type != type)
			continue;
		any = true;
		if (result->status == DRILL_CHECK_PASS)
			standing->moment = MAX(standing->moment, result->ended);
		else
			lack(standing, "its check '%s' did not pass", result->check->name);
	}
	return any;
}

static void stand_on_component(const Drill *drill, enum plan_component component,
			       struct standing *standing)
{
	struct standing unused = {0};

	switch (component) {
	case PLAN_DATABASE:
	case PLAN_INTEGRATION:
		standing->moment = MAX(standing->moment, drill->db_ready);
		if (drill->db_ready == 0)
			lack(standing, "its database was not ready");
		if (component == PLAN_INTEGRATION)
			standing->moment = MAX(standing->moment, drill->requeued);
		break;
	case PLAN_FILESTORE:
		standing->moment = MAX(standing->moment, drill->files_ready);
		if (drill->files_ready == 0 && stand_on_type(drill, PLAN_CHECK_FILESTORE, &unused))
			lack(standing, "its filestore was not ready");
		g_free(unused.missing);
		break;
	case PLAN_CONFIG:
		stand_on_type(drill, PLAN_CHECK_CONFIG, standing);
		break;
	case PLAN_COMPONENTS:
		break;
	}
}

static void stand_on_gates(const Drill *drill, const char *process, struct standing *standing)
{
	for (guint i = 0; i < drill->results->len; i++) {
		const DrillCheckResult *result = drill->results->pdata[i];
		const char *const *processes = (const char *const *)result->check->process;

		if (!result->check->gate || !g_strv_contains(processes, process))
			continue;
		if (result->status == DRILL_CHECK_PASS)
			standing->moment = MAX(standing->moment, result->ended);
		else
			lack(standing, "its gate '%s' did not pass", result->check->name);
	}
}

/* A check that was never come to has no result. */
static void look_for_gates(const Drill *drill, const char *process, struct standing *standing)
{
	for (guint i = 0; i < drill->plan->checks->len; i++) {
		const struct plan_check *check = drill->plan->checks->pdata[i];
		bool found = false;

		if (!check->gate || !g_strv_contains((const char *const *)check->process, process))
			continue;
		for (guint k = 0; !found && k < drill->results->len; k++)
			found = ((DrillCheckResult *)drill->results->pdata[k])->check == check;
		if (!found)
			lack(standing, "its gate '%s' was not come to", check->name);
	}
}

static usec_t until(const Drill *drill, usec_t moment)
{
	return moment > 0 ? drill_time_until(drill->spans, drill->commanded, moment) : -1;
}

usec_t drill_process_rta(const Drill *drill, const struct plan_process *process, char **missing)
{
	struct standing standing = {0};
	const struct plan_objectives *plan = &drill->plan->objectives;
	usec_t time;

	for (int i = 0; i < PLAN_COMPONENTS; i++) {
		enum plan_component component = (enum plan_component)i;

		if (g_strv_contains(process->components, plan_component_name(component)))
			stand_on_component(drill, component, &standing);
	}
	stand_on_gates(drill, process->name, &standing);
	look_for_gates(drill, process->name, &standing);
	time = standing.missing ? -1 : until(drill, standing.moment);
	*missing = standing.missing;
	return time < 0 ? -1
			: time + plan->assume_detect + plan->assume_decide + plan->assume_cutover;
}

usec_t drill_component_rta(const Drill *drill, enum plan_component component)
{
	struct standing standing = {0};
	usec_t time;

	stand_on_component(drill, component, &standing);
	time = standing.missing ? -1 : until(drill, standing.moment);
	g_free(standing.missing);
	return time;
}

json_t *drill_record_component_rta(const Drill *drill)
{
	json_t *section = json_object();

	for (int i = 0; i < PLAN_COMPONENTS; i++)
		json_set_known(section, plan_component_name((enum plan_component)i),
			       drill_component_rta(drill, (enum plan_component)i));
	return section;
}

json_t *drill_record_process_rta(const Drill *drill)
{
	const GPtrArray *processes = drill->plan->processes;
	json_t *section = json_object();

	for (guint i = 0; i < processes->len; i++) {
		const struct plan_process *process = processes->pdata[i];
		g_autofree char *missing = NULL;

		json_set_known(section, process->name, drill_process_rta(drill, process, &missing));
	}
	return section;
}
