/* Business processes over a period: what they rest on, their checks, their objectives. */
#include "drill/report/quarter_parts.h"
#include "drill/report/words.h"

#include <string.h>

void quarter_process_free(void *data)
{
	struct quarter_process *process = data;

	for (size_t i = 0; i < G_N_ELEMENTS(process->verdicts); i++)
		objective_verdict_clear(&process->verdicts[i]);
	g_hash_table_unref(process->seen);
	g_free(process);
}

static const struct quarter_business *business_of(const struct quarter_service *service,
						  const char *name)
{
	for (guint i = 0; service->businesses && i < service->businesses->len; i++) {
		const struct quarter_business *business = service->businesses->pdata[i];

		if (strcmp(business->name, name) == 0)
			return business;
	}
	return NULL;
}

static struct quarter_process *process_of(Quarter *quarter, const struct quarter_service *service,
					  const char *name)
{
	struct quarter_process *process;

	for (guint i = 0; i < quarter->processes->len; i++) {
		process = quarter->processes->pdata[i];
		if (strcmp(process->name, name) == 0 &&
		    strcmp(process->service, service->name) == 0)
			return process;
	}
	process = g_new0(struct quarter_process, 1);
	process->name = name;
	process->service = service->name;
	process->business = business_of(service, name);
	process->seen = g_hash_table_new(g_str_hash, g_str_equal);
	process->slowest = process->bound = -1;
	g_ptr_array_add(quarter->processes, process);
	return process;
}

/* ---- what drills say ----------------------------------------------------------------------------- */

/* One that is to warn fails nothing, and proves nothing. */
static bool is_failure(const json_t *check)
{
	return g_strcmp0(reading_text(check, "status"), "fail") == 0 &&
	       (reading_flag(check, "gate") ||
		g_strcmp0(reading_text(check, "severity"), "fail") == 0);
}

/* Of a drill that does not count, only what failed. */
static void count_failure(Quarter *quarter, const struct quarter_service *service,
			  const json_t *check)
{
	const json_t *names = reading_at(check, "process");

	for (size_t i = 0; is_failure(check) && i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));

		if (name)
			process_of(quarter, service, name)->failed++;
	}
}

static void count_check(Quarter *quarter, const struct quarter_service *service,
			const json_t *record, const json_t *check)
{
	const json_t *names = reading_at(check, "process");
	const char *status = reading_text(check, "status");
	const char *check_name = reading_text(check, "name");

	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));
		struct quarter_process *process;

		if (!name)
			continue;
		process = process_of(quarter, service, name);
		process->passed += g_strcmp0(status, "pass") == 0;
		process->failed += is_failure(check);
		process->unassessed += g_strcmp0(status, "not-assessed") == 0;
		process->bound = MAX(process->bound,
				     reading_int(record, "measured.rta_with_assumptions_us"));
		if (g_strcmp0(status, "pass") == 0 && check_name)
			g_hash_table_add(process->seen, (gpointer)check_name);
	}
}

static void count_checks(Quarter *quarter, const struct quarter_service *service,
			 const struct quarter_attempt *attempt)
{
	const json_t *record = attempt->reading->record;
	const json_t *checks = reading_at(record, "checks");

	for (size_t i = 0; i < json_array_size(checks); i++) {
		const json_t *check = json_array_get(checks, i);

		if (attempt->counted)
			count_check(quarter, service, record, check);
		else
			count_failure(quarter, service, check);
	}
}

static void note_objective(Quarter *quarter, const struct quarter_service *service,
			   const json_t *objective)
{
	const char *scope = reading_text(objective, "scope");
	enum objective_state state;
	struct quarter_process *process;

	if (!scope || !g_str_has_prefix(scope, "process ") ||
	    g_strcmp0(reading_text(objective, "kind"), "rto") != 0)
		return;
	process = process_of(quarter, service, scope + strlen("process "));
	process->slowest = MAX(process->slowest, reading_int(objective, "measured_us"));
	process->missed |=
		words_state(reading_text(objective, "state"), &state) && state == OBJECTIVE_MISSED;
}

