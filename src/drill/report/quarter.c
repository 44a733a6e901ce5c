#include "drill/report/quarter.h"

#include "base/error.h"
#include "drill/report/words.h"
#include "repo/manifest.h"

#include <string.h>

const char *quarter_component_name(enum quarter_component component)
{
	static const char *const names[] = {PART_DATABASE, PART_FILESTORE, PART_CONFIG};

	return names[component];
}

const char *quarter_kind_name(enum quarter_kind kind)
{
	static const char *const names[] = {"RPO", "RTO", "integrity", "coverage"};

	return names[kind];
}

/* ---- names of quarters ------------------------------------------------------------------------ */

static usec_t month_start(int year, int month)
{
	g_autoptr(GDateTime) date = g_date_time_new_utc(year, month, 1, 0, 0, 0);

	return date ? g_date_time_to_unix(date) * USEC_PER_SEC : 0;
}

bool quarter_parse(const char *name, usec_t *from, usec_t *to, GError **error)
{
	int year, quarter;

	if (strlen(name) != 7 || name[4] != '-' || name[5] != 'Q' || name[6] < '1' ||
	    name[6] > '4' || strspn(name, "0123456789") != 4 || name[0] == '0')
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' is no quarter; write one as 2026-Q4",
				name);
	year = (int)g_ascii_strtoll(name, NULL, 10);
	quarter = name[6] - '0';
	*from = month_start(year, 3 * quarter - 2);
	*to = quarter == 4 ? month_start(year + 1, 1) : month_start(year, 3 * quarter + 1);
	return true;
}

char *quarter_name(usec_t time)
{
	g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(time / USEC_PER_SEC);

	return g_strdup_printf("%d-Q%d", g_date_time_get_year(date),
			       (g_date_time_get_month(date) + 2) / 3);
}

/* ---- attempts --------------------------------------------------------------------------------- */

static bool is_of(const Reading *reading, const char *service)
{
	return g_strcmp0(reading_text(reading->record, "source.service"), service) == 0;
}

/* The regime of the newest attempt that may count: figures of another one say nothing of today's. */
static const char *regime_of(const struct quarter_request *request, const char *service)
{
	const char *regime = NULL;

	for (guint i = 0; i < request->readings->len; i++) {
		const Reading *reading = request->readings->pdata[i];

		if (reading->time < request->to && is_of(reading, service) &&
		    reading_counts(reading))
			regime = reading_text(reading->record, "regime");
	}
	return regime;
}

static char *slot_of(const Reading *reading)
{
	const char *plan = reading_text(reading->record, "plan.name");
	const char *slot = reading_text(reading->record, "run.slot");

	return g_strdup_printf("%s\n%s", plan ? plan : "", slot ? slot : "");
}

static struct quarter_attempt judge_attempt(const Reading *reading, const char *regime,
					    GHashTable *slots)
{
	struct quarter_attempt attempt = {.reading = reading, .why_not = ""};
	const char *outcome = reading_text(reading->record, "outcome");

	if (reading_flag(reading->record, "draw.operator_chosen"))
		attempt.why_not = "chosen by the operator";
	else if (!reading_counts(reading))
		attempt.why_not = outcome_look(outcome)->words;
	else if (!reading_text(reading->record, "run.slot"))
		attempt.why_not = "not of a slot";
	else if (g_strcmp0(reading_text(reading->record, "regime"), regime) != 0)
		attempt.why_not = "of another regime";
	else if (!g_hash_table_add(slots, slot_of(reading)))
		attempt.why_not = "a repeat in its slot";
	else
		attempt.counted = true;
	return attempt;
}

static void gather_attempts(struct quarter_result *result, const struct quarter_request *request)
{
	const char *name = result->service->name, *regime = regime_of(request, name);
	g_autoptr(GHashTable) slots = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	result->attempts = g_array_new(FALSE, FALSE, sizeof(struct quarter_attempt));
	for (guint i = 0; i < request->readings->len; i++) {
		const Reading *reading = request->readings->pdata[i];
		struct quarter_attempt attempt;

		if (!is_of(reading, name) || reading->time < request->from ||
		    reading->time >= request->to)
			continue;
		attempt = judge_attempt(reading, regime, slots);
		g_array_append_val(result->attempts, attempt);
	}
}

