/* Whether a service met its objectives in a period. */
#include "drill/report/quarter_parts.h"

#include <string.h>

void quarter_measure_exposure(struct quarter_result *result, const Quarter *quarter)
{
	for (int i = 0; i < QUARTER_COMPONENTS; i++) {
		struct quarter_exposure *exposure = &result->exposure[i];

		exposure->objective = result->service->rpo[i];
		exposure->events = result->service->events[i];
		exposure->period = (struct exposure_period){
			.start = quarter->request->from,
			.end = MAX(quarter->cutoff, quarter->request->from),
			.objective = exposure->objective,
		};
		if (!exposure->events)
			continue;
		exposure_summarize(&exposure->period, exposure->events, &exposure->summary);
		exposure->episodes = exposure_episodes(&exposure->period, exposure->events);
	}
}

/* The most that a drill to the latest moment lost, whether it counts or not. */
static usec_t achieved(const struct quarter_result *result)
{
	usec_t most = -1;

	for (guint i = 0; i < result->attempts->len; i++) {
		const struct quarter_attempt *attempt =
			&g_array_index(result->attempts, struct quarter_attempt, i);

		most = MAX(most, reading_int(attempt->reading->record, "measured.achieved_rpo_us"));
	}
	return most;
}

/* The worst of the components that have an objective or events. */
void quarter_judge_rpo(struct quarter_result *result, const Quarter *quarter)
{
	struct objective_verdict *worst = &result->verdicts[QUARTER_RPO];
	const struct objective_drills proven = {.newest_pass = 1, .end = 1};
	bool any = false, worse;

	objective_verdict_init(worst);
	for (int i = 0; i < QUARTER_COMPONENTS; i++) {
		const struct quarter_exposure *exposure = &result->exposure[i];
		const struct exposure_summary *summary = &exposure->summary;
		struct objective_rpo rpo = {
			.objective = exposure->objective,
			.maximum = exposure->events && summary->known > 0 ? summary->maximum : -1,
			.achieved = i == QUARTER_DATABASE ? achieved(result) : -1,
			.claim_broken =
				i == QUARTER_DATABASE &&
				quarter_is_open(quarter, result->service->name, FINDING_CLAIM),
			.within = summary->within,
			.required = result->service->rpo_required,
			.unknown = summary->unknown,
			.allowance = result->service->unknown_allowance,
		};
		struct objective_verdict verdict;

		if (!result->service->has[i] || (any && exposure->objective == 0))
			continue;
		/* What drills say is said once. */
		objective_judge_rpo(&rpo, any ? &proven : &result->drills, &verdict);
		any = true;
		if (i == QUARTER_DATABASE)
			worst->measured = verdict.measured;
		worse = verdict.state < worst->state;
		worst->state = MIN(worst->state, verdict.state);
		for (guint k = 0; k < verdict.reasons->len; k++)
			g_ptr_array_insert(
				worst->reasons, worse ? (gint)k : -1,
				g_strdup_printf("%s: %s",
						quarter_component_name((enum quarter_component)i),
						(char *)verdict.reasons->pdata[k]));
		objective_verdict_clear(&verdict);
	}
	if (!any)
		worst->state = OBJECTIVE_NOT_ASSESSED;
}

static enum estimate_label label_of(const char *text)
{
	if (!text)
		return ESTIMATE_NONE;
	if (strcmp(text, "measured") == 0)
		return ESTIMATE_MEASURED;
	return strcmp(text, "interpolated") == 0 ? ESTIMATE_INTERPOLATED : ESTIMATE_EXTRAPOLATED;
}

/* Of each plan the newest estimate counts, and of those the worst. */
static void find_worst_case(struct quarter_result *result)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	result->worst_case = -1;
	for (guint i = result->attempts->len; i-- > 0;) {
		const struct quarter_attempt *attempt =
			&g_array_index(result->attempts, struct quarter_attempt, i);
		const json_t *record = attempt->reading->record;
		const char *plan = reading_text(record, "plan.name");
		usec_t estimate = reading_int(record, "worst_case.estimate_us");
		const json_t *factor = reading_at(record, "worst_case.factor");
		enum estimate_label label = label_of(reading_text(record, "worst_case.label"));

		if (!attempt->counted || estimate < 0 || !plan ||
		    !g_hash_table_add(seen, (gpointer)plan))
			continue;
		result->worst_case = MAX(result->worst_case, estimate);
		result->worst_label = MAX(result->worst_label, label);
		result->worst_factor = MAX(result->worst_factor, json_number_value(factor));
	}
}

