/* What a drill's record says (odrbackup-evidence(5)), from what the states found. */
#include "base/bytes.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "drill/engine/engine.h"
#include "drill/engine/host.h"

#include <string.h>
#include <unistd.h>

#define LOG_EXCERPT 16384 /* bytes of the end */

static json_t *time_value(usec_t time)
{
	g_autofree char *text = time > 0 ? clock_format(time) : NULL;

	return text ? json_string(text) : json_null();
}

static json_t *known(usec_t duration)
{
	return duration >= 0 ? json_integer(duration) : json_null();
}

/* ---- run, plan, source --------------------------------------------------------------------------- */

static json_t *run_section(const Drill *drill)
{
	const struct drill_request *request = drill->request;
	json_t *run = json_object();

	json_set_string(run, "id", request->run_id);
	json_set_string(run, "slot", request->slot);
	json_set_string(run, "trigger", request->trigger);
	json_set(run, "actor", audit_actor(request->audit));
	json_set_string(run, "approver", NULL);
	json_set_string(run, "ticket", NULL);
	json_set_string(run, "incident", NULL);
	json_set(run, "began", time_value(drill->begun));
	return run;
}

static json_t *lock_of(const Manifest *manifest)
{
	const struct set_part *part = manifest_part(manifest, PART_DATABASE);
	json_t *lock = json_object();

	json_set(lock, "until", time_value(part ? part->lock_until : 0));
	return lock;
}

static json_t *wal_section(const Drill *drill)
{
	json_t *wal = json_object();

	json_set_string(wal, "first", *drill->fed.first ? drill->fed.first : NULL);
	json_set_string(wal, "last", *drill->fed.last ? drill->fed.last : NULL);
	json_set_int(wal, "bytes", (int64_t)drill->fed.bytes);
	json_set_int(wal, "segments", (int64_t)drill->fed.segments);
	return wal;
}

static const char *odoo_series(const Drill *drill)
{
	for (guint i = 0; drill->databases && i < drill->databases->len; i++) {
		const struct drill_database *database = drill->databases->pdata[i];

		if (database->odoo)
			return database->odoo->series;
	}
	return NULL;
}

static json_t *source_section(const Drill *drill)
{
	const Manifest *manifest = drill->planned ? drill->restore.manifest : NULL;
	json_t *source = json_object();
	g_autofree char *digest = manifest ? hex_encode(manifest->sha256, SHA256_SIZE) : NULL;
	g_autofree char *system =
		manifest ? g_strdup_printf("%" G_GUINT64_FORMAT, manifest->system_identifier)
			 : NULL;

	json_set_string(source, "service", drill->request->service);
	json_set_string(source, "system_identifier", system);
	json_set(source, "pg_version",
		 manifest ? json_integer(manifest->pg_version_num) : json_null());
	json_set_string(source, "odoo_version", odoo_series(drill));
	json_set_string(source, "set", manifest ? manifest->set_id : NULL);
	json_set_string(source, "manifest_sha256", digest);
	json_set_string(source, "repository", drill->repo ? store_name(drill->repo->store) : NULL);
	json_set(source, "timeline",
		 drill->planned ? json_integer(drill->restore.timeline) : json_null());
	json_set(source, "wal", wal_section(drill));
	json_set(source, "lock", manifest ? lock_of(manifest) : json_null());
	return source;
}

/* ---- place --------------------------------------------------------------------------------------- */

static json_t *target_section(const Drill *drill)
{
	json_t *target = json_object();
	json_t *facts = host_facts(drill->plan->sandbox.directory);
	g_autofree char *class = host_class(facts);

	json_set_string(target, "host", g_get_host_name());
	json_set_string(target, "host_class", class);
	json_set_string(target, "filesystem",
			json_string_value(json_object_get(facts, "filesystem")));
	json_set(target, "facts", facts);
	json_set_string(target, "postgres_sha256", drill->server_sha256);
	return target;
}

