/* Of a drill's record: what ran when, what of it the end had to wait for, and what that comes to. */
#include "drill/engine/record.h"

json_t *drill_record_spans(const Drill *drill)
{
	json_t *spans = json_array();

	for (guint i = 0; i < drill->spans->len; i++) {
		const struct drill_span *span = &g_array_index(drill->spans, struct drill_span, i);
		json_t *object = json_object();

		json_set_string(object, "phase", drill_phase_name(span->phase));
		json_set_string(object, "component", span->component);
		json_set_time(object, "start", span->began);
		json_set_time(object, "end", span->began + (span->to - span->from));
		json_set_int(object, "mono_us", span->to - span->from);
		json_set_int(object, "after_us", span->from - drill->commanded);
		json_set_int(object, "bytes", (int64_t)span->bytes);
		json_set_int(object, "objects", (int64_t)span->objects);
		json_set_int(object, "retries", (int64_t)span->retries);
		json_set_bool(object, "drill_only", span->drill_only);
		json_set_string(object, "outcome", span->failed ? "failed" : "done");
		json_array_append_new(spans, object);
	}
	return spans;
}

json_t *drill_record_path(const Drill *drill)
{
	g_autoptr(GArray) path =
		drill_critical_path(drill->spans, drill->commanded, drill->checked);
	json_t *steps = json_array();

	for (guint i = 0; i < path->len; i++) {
		const struct drill_step *step = &g_array_index(path, struct drill_step, i);
		const struct drill_span *span =
			step->span < 0
				? NULL
				: &g_array_index(drill->spans, struct drill_span, step->span);
		json_t *object = json_object();

		json_set_string(object, "phase", span ? drill_phase_name(span->phase) : "idle");
		json_set(object, "span", span ? json_integer(step->span) : json_null());
		json_set_int(object, "after_us", step->from - drill->commanded);
		json_set_int(object, "us", step->to - step->from);
		json_array_append_new(steps, object);
	}
	return steps;
}

static json_t *phases_section(const struct drill_figures *figures)
{
	json_t *phases = json_object();

	for (int phase = 0; phase <= PHASE_LAST; phase++)
		if (drill_phase_name((enum drill_phase)phase) && figures->phase[phase] > 0)
			json_set_int(phases, drill_phase_name((enum drill_phase)phase),
				     figures->phase[phase]);
	json_set_int(phases, "idle", figures->idle);
	return phases;
}

static usec_t assumptions_of(const Drill *drill)
{
	const DrillPlan *plan = drill->plan;

	return plan->objectives.assume_detect + plan->objectives.assume_decide +
	       plan->objectives.assume_cutover;
}

void drill_measure(const Drill *drill, struct drill_measured *measured)
{
	const struct restore_target *target = &drill->target.target;
	usec_t last = drill->arrival.last_commit;

	drill_figures_compute(
		drill->spans,
		&(struct drill_moments){
			.command = drill->commanded,
			.db_ready = drill->db_ready,
			.gated = drill->db_ready > 0 ? MAX(drill->gated, drill->db_ready) : 0,
			.checked = drill->checked},
		&measured->figures);
	measured->with_assumptions =
		measured->figures.service_ready < 0
			? -1
			: measured->figures.service_ready + assumptions_of(drill);
	measured->achieved_rpo = measured->target_gap = -1;
	if (last > 0 && target->type == RECOVERY_DEFAULT)
		measured->achieved_rpo = MAX(drill->t_loss - last, 0);
	if (last > 0 && target->type == RECOVERY_TIME)
		measured->target_gap = MAX(target->time - last, 0);
}

/* By the wall clock: the first span begins with the command. -1: it was not given. */
static usec_t command_time(const Drill *drill)
{
	for (guint i = 0; i < drill->spans->len; i++) {
		const struct drill_span *span = &g_array_index(drill->spans, struct drill_span, i);

		if (span->from == drill->commanded)
			return span->began;
	}
	return -1;
}

json_t *drill_record_measured(const Drill *drill, const struct drill_measured *measured)
{
	const struct drill_figures *figures = &measured->figures;
	json_t *section = json_object();

	json_set_known(section, "rta_restore_only_us", figures->restore_only);
	json_set_known(section, "rta_db_ready_us", figures->db_ready);
	json_set_known(section, "rta_wall_us", figures->wall);
	json_set_known(section, "rta_service_ready_us", figures->service_ready);
	json_set_known(section, "rta_with_assumptions_us", measured->with_assumptions);
	json_set(section, "rta_component", drill_record_component_rta(drill));
	json_set(section, "rta_process", drill_record_process_rta(drill));
	json_set_known(section, "achieved_rpo_us", measured->achieved_rpo);
	json_set_known(section, "target_gap_us", measured->target_gap);
	json_set_known(section, "filestore_gap_us", drill_filestore_gap(drill));
	json_set(section, "phases_us", phases_section(figures));
	json_set_known_time(section, "t_loss", drill->t_loss);
	json_set_known_time(section, "t_cmd", command_time(drill));
	json_set_known_time(section, "last_commit", drill->arrival.last_commit);
	return section;
}
