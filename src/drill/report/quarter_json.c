#include "drill/report/quarter_parts.h"

static json_t *verdict_json(const struct objective_verdict *verdict)
{
	json_t *object = json_object();

	json_set_string(object, "state", objective_state_name(verdict->state));
	json_set_known(object, "measured_us", verdict->measured);
	json_set(object, "reasons", json_strings(verdict->reasons));
	return object;
}

static json_t *episodes_json(const GArray *episodes)
{
	json_t *array = json_array();

	for (guint i = 0; episodes && i < episodes->len; i++) {
		const struct exposure_episode *episode =
			&g_array_index(episodes, struct exposure_episode, i);
		json_t *object = json_object();

		json_set_time(object, "start", episode->start);
		json_set_time(object, "end", episode->end);
		json_set_int(object, "peak_us", episode->peak);
		json_set_string(object, "cause", NULL);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *exposure_json(const struct quarter_exposure *exposure)
{
	const struct exposure_summary *summary = &exposure->summary;
	json_t *object = json_object();
	bool judged = summary->known > 0 && exposure->objective > 0;

	if (!exposure->events) {
		json_decref(object);
		return json_null();
	}
	json_set(object, "objective_us",
		 exposure->objective ? json_integer(exposure->objective) : json_null());
	json_set_known(object, "maximum_us", summary->known ? summary->maximum : -1);
	json_set_known(object, "mean_us", summary->known ? summary->mean : -1);
	json_set_known(object, "over_us", judged ? summary->over : -1);
	json_set_int(object, "unknown_us", summary->unknown);
	json_set_int(object, "revised_us", summary->revised);
	json_set(object, "within", judged ? json_real(summary->within) : json_null());
	json_set(object, "episodes", episodes_json(exposure->episodes));
	return object;
}

static json_t *copies_json(const GPtrArray *copies, enum stored_proof proof)
{
	json_t *array = json_array();

	for (guint i = 0; copies && i < copies->len; i++) {
		const struct stored_copy *copy = copies->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "repository", copy->repository);
		json_set_string(object, "name", copy->name);
		json_set_string(object, "version", copy->version);
		json_set_known_time(object, "stored_at", copy->stored_at);
		json_set_known_time(object, "locked_until", copy->locked_until);
		json_set_string(object, "lock_mode", copy->mode);
		json_set_bool(object, "same", copy->same);
		json_set_string(object, "receipt", stored_proof_name(proof));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *attempts_json(const GArray *attempts)
{
	json_t *array = json_array();

	for (guint i = 0; i < attempts->len; i++) {
		const struct quarter_attempt *attempt =
			&g_array_index(attempts, struct quarter_attempt, i);
		const json_t *record = attempt->reading->record;
		json_t *object = json_object();

		json_set_string(object, "run", reading_text(record, "run.id"));
		json_set_string(object, "plan", reading_text(record, "plan.name"));
		json_set_string(object, "outcome", reading_text(record, "outcome"));
		json_set_string(object, "record_sha256", attempt->reading->sha256);
		json_set(object, "stored",
			 copies_json(attempt->reading->copies, attempt->reading->proof));
		json_set_string(object, "signer", attempt->reading->signer);
		json_set_string(object, "target", reading_text(record, "draw.target"));
		json_set_string(object, "method", reading_text(record, "draw.method"));
		json_set_string(object, "stratum", reading_text(record, "draw.stratum"));
		json_set_bool(object, "counted", attempt->counted);
		json_set_string(object, "why_not", attempt->counted ? NULL : attempt->why_not);
		json_set_known(object, "rta_with_assumptions_us",
			       reading_int(record, "measured.rta_with_assumptions_us"));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *incidents_json(const GArray *incidents)
{
	json_t *array = json_array();

	for (guint i = 0; i < incidents->len; i++) {
		const struct quarter_incident *found =
			&g_array_index(incidents, struct quarter_incident, i);
		const struct incident_interval *intervals = found->figures.intervals;
		json_t *object = json_object();

		json_set_string(object, "incident", found->incident->id);
		json_set_string(object, "state", found->incident->closed ? "closed" : "open");
		json_set_known_time(object, "opened", found->incident->opened);
		json_set_known_time(object, "closed", found->incident->closed);
		json_set_bool(object, "chain_holds", !found->incident->broken);
		json_set_known(object, "rpo_us", found->figures.rpo);
		json_set_known(object, "rta_service_ready_us", intervals[INCIDENT_SERVICE].took);
		json_set_known(object, "outage_us", intervals[INCIDENT_OUTAGE].took);
		json_set_int(object, "restores", found->incident->restores->len);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *chain_json(const struct stored_chain *chain)
{
	json_t *object;

	if (!chain || (!chain->known && !chain->checkpoint))
		return json_null();
	object = json_object();
	json_set_int(object, "lines", (int64_t)chain->head.seq);
	json_set_string(object, "head", chain->head.sha256);
	json_set_bool(object, "holds", !chain->broken && !chain->disagrees);
	json_set_string(object, "checkpoint", chain->checkpoint);
	json_set_known(object, "signed_to", chain->checkpoint ? (int64_t)chain->signed_to : -1);
	json_set(object, "checkpoint_stored", copies_json(chain->copies, chain->proof));
	return object;
}

static json_t *result_json(const Quarter *quarter, const struct quarter_result *result)
{
	json_t *object = json_object(), *states = json_object(), *exposures = json_object();

	json_set_string(object, "service", result->service->name);
	json_set_string(object, "tier", result->service->tier);
	json_set(object, "rto_us",
		 result->service->rto ? json_integer(result->service->rto) : json_null());
	for (int kind = 0; kind < QUARTER_KINDS; kind++)
		json_set(states, quarter_kind_name((enum quarter_kind)kind),
			 verdict_json(&result->verdicts[kind]));
	json_set(object, "states", states);
	for (int i = 0; i < QUARTER_COMPONENTS; i++)
		json_set(exposures, quarter_component_name((enum quarter_component)i),
			 exposure_json(&result->exposure[i]));
	json_set(object, "exposure", exposures);
	json_set_int(object, "drills_counted", result->drills.counted);
	json_set_int(object, "drills_failed", result->drills.failed);
	json_set_int(object, "drills_open", result->drills.open);
	json_set_known(object, "worst_case_us", result->worst_case);
	json_set(object, "worst_case_factor",
		 result->worst_factor > 0 ? json_real(result->worst_factor) : json_null());
	json_set(object, "coverage", coverage_json(result->coverage));
	json_set(object, "attempts", attempts_json(result->attempts));
	json_set(object, "incidents", incidents_json(result->incidents));
	json_set(object, "custody", quarter_custody_json(quarter, result->service));
	return object;
}

static json_t *process_json(const struct quarter_process *process)
{
	json_t *object = json_object(), *states = json_object();

	json_set_string(object, "process", process->name);
	json_set_string(object, "service", process->service);
	json_set_int(object, "passed", process->passed);
	json_set_int(object, "failed", process->failed);
	json_set_int(object, "not_assessed", process->unassessed);
	json_set_known(object, "slowest_us", process->slowest);
	json_set_string(object, "owner", process->business ? process->business->owner : NULL);
	json_set_string(object, "components",
			process->business ? process->business->components : NULL);
	json_set_known(object, "exposure_us",
		       process->exposure.known > 0 ? process->exposure.maximum : -1);
	for (int kind = 0; kind < QUARTER_COVERAGE; kind++)
		json_set(states, quarter_kind_name((enum quarter_kind)kind),
			 verdict_json(&process->verdicts[kind]));
	json_set(object, "states", states);
	return object;
}

json_t *quarter_json(const Quarter *quarter)
{
	json_t *document = json_object(), *results = json_array(), *processes = json_array();

	json_set_string(document, "type", "odrbackup-quarterly-report");
	json_set_string(document, "format", "1.0");
	json_set_string(document, "period", quarter->request->name);
	json_set_time(document, "from", quarter->request->from);
	json_set_time(document, "to", quarter->request->to);
	json_set_time(document, "data_until", quarter->cutoff);
	json_set_string(document, "state", objective_state_name(quarter_state(quarter)));
	for (guint i = 0; i < quarter->results->len; i++)
		json_array_append_new(results, result_json(quarter, quarter->results->pdata[i]));
	for (guint i = 0; i < quarter->processes->len; i++)
		json_array_append_new(processes, process_json(quarter->processes->pdata[i]));
	json_set(document, "services", results);
	json_set(document, "processes", processes);
	json_set(document, "findings", quarter_findings_json(quarter));
	json_set(document, "audit_chain", chain_json(quarter->request->chain));
	return document;
}