static void add_probes(json_t *probes, const struct isolation *isolation, const char *where)
{
	for (guint i = 0; isolation->results && i < isolation->results->len; i++) {
		const struct isolation_result *result = isolation->results->pdata[i];
		json_t *probe = json_object();

		json_set_string(probe, "to", result->to);
		json_set_string(probe, "address", result->address);
		json_set_string(probe, "where", where);
		json_set(probe, "errno",
			 result->number >= 0 ? json_integer(result->number) : json_null());
		json_array_append_new(probes, probe);
	}
}

static json_t *isolation_section(const Drill *drill)
{
	const struct isolation *server = &drill->server_isolation;
	json_t *isolation = json_object();
	json_t *probes = json_array();
	json_t *namespaces = json_object();

	add_probes(probes, &drill->isolation, "before");
	add_probes(probes, server, "server");
	json_set_string(namespaces, "host", server->own_network);
	json_set_string(namespaces, "server", server->network);
	json_set(isolation, "namespaces", namespaces);
	json_set_int(isolation, "user", (int64_t)geteuid());
	json_set_string(isolation, "credential_class", "reader");
	json_set(isolation, "probes", probes);
	json_set_bool(isolation, "verified", server->network != NULL);
	json_set_string(isolation, "reason", drill->plan->isolation.reason);
	return isolation;
}

/* ---- time ---------------------------------------------------------------------------------------- */

static json_t *spans_section(const Drill *drill)
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

static json_t *path_section(const Drill *drill)
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

static json_t *measured_section(const Drill *drill, const struct drill_measured *measured)
{
	const struct drill_figures *figures = &measured->figures;
	json_t *section = json_object();

	json_set(section, "rta_restore_only_us", known(figures->restore_only));
	json_set(section, "rta_db_ready_us", known(figures->db_ready));
	json_set(section, "rta_wall_us", known(figures->wall));
	json_set(section, "rta_service_ready_us", known(figures->service_ready));
	json_set(section, "rta_with_assumptions_us", known(measured->with_assumptions));
	json_set(section, "achieved_rpo_us", known(measured->achieved_rpo));
	json_set(section, "target_gap_us", known(measured->target_gap));
	json_set(section, "phases_us", phases_section(figures));
	json_set(section, "t_loss", time_value(drill->t_loss));
	json_set(section, "last_commit", time_value(drill->arrival.last_commit));
	return section;
}

/* ---- objectives ---------------------------------------------------------------------------------- */

struct objective {
	const char *scope, *kind;
	usec_t limit, measured; /* limit 0: none; measured -1: not */
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
		json_array_append_new(reasons, json_string("this drill did not measure it"));
	json_set_string(object, "scope", objective->scope);
	json_set_string(object, "kind", objective->kind);
	json_set(object, "objective_us",
		 objective->limit > 0 ? json_integer(objective->limit) : json_null());
	json_set(object, "measured_us", known(objective->measured));
	json_set_string(object, "state", state_of(objective));
	json_set(object, "reasons", reasons);
	return object;
}

static usec_t until(const Drill *drill, usec_t moment)
{
	return moment > 0 ? drill_time_until(drill->spans, drill->commanded, moment) : -1;
}

/* *missed counts those that are. */
static json_t *objectives_section(const Drill *drill, const struct drill_measured *measured,
				  unsigned *missed)
{
	const struct plan_objectives *plan = &drill->plan->objectives;
	const struct objective all[] = {
		{"service", "rpo", plan->rpo, measured->achieved_rpo},
		{"service", "rto", plan->rto, measured->with_assumptions},
		{"service", "target-gap", plan->target_gap, measured->target_gap},
		{PART_DATABASE, "rto", plan->component_rto[PLAN_DATABASE],
		 measured->figures.db_ready},
		{PART_FILESTORE, "rto", plan->component_rto[PLAN_FILESTORE],
		 until(drill, drill->files_ready)},
	};
	json_t *section = json_array();

	*missed = 0;
	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		*missed += strcmp(state_of(&all[i]), "missed") == 0;
		json_array_append_new(section, objective_json(&all[i]));
	}
	return section;
}

static json_t *assumptions_section(const Drill *drill)
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

/* ---- what was found ------------------------------------------------------------------------------ */