void quarter_judge_rto(struct quarter_result *result)
{
	usec_t slowest = result->rta->len > 0
				 ? g_array_index(result->rta, usec_t, result->rta->len - 1)
				 : -1;

	find_worst_case(result);
	objective_judge_rto(&(struct objective_rto){.objective = result->service->rto,
						    .slowest = slowest,
						    .measured = result->rta->len,
						    .min_drills = result->service->min_drills,
						    .worst_case = result->worst_case,
						    .label = result->worst_label},
			    &result->drills, &result->verdicts[QUARTER_RTO]);
}

/* One that does not count raises nothing: only what failed in it does. */
static void count_gates(const struct quarter_attempt *attempt,
			struct objective_integrity *integrity)
{
	const json_t *checks = reading_at(attempt->reading->record, "checks");

	for (size_t i = 0; i < json_array_size(checks); i++) {
		const json_t *check = json_array_get(checks, i);
		const char *status = reading_text(check, "status");

		if (!reading_flag(check, "gate"))
			continue;
		integrity->gates_failed += g_strcmp0(status, "fail") == 0;
		integrity->gates_unassessed +=
			attempt->counted && g_strcmp0(status, "not-assessed") == 0;
	}
}

/* Planted damage that a check found. */
static bool went_red(const json_t *record)
{
	const json_t *controls = reading_at(record, "controls");

	for (size_t i = 0; i < json_array_size(controls); i++)
		if (g_strcmp0(reading_text(json_array_get(controls, i), "status"), "pass") == 0)
			return true;
	return false;
}

static usec_t last_red(const struct quarter_request *request, const char *service, usec_t end)
{
	usec_t last = 0;

	for (guint i = 0; i < request->readings->len; i++) {
		const Reading *reading = request->readings->pdata[i];
		const char *of = reading_text(reading->record, "source.service");

		if (reading->time < end && g_strcmp0(of, service) == 0 && went_red(reading->record))
			last = reading->time;
	}
	return last;
}

void quarter_judge_integrity(struct quarter_result *result, const Quarter *quarter)
{
	const struct quarter_service *service = result->service;
	struct objective_integrity integrity = {
		.verify_cycle = service->verify_cycle,
		.verified = service->read_back < quarter->cutoff ? service->read_back : 0,
		.negative_drill = last_red(quarter->request, service->name, quarter->cutoff)};

	for (guint i = 0; i < result->attempts->len; i++)
		count_gates(&g_array_index(result->attempts, struct quarter_attempt, i),
			    &integrity);
	objective_judge_integrity(&integrity, &result->drills,
				  &result->verdicts[QUARTER_INTEGRITY]);
}

void quarter_judge_coverage(struct quarter_result *result, const Quarter *quarter)
{
	const struct quarter_service *service = result->service;

	result->coverage =
		coverage_compute(&(struct coverage_request){.service = service->name,
							    .readings = quarter->request->readings,
							    .plans = service->plans,
							    .repositories = service->repositories,
							    .strata = service->strata,
							    .now = quarter->cutoff,
							    .max_age = service->max_drill_age});
	coverage_judge(result->coverage, &result->verdicts[QUARTER_COVERAGE]);
}

void quarter_exempt(const struct quarter_service *service, const char *process,
		    enum quarter_kind kind, usec_t now, struct objective_verdict *verdict)
{
	for (guint i = 0; service->exemptions && i < service->exemptions->len; i++) {
		const struct quarter_exemption *exemption =
			&g_array_index(service->exemptions, struct quarter_exemption, i);

		if (exemption->kind == kind && g_strcmp0(exemption->process, process) == 0)
			objective_exempt(&exemption->exemption, now, verdict);
	}
}