static void gather(Quarter *quarter, const struct quarter_result *result)
{
	const struct quarter_service *service = result->service;

	for (guint i = 0; service->businesses && i < service->businesses->len; i++)
		process_of(quarter, service,
			   ((struct quarter_business *)service->businesses->pdata[i])->name);
	for (guint i = 0; i < result->attempts->len; i++) {
		const struct quarter_attempt *attempt =
			&g_array_index(result->attempts, struct quarter_attempt, i);
		const json_t *objectives = reading_at(attempt->reading->record, "objectives");

		count_checks(quarter, service, attempt);
		for (size_t k = 0; attempt->counted && k < json_array_size(objectives); k++)
			note_objective(quarter, service, json_array_get(objectives, k));
	}
}

/* ---- judging ------------------------------------------------------------------------------------- */

static void judge_rpo(const Quarter *quarter, const struct quarter_result *result,
		      struct quarter_process *process)
{
	const struct quarter_business *business = process->business;
	struct exposure_period period = {.start = quarter->request->from,
					 .end = MAX(quarter->cutoff, quarter->request->from),
					 .objective = business ? business->rpo : 0};
	bool known = business && business->events;

	if (known)
		exposure_summarize(&period, business->events, &process->exposure);
	objective_judge_rpo(
		&(struct objective_rpo){.objective = period.objective,
					.maximum = known && process->exposure.known > 0
							   ? process->exposure.maximum
							   : -1,
					.achieved = -1,
					.within = process->exposure.within,
					.required = result->service->rpo_required,
					.unknown = process->exposure.unknown,
					.allowance = result->service->unknown_allowance},
		&result->drills, &process->verdicts[QUARTER_RPO]);
}

static void judge_rto(const struct quarter_result *result, struct quarter_process *process)
{
	struct objective_verdict *verdict = &process->verdicts[QUARTER_RTO];

	/* It is ready no later than the service: what is estimated of that bounds it. */
	objective_judge_rto(
		&(struct objective_rto){.objective = process->business ? process->business->rto : 0,
					.slowest = process->slowest >= 0 ? process->slowest
									 : process->bound,
					.measured = result->rta->len,
					.min_drills = result->service->min_drills,
					.worst_case = result->worst_case,
					.label = result->worst_label},
		&result->drills, verdict);
	if (!process->missed || verdict->state == OBJECTIVE_MISSED)
		return;
	verdict->state = OBJECTIVE_MISSED;
	g_ptr_array_add(verdict->reasons, g_strdup("a drill missed what was its objective then"));
}

static void judge_checks(struct quarter_process *process)
{
	const struct quarter_business *business = process->business;
	g_autoptr(GPtrArray) unseen = g_ptr_array_new();

	for (char **name = business ? business->checks : NULL; name && *name; name++)
		if (!g_hash_table_contains(process->seen, *name) &&
		    !(business->lacking &&
		      g_strv_contains((const char *const *)business->lacking, *name)))
			g_ptr_array_add(unseen, *name);
	g_ptr_array_add(unseen, NULL);
	objective_judge_checks(
		&(struct objective_checks){
			.passed = process->passed,
			.failed = process->failed,
			.unassessed = process->unassessed,
			.lacking = business ? (const char *const *)business->lacking : NULL,
			.unseen = (const char *const *)unseen->pdata},
		&process->verdicts[QUARTER_INTEGRITY]);
}

void quarter_add_service_processes(Quarter *quarter, const struct quarter_result *result)
{
	guint first = quarter->processes->len;

	gather(quarter, result);
	for (guint i = first; i < quarter->processes->len; i++) {
		struct quarter_process *process = quarter->processes->pdata[i];

		judge_rpo(quarter, result, process);
		judge_rto(result, process);
		judge_checks(process);
		for (int kind = 0; kind < QUARTER_COVERAGE; kind++)
			quarter_exempt(result->service, process->name, (enum quarter_kind)kind,
				       quarter->cutoff, &process->verdicts[kind]);
	}
}
