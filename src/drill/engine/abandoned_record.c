/* The record of a drill that was abandoned: what the audit chain says of it, and null for what it does not say. */
#include "drill/engine/abandoned.h"
#include "drill/engine/host.h"
#include "drill/engine/record.h"

static const char *scheduled_text(const Abandoned *drill, const char *name)
{
	return json_string_value(json_object_get(drill->schedule, name));
}

static void set_null(json_t *object, const char *const *names)
{
	for (; *names; names++)
		json_set(object, *names, json_null());
}

static json_t *run_section(const Abandoned *drill)
{
	json_t *run = json_object();

	json_set_string(run, "id", drill->run);
	json_set_string(run, "slot", scheduled_text(drill, "slot"));
	json_set_string(run, "trigger", scheduled_text(drill, "trigger"));
	json_set(run, "actor", json_incref(drill->actor));
	json_set_string(run, "approver", NULL);
	json_set_string(run, "ticket", NULL);
	json_set_string(run, "incident", scheduled_text(drill, "incident"));
	json_set_time(run, "began", drill->scheduled);
	return run;
}

static json_t *plan_section(const Abandoned *drill, const struct abandoned_beside *beside)
{
	json_t *plan = json_object();

	json_set_string(plan, "name", scheduled_text(drill, "plan"));
	json_set_string(plan, "hash", scheduled_text(drill, "plan_hash"));
	json_set(plan, "files", json_incref(beside->plan_files));
	json_set_string(plan, "kind", NULL);
	return plan;
}

/* As the chain had it before anything was fetched. */
static json_t *draw_section(const Abandoned *drill)
{
	json_t *draw = drill->drawn ? json_deep_copy(drill->drawn) : json_object();

	json_object_del(draw, "plan");
	json_object_del(draw, "t_loss");
	if (!drill->drawn) {
		json_set_string(draw, "target", NULL);
		json_set_bool(draw, "operator_chosen", scheduled_text(drill, "target") != NULL);
	}
	return draw;
}

static json_t *source_section(const Abandoned *drill)
{
	static const char *const names[] = {
		"system_identifier", "pg_version", "odoo_version", "database", "set",
		"manifest_sha256",   "repository", "timeline",	   "lock",     NULL};
	json_t *source = drill->source ? json_deep_copy(drill->source) : json_object();

	if (!drill->source)
		set_null(source, names);
	json_set_string(source, "service", scheduled_text(drill, "service"));
	/* What was fetched nobody counted to the end. */
	json_set(source, "wal", json_null());
	return source;
}

static json_t *target_section(const Abandoned *drill)
{
	static const char *const names[] = {"host_class", "facts", "postgres_sha256", "filesystem",
					    NULL};
	const char *host = json_string_value(json_object_get(drill->actor, "host"));
	json_t *target;

	if (drill->target)
		return json_incref(drill->target);
	target = json_object();
	json_set_string(target, "host", host ? host : "");
	set_null(target, names);
	return target;
}

static json_t *isolation_section(const Abandoned *drill)
{
	static const char *const names[] = {"namespaces", "user", "credential_class", "reason",
					    NULL};
	json_t *isolation;

	if (drill->isolation)
		return json_incref(drill->isolation);
	isolation = json_object();
	set_null(isolation, names);
	json_set(isolation, "probes", json_array());
	json_set_bool(isolation, "verified", false);
	return isolation;
}

static json_t *measured_section(void)
{
	static const char *const names[] = {"achieved_rpo_us",
					    "target_gap_us",
					    "rta_restore_only_us",
					    "rta_db_ready_us",
					    "rta_wall_us",
					    "rta_service_ready_us",
					    "rta_with_assumptions_us",
					    NULL};
	json_t *measured = json_object();

	set_null(measured, names);
	return measured;
}

static char *message_of(const Abandoned *drill)
{
	g_autofree char *entered = clock_format(drill->entered);
	g_autofree char *found = clock_format(drill->found);

	return g_strdup_printf("its process ended without a word in the state that began at %s; it "
			       "was found open at %s",
			       entered, found);
}

static json_t *failure_section(const Abandoned *drill)
{
	const char *outcome = drill_outcome_name(OUTCOME_ABANDONED);
	g_autofree char *message = message_of(drill);
	json_t *failure = json_object();

	json_set_string(failure, "state", drill->state);
	json_set_int(failure, "exit_status", 1);
	json_set_string(failure, "meaning", outcome);
	json_set_string(failure, "message", message);
	return failure;
}

static json_t *clock_section(void)
{
	static const char *const names[] = {"synchronized", "offset_us", "source", NULL};
	json_t *clock = json_object();

	set_null(clock, names);
	return clock;
}

/* What a drill that ends finds out on its way. */
static void set_unknown(json_t *record)
{
	static const char *const lists[] = {
		"spans",    "critical_path", "objectives", "assumptions", "checks",
		"controls", "not_assessed",  "findings",   "logs",	  NULL};
	static const char *const others[] = {
		"scenario",   "regime",	 "databases", "sandbox",	"arrival",
		"worst_case", "requeue", "filestore", "neutralization", "end_of_wal_expected",
		NULL};

	for (const char *const *name = lists; *name; name++)
		json_set(record, *name, json_array());
	set_null(record, others);
	json_set(record, "measured", measured_section());
	json_set(record, "clock", clock_section());
}

json_t *abandoned_record(const Abandoned *drill, const struct abandoned_beside *beside)
{
	const char *outcome = drill_outcome_name(OUTCOME_ABANDONED);
	g_autofree char *message = message_of(drill);
	g_autofree char *summary = g_strdup_printf("ended at %s: %s", drill->state, message);
	json_t *record = json_object();

	json_set_string(record, "type", "odrbackup-drill-record");
	json_set_string(record, "format", "1.0");
	json_set(record, "run", run_section(drill));
	json_set_string(record, "outcome", outcome);
	json_set(record, "also", json_pack("[s]", outcome));
	json_set(record, "failure", failure_section(drill));
	json_set(record, "plan", plan_section(drill, beside));
	json_set(record, "draw", draw_section(drill));
	json_set(record, "source", source_section(drill));
	json_set(record, "target", target_section(drill));
	json_set(record, "isolation", isolation_section(drill));
	set_unknown(record);
	json_set(record, "files", json_incref(beside->files));
	json_set(record, "deviations", json_strings(beside->deviations));
	json_set(record, "software", drill_record_software());
	json_set_string(record, "summary", summary);
	json_set_string(record, "previous_record_sha256", beside->previous);
	return record;
}