static gint by_value(gconstpointer a, gconstpointer b)
{
	usec_t x = *(const usec_t *)a, y = *(const usec_t *)b;

	return x < y ? -1 : x > y;
}

static void count_attempts(struct quarter_result *result)
{
	struct objective_drills *drills = &result->drills;

	result->rta = g_array_new(FALSE, FALSE, sizeof(usec_t));
	for (guint i = 0; i < result->attempts->len; i++) {
		const struct quarter_attempt *attempt =
			&g_array_index(result->attempts, struct quarter_attempt, i);
		const json_t *record = attempt->reading->record;
		bool failed = outcome_look(reading_text(record, "outcome"))->tone == TONE_BAD;
		usec_t rta = reading_int(record, "measured.rta_with_assumptions_us");

		if (!attempt->counted) {
			drills->uncounted_failed += failed;
			continue;
		}
		drills->counted++;
		drills->failed += failed;
		drills->open += !failed && !reading_passed(attempt->reading);
		if (reading_passed(attempt->reading))
			drills->newest_pass = attempt->reading->time;
		if (rta >= 0)
			g_array_append_val(result->rta, rta);
	}
	g_array_sort(result->rta, by_value);
}

/* ---- judging ---------------------------------------------------------------------------------- */

static void measure_exposure(struct quarter_result *result, const Quarter *quarter)
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