static json_t *checks_section(const Drill *drill)
{
	json_t *section = json_array();

	for (guint i = 0; i < drill->results->len; i++)
		json_array_append_new(section, drill_check_result_json(drill->results->pdata[i]));
	return section;
}

static json_t *filestore_section(const Drill *drill)
{
	struct filestore_proof sum = {0};
	json_t *section;
	bool any = false;

	for (guint i = 0; drill->databases && i < drill->databases->len; i++) {
		const struct drill_database *database = drill->databases->pdata[i];

		if (!database->has_proof)
			continue;
		any = true;
		sum.named += database->proof.named;
		sum.missing += database->proof.missing;
		sum.wrong_size += database->proof.wrong_size;
		sum.wrong_content += database->proof.wrong_content + database->proof.wrong_name;
		sum.baseline += database->proof.baseline;
	}
	if (!any)
		return json_null();
	section = json_object();
	json_set_int(section, "named", (int64_t)sum.named);
	json_set_int(section, "checked", (int64_t)sum.named);
	json_set_int(section, "missing", (int64_t)sum.missing);
	json_set_int(section, "size_mismatch", (int64_t)sum.wrong_size);
	json_set_int(section, "hash_mismatch", (int64_t)sum.wrong_content);
	json_set(section, "orphans", json_null());
	json_set_int(section, "baseline", (int64_t)sum.baseline);
	json_set_int(section, "restored", (int64_t)drill->files.result.files);
	json_set_int(section, "bytes", (int64_t)drill->files.result.bytes);
	json_set_string(section, "gap", drill->files.choice.gap);
	json_set_bool(section, "sampled", false);
	json_set(section, "bound95", json_null());
	return section;
}

static json_t *unassessed_section(const Drill *drill)
{
	json_t *section = json_array();

	for (guint i = 0; i < drill->results->len; i++) {
		const DrillCheckResult *result = drill->results->pdata[i];
		json_t *object;

		if (result->status != DRILL_CHECK_UNASSESSED)
			continue;
		object = json_object();
		json_set_string(object, "what", result->check->name);
		json_set_string(object, "database", result->database);
		json_set_string(object, "reason", result->message);
		json_array_append_new(section, object);
	}
	return section;
}

static json_t *strings_of(const GPtrArray *strings)
{
	json_t *array = json_array();

	for (guint i = 0; i < strings->len; i++)
		json_array_append_new(array, json_string(strings->pdata[i]));
	return array;
}

static void add_log(json_t *logs, const char *name, const char *path)
{
	g_autofree char *text = NULL;
	uint8_t digest[SHA256_SIZE];
	gsize size;

	if (!path || !g_file_get_contents(path, &text, &size, NULL))
		return;
	sha256(text, size, digest);

	g_autofree char *hex = hex_encode(digest, SHA256_SIZE);
	g_autofree char *end =
		g_utf8_make_valid(text + (size > LOG_EXCERPT ? size - LOG_EXCERPT : 0), -1);
	json_t *log = json_object();

	json_set_string(log, "name", name);
	json_set_string(log, "sha256", hex);
	json_set_string(log, "excerpt", end);
	json_array_append_new(logs, log);
}

/* The servers' words belong to the evidence: their logs are there when the sandbox is gone. */
static json_t *logs_section(const Drill *drill)
{
	json_t *logs = json_array();

	add_log(logs, "postgresql", drill->replica ? replica_log(drill->replica) : NULL);
	add_log(logs, "odoo", drill->odoo_log);
	return logs;
}

static json_t *failure_section(const Drill *drill)
{
	json_t *failure;

	if (!drill->failure)
		return json_null();
	failure = json_object();
	json_set_string(failure, "state", drill->state);
	json_set_int(failure, "exit_status", odr_error_exit_status(drill->failure));
	json_set_string(failure, "meaning", drill_outcome_name(drill->failing));
	json_set_string(failure, "message", drill->failure->message);
	return failure;
}

