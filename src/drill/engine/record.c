/* What a drill's record says (odrbackup-evidence(5)), from what the states found. */
#include "drill/engine/record.h"

#include "base/build.h"
#include "drill/engine/host.h"

static json_t *plan_section(const DrillPlan *plan)
{
	json_t *section = json_object();
	json_t *files = json_array();

	for (guint i = 0; i < plan->files->len; i++) {
		const struct plan_file *file = plan->files->pdata[i];

		json_array_append_new(
			files, json_pack("{s:s,s:s}", "name", file->name, "sha256", file->sha256));
	}
	json_set_string(section, "name", plan->name);
	json_set_string(section, "hash", plan->hash);
	json_set(section, "files", files);
	json_set_string(section, "kind", plan_kind_name(plan->kind));
	return section;
}

json_t *drill_target_json(const struct drill_target *target)
{
	json_t *draw = target->draw ? json_deep_copy(target->draw) : json_object();

	json_set_string(draw, "target", target->text);
	json_set_bool(draw, "operator_chosen", target->operator_chosen);
	return draw;
}

json_t *drill_record_software(void)
{
	json_t *software = json_object();

	json_set_string(software, "version", PACKAGE_VERSION);
	json_set_string(software, "commit", build_commit());
	json_set(software, "libraries", host_libraries());
	return software;
}

/* ---- the whole ----------------------------------------------------------------------------------- */

static json_t *outcomes_section(unsigned outcomes)
{
	json_t *also = json_array();

	for (int outcome = 0; outcome < OUTCOMES; outcome++)
		if (outcomes & (1U << outcome))
			json_array_append_new(
				also, json_string(drill_outcome_name((enum drill_outcome)outcome)));
	return also;
}

static json_t *shared_or(const json_t *value, json_t *otherwise)
{
	if (!value)
		return otherwise;
	json_decref(otherwise);
	return json_incref((json_t *)value);
}

static char *summary_of(const Drill *drill, const struct drill_check_counts *counts)
{
	g_autofree char *checks = count_format(drill->results->len, "check");

	if (drill->failure)
		return g_strdup_printf("ended at %s: %s", drill->state, drill->failure->message);
	return g_strdup_printf("%s: %u passed, %u failed, %u not assessed%s", checks,
			       counts->passed, counts->failed, counts->unassessed,
			       drill->controls_passed ? "; damage that was planted was not found"
						      : "");
}

static void set_head(const Drill *drill, const char *regime, json_t *record)
{
	json_set_string(record, "type", "odrbackup-drill-record");
	json_set_string(record, "format", "1.0");
	json_set(record, "run", drill_record_run(drill));
	json_set_string(record, "scenario", drill->plan->scenario);
	json_set_string(record, "regime", regime);
	json_set_string(record, "outcome", drill_outcome_name(drill->outcome));
	json_set(record, "also", outcomes_section(drill->outcomes));
	json_set(record, "failure", drill_record_failure(drill));
	json_set(record, "plan", plan_section(drill->plan));
	json_set(record, "draw", drill_target_json(&drill->target));
	json_set(record, "source", drill_record_source(drill));
	json_set(record, "databases", drill_record_databases(drill));
	json_set(record, "target", drill_record_target(drill));
	json_set(record, "isolation", drill_record_isolation(drill));
	json_set(record, "sandbox", drill_record_limits(drill));
	json_set(record, "arrival", drill_record_arrival(drill));
}

static void set_findings(const Drill *drill, json_t *record)
{
	json_set(record, "checks", drill_record_checks(drill));
	json_set(record, "controls", shared_or(drill->controls, json_array()));
	json_set(record, "requeue", shared_or(drill->requeue, json_null()));
	json_set(record, "filestore", drill_record_files(drill));
	json_set(record, "neutralization", shared_or(drill->neutralization, json_null()));
	json_set(record, "not_assessed", drill_record_unassessed(drill));
	json_set(record, "deviations", json_strings(drill->deviations));
	json_set(record, "findings", drill_record_found(drill, record));
	json_set(record, "logs", drill_record_logs(drill));
	json_set(record, "software", drill_record_software());
	json_set(record, "clock", host_clock());
}

void drill_judge(Drill *drill)
{
	struct drill_check_counts counts = drill_check_count(drill->results);
	struct drill_measured measured;
	unsigned missed;
	json_t *record = json_object();

	drill_measure(drill, &measured);
	json_t *objectives = drill_record_objectives(drill, &measured, &missed);

	drill->outcomes = drill_outcomes(&(struct drill_facts){
		.failure = drill->failure,
		.failing = drill->failing,
		.checks_failed = counts.failed,
		.controls_passed = drill->controls_passed,
		.gates_unassessed = counts.gates_unassessed,
		.objectives_missed = missed,
		.warnings = counts.warnings + drill->deviations->len,
	});
	drill->outcome = drill_outcome_worst(drill->outcomes);

	g_autofree char *summary = summary_of(drill, &counts);

	g_autofree char *regime = drill_record_regime(drill);

	set_head(drill, regime, record);
	json_set(record, "spans", drill_record_spans(drill));
	json_set(record, "critical_path", drill_record_path(drill));
	json_set(record, "measured", drill_record_measured(drill, &measured));
	json_set(record, "objectives", objectives);
	json_set(record, "assumptions", drill_record_assumptions(drill));
	json_set(record, "worst_case", drill_record_worst(drill, &measured, regime));
	set_findings(drill, record);
	json_set(record, "end_of_wal_expected", drill_record_end_of_wal(drill));
	json_set_string(record, "summary", summary);
	json_set_string(record, "previous_record_sha256",
			*drill->previous ? drill->previous : NULL);
	drill->record = record;
}

/* ---- what states announce ------------------------------------------------------------------------ */

json_t *drill_announce_preflight(const Drill *drill)
{
	json_t *data = json_object();

	json_set(data, "source", drill_record_source(drill));
	json_set_string(data, "first", drill->restore.first_segment);
	json_set_string(data, "last", drill->restore.last_segment);
	json_set_string(data, "sandbox", drill->plan->sandbox.directory);
	return data;
}

json_t *drill_announce_place(const Drill *drill)
{
	json_t *data = json_object();

	json_set(data, "target", drill_record_target(drill));
	return data;
}

json_t *drill_announce_restore(const Drill *drill)
{
	json_t *data = json_object();

	json_set(data, "isolation", drill_record_isolation(drill));
	json_set_string(data, "folder", drill->sandbox.folder);
	json_set_string(data, "key", *drill->sandbox.key ? drill->sandbox.key : NULL);
	json_set_bool(data, "filestore", drill->files.wanted);
	return data;
}

json_t *drill_announce_arrival(const Drill *drill)
{
	return drill_record_arrival(drill);
}