/* The most that a counted drill to the latest moment lost. */
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
static void judge_rpo(struct quarter_result *result)
{
	struct objective_verdict *worst = &result->verdicts[QUARTER_RPO];
	const struct objective_drills proven = {.newest_pass = 1, .end = 1};
	bool any = false;

	objective_verdict_init(worst);
	for (int i = 0; i < QUARTER_COMPONENTS; i++) {
		const struct quarter_exposure *exposure = &result->exposure[i];
		const struct exposure_summary *summary = &exposure->summary;
		struct objective_rpo rpo = {
			.objective = exposure->objective,
			.maximum = exposure->events && summary->known > 0 ? summary->maximum : -1,
			.achieved = i == QUARTER_DATABASE ? achieved(result) : -1,
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
		worst->state = MIN(worst->state, verdict.state);
		for (guint k = 0; k < verdict.reasons->len; k++)
			g_ptr_array_add(
				worst->reasons,
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

static void judge_rto(struct quarter_result *result)
{
	usec_t slowest = result->rta->len > 0
				 ? g_array_index(result->rta, usec_t, result->rta->len - 1)
				 : -1;

	result->worst_case = -1;
	for (guint i = 0; i < result->attempts->len; i++) {
		const json_t *record =
			g_array_index(result->attempts, struct quarter_attempt, i).reading->record;
		usec_t estimate = reading_int(record, "worst_case.estimate_us");

		if (estimate < 0)
			continue;
		result->worst_case = estimate;
		result->worst_label = label_of(reading_text(record, "worst_case.label"));
	}
	objective_judge_rto(&(struct objective_rto){.objective = result->service->rto,
						    .slowest = slowest,
						    .min_drills = result->service->min_drills,
						    .worst_case = result->worst_case,
						    .label = result->worst_label},
			    &result->drills, &result->verdicts[QUARTER_RTO]);
}

static void count_gates(const json_t *record, struct objective_integrity *integrity)
{
	const json_t *checks = reading_at(record, "checks");

	for (size_t i = 0; i < json_array_size(checks); i++) {
		const json_t *check = json_array_get(checks, i);
		const char *status = reading_text(check, "status");

		if (!reading_flag(check, "gate"))
			continue;
		integrity->gates_failed += g_strcmp0(status, "fail") == 0;
		integrity->gates_unassessed += g_strcmp0(status, "not-assessed") == 0;
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

static void judge_integrity(struct quarter_result *result)
{
	struct objective_integrity integrity = {.verify_cycle = result->service->verify_cycle};

	for (guint i = 0; i < result->attempts->len; i++) {
		const struct quarter_attempt *attempt =
			&g_array_index(result->attempts, struct quarter_attempt, i);

		if (attempt->counted)
			count_gates(attempt->reading->record, &integrity);
		if (went_red(attempt->reading->record))
			integrity.negative_drill = attempt->reading->time;
	}
	objective_judge_integrity(&integrity, &result->drills,
				  &result->verdicts[QUARTER_INTEGRITY]);
}

static unsigned different(const struct quarter_result *result, const char *path)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < result->attempts->len; i++) {
		const struct quarter_attempt *attempt =
			&g_array_index(result->attempts, struct quarter_attempt, i);
		const char *text = reading_text(attempt->reading->record, path);

		if (attempt->counted && text && reading_passed(attempt->reading))
			g_hash_table_add(seen, (gpointer)text);
	}
	return g_hash_table_size(seen);
}

static usec_t kit_tested(const struct quarter_result *result)
{
	usec_t time = 0;

	for (guint i = 0; i < result->attempts->len; i++) {
		const Reading *reading =
			g_array_index(result->attempts, struct quarter_attempt, i).reading;

		if (reading_passed(reading) &&
		    g_strcmp0(reading_text(reading->record, "plan.kind"), "kit") == 0)
			time = reading->time;
	}
	return time;
}

#define DRAW_WAYS 4 /* time, wal, worst, edge */

static void judge_coverage(struct quarter_result *result)
{
	const struct status *status = result->service->status;
	struct objective_coverage coverage = {
		.repositories = status ? status->repositories->len : 1,
		.repositories_drilled = different(result, "source.repository"),
		.methods = DRAW_WAYS,
		.methods_drilled = MIN(different(result, "draw.effective"), DRAW_WAYS),
		.kit_tested = kit_tested(result),
		.kit_max_age = 365 * USEC_PER_DAY,
	};

	objective_judge_coverage(&coverage, &result->drills, &result->verdicts[QUARTER_COVERAGE]);
}

/* ---- processes -------------------------------------------------------------------------------- */

static struct quarter_process *process_of(Quarter *quarter, const char *name, const char *service)
{
	struct quarter_process *process;

	for (guint i = 0; i < quarter->processes->len; i++) {
		process = quarter->processes->pdata[i];
		if (strcmp(process->name, name) == 0 && strcmp(process->service, service) == 0)
			return process;
	}
	process = g_new0(struct quarter_process, 1);
	*process = (struct quarter_process){.name = name,
					    .service = service,
					    .rto = OBJECTIVE_NOT_ASSESSED,
					    .integrity = OBJECTIVE_MET,
					    .slowest = -1};
	g_ptr_array_add(quarter->processes, process);
	return process;
}

static void count_check(Quarter *quarter, const json_t *check, const char *service)
{
	const json_t *names = reading_at(check, "process");
	const char *status = reading_text(check, "status");

	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));
		struct quarter_process *process;

		if (!name)
			continue;
		process = process_of(quarter, name, service);
		process->passed += g_strcmp0(status, "pass") == 0;
		process->failed += g_strcmp0(status, "fail") == 0;
		process->unassessed += g_strcmp0(status, "not-assessed") == 0;
	}
}

static void note_objective(Quarter *quarter, const json_t *objective, const char *service)
{
	const char *scope = reading_text(objective, "scope");
	enum objective_state state;
	struct quarter_process *process;

	if (!scope || !g_str_has_prefix(scope, "process ") ||
	    g_strcmp0(reading_text(objective, "kind"), "rto") != 0 ||
	    !words_state(reading_text(objective, "state"), &state))
		return;
	process = process_of(quarter, scope + strlen("process "), service);
	process->slowest = MAX(process->slowest, reading_int(objective, "measured_us"));
	process->rto = process->rto == OBJECTIVE_NOT_ASSESSED ? state : MIN(process->rto, state);
}

static void gather_processes(Quarter *quarter, const struct quarter_result *result)
{
	for (guint i = 0; i < result->attempts->len; i++) {
		const struct quarter_attempt *attempt =
			&g_array_index(result->attempts, struct quarter_attempt, i);
		const json_t *checks = reading_at(attempt->reading->record, "checks");
		const json_t *objectives = reading_at(attempt->reading->record, "objectives");

		for (size_t k = 0; attempt->counted && k < json_array_size(checks); k++)
			count_check(quarter, json_array_get(checks, k), result->service->name);
		for (size_t k = 0; attempt->counted && k < json_array_size(objectives); k++)
			note_objective(quarter, json_array_get(objectives, k),
				       result->service->name);
	}
}

static void judge_processes(Quarter *quarter)
{
	for (guint i = 0; i < quarter->processes->len; i++) {
		struct quarter_process *process = quarter->processes->pdata[i];

		process->integrity = process->failed > 0       ? OBJECTIVE_MISSED
				     : process->passed == 0    ? OBJECTIVE_NOT_PROVEN
				     : process->unassessed > 0 ? OBJECTIVE_NOT_PROVEN
							       : OBJECTIVE_MET;
	}
}

/* ---- all of it -------------------------------------------------------------------------------- */

static void result_free(void *data)
{
	struct quarter_result *result = data;

	for (int i = 0; i < QUARTER_COMPONENTS; i++)
		if (result->exposure[i].episodes)
			g_array_unref(result->exposure[i].episodes);
	for (int i = 0; i < QUARTER_KINDS; i++)
		objective_verdict_clear(&result->verdicts[i]);
	g_array_unref(result->attempts);
	g_array_unref(result->rta);
	g_free(result);
}

Quarter *quarter_compute(const struct quarter_request *request)
{
	Quarter *quarter = g_new0(Quarter, 1);

	quarter->request = request;
	quarter->cutoff = MIN(request->to, request->now);
	quarter->results = g_ptr_array_new_with_free_func(result_free);
	quarter->processes = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < request->services->len; i++) {
		struct quarter_result *result = g_new0(struct quarter_result, 1);

		result->service = request->services->pdata[i];
		result->drills = (struct objective_drills){
			.end = quarter->cutoff, .max_age = result->service->max_drill_age};
		gather_attempts(result, request);
		count_attempts(result);
		measure_exposure(result, quarter);
		judge_rpo(result);
		judge_rto(result);
		judge_integrity(result);
		judge_coverage(result);
		gather_processes(quarter, result);
		g_ptr_array_add(quarter->results, result);
	}
	judge_processes(quarter);
	return quarter;
}

void quarter_free(Quarter *quarter)
{
	if (!quarter)
		return;
	g_ptr_array_unref(quarter->results);
	g_ptr_array_unref(quarter->processes);
	g_free(quarter);
}

enum objective_state quarter_tier_state(const Quarter *quarter, const char *tier,
					enum quarter_kind kind)
{
	g_autofree enum objective_state *states =
		g_new(enum objective_state, quarter->results->len + 1);
	size_t count = 0;

	for (guint i = 0; i < quarter->results->len; i++) {
		const struct quarter_result *result = quarter->results->pdata[i];

		if (!tier || strcmp(result->service->tier, tier) == 0)
			states[count++] = result->verdicts[kind].state;
	}
	return objective_roll_up(states, count);
}

enum objective_state quarter_state(const Quarter *quarter)
{
	enum objective_state states[QUARTER_KINDS];

	for (int kind = 0; kind < QUARTER_KINDS; kind++)
		states[kind] = quarter_tier_state(quarter, NULL, (enum quarter_kind)kind);
	return objective_roll_up(states, QUARTER_KINDS);
}