static json_t *arrival_section(const Drill *drill)
{
	const struct replica_arrival *arrival = &drill->arrival;
	g_autofree char *lsn = arrival->lsn ? lsn_print(arrival->lsn) : NULL;
	json_t *section = json_object();

	json_set_string(section, "lsn", lsn);
	json_set(section, "last_commit", time_value(arrival->last_commit));
	json_set_string(section, "reason", arrival->reason);
	json_set_string(section, "absent", *arrival->absent ? arrival->absent : NULL);
	return section;
}

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

static json_t *software_section(void)
{
	json_t *software = json_object();

	json_set_string(software, "version", PACKAGE_VERSION);
	json_set_string(software, "commit", NULL);
	json_set(software, "libraries", json_object());
	return software;
}

static json_t *clock_section(void)
{
	json_t *section = json_object();

	json_set(section, "synchronized", json_null());
	json_set(section, "offset_us", json_null());
	json_set_string(section, "source", "host");
	return section;
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
	return g_strdup_printf("%s: %u passed, %u failed, %u not assessed", checks, counts->passed,
			       counts->failed, counts->unassessed);
}

static void set_head(const Drill *drill, json_t *record)
{
	json_set_string(record, "type", "odrbackup-drill-record");
	json_set_string(record, "format", "1.0");
	json_set(record, "run", run_section(drill));
	json_set_string(record, "scenario", drill->plan->scenario);
	json_set_string(record, "regime", NULL);
	json_set_string(record, "outcome", drill_outcome_name(drill->outcome));
	json_set(record, "also", outcomes_section(drill->outcomes));
	json_set(record, "failure", failure_section(drill));
	json_set(record, "plan", plan_section(drill->plan));
	json_set(record, "draw", drill_target_json(&drill->target));
	json_set(record, "source", source_section(drill));
	json_set(record, "target", target_section(drill));
	json_set(record, "isolation", isolation_section(drill));
	json_set(record, "arrival", arrival_section(drill));
}

static void set_findings(const Drill *drill, json_t *record)
{
	json_set(record, "checks", checks_section(drill));
	json_set(record, "controls", shared_or(drill->controls, json_array()));
	json_set(record, "requeue", shared_or(drill->requeue, json_null()));
	json_set(record, "filestore", filestore_section(drill));
	json_set(record, "neutralization", shared_or(drill->neutralization, json_null()));
	json_set(record, "not_assessed", unassessed_section(drill));
	json_set(record, "deviations", strings_of(drill->deviations));
	json_set(record, "findings", json_array());
	json_set(record, "logs", logs_section(drill));
	json_set(record, "software", software_section());
	json_set(record, "clock", clock_section());
}

void drill_judge(Drill *drill)
{
	struct drill_check_counts counts = drill_check_count(drill->results);
	struct drill_measured measured;
	unsigned missed;
	json_t *record = json_object();

	drill_measure(drill, &measured);
	json_t *objectives = objectives_section(drill, &measured, &missed);

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

	set_head(drill, record);
	json_set(record, "spans", spans_section(drill));
	json_set(record, "critical_path", path_section(drill));
	json_set(record, "measured", measured_section(drill, &measured));
	json_set(record, "objectives", objectives);
	json_set(record, "assumptions", assumptions_section(drill));
	json_set(record, "worst_case", json_null());
	set_findings(drill, record);
	json_set(record, "end_of_wal_expected", json_null());
	json_set_string(record, "summary", summary);
	json_set_string(record, "previous_record_sha256",
			*drill->previous ? drill->previous : NULL);
	drill->record = record;
}

/* ---- what states announce ------------------------------------------------------------------------ */

json_t *drill_announce_preflight(const Drill *drill)
{
	json_t *data = json_object();

	json_set(data, "source", source_section(drill));
	json_set_string(data, "first", drill->restore.first_segment);
	json_set_string(data, "last", drill->restore.last_segment);
	json_set_string(data, "sandbox", drill->plan->sandbox.directory);
	return data;
}

json_t *drill_announce_restore(const Drill *drill)
{
	json_t *data = json_object();

	json_set(data, "isolation", isolation_section(drill));
	json_set_string(data, "folder", drill->sandbox.folder);
	json_set_bool(data, "filestore", drill->files.wanted);
	return data;
}

json_t *drill_announce_arrival(const Drill *drill)
{
	return arrival_section(drill);
}
