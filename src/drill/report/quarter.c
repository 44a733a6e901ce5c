#include "drill/report/quarter.h"

#include "base/error.h"
#include "drill/report/quarter_parts.h"
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

bool quarter_kind_parse(const char *name, enum quarter_kind *kind)
{
	for (int i = 0; i < QUARTER_KINDS; i++) {
		*kind = (enum quarter_kind)i;
		if (g_ascii_strcasecmp(quarter_kind_name(*kind), name) == 0)
			return true;
	}
	return false;
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

/* ---- all of it -------------------------------------------------------------------------------- */

static void result_free(void *data)
{
	struct quarter_result *result = data;

	for (int i = 0; i < QUARTER_COMPONENTS; i++)
		if (result->exposure[i].episodes)
			g_array_unref(result->exposure[i].episodes);
	for (int i = 0; i < QUARTER_KINDS; i++)
		objective_verdict_clear(&result->verdicts[i]);
	g_ptr_array_unref(result->coverage);
	g_array_unref(result->attempts);
	g_array_unref(result->incidents);
	g_array_unref(result->rta);
	g_free(result);
}

Quarter *quarter_compute(const struct quarter_request *request)
{
	Quarter *quarter = g_new0(Quarter, 1);

	quarter->request = request;
	quarter->cutoff = MIN(request->to, request->now);
	quarter->results = g_ptr_array_new_with_free_func(result_free);
	quarter->processes = g_ptr_array_new_with_free_func(quarter_process_free);
	for (guint i = 0; i < request->services->len; i++) {
		struct quarter_result *result = g_new0(struct quarter_result, 1);

		result->service = request->services->pdata[i];
		result->drills = (struct objective_drills){
			.end = quarter->cutoff, .max_age = result->service->max_drill_age};
		quarter_gather_attempts(result, request);
		quarter_count_attempts(result);
		quarter_measure_exposure(result, quarter);
		quarter_judge_rpo(result, quarter);
		quarter_judge_rto(result);
		quarter_gather_incidents(result, request);
		quarter_judge_incidents(result);
		quarter_judge_integrity(result, quarter);
		quarter_judge_coverage(result, quarter);
		for (int kind = 0; kind < QUARTER_KINDS; kind++)
			quarter_exempt(result->service, NULL, (enum quarter_kind)kind,
				       quarter->cutoff, &result->verdicts[kind]);
		g_ptr_array_add(quarter->results, result);
		quarter_add_service_processes(quarter, result);
	}
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

enum objective_state quarter_service_state(const Quarter *quarter, const char *service,
					   enum quarter_kind kind)
{
	g_autofree enum objective_state *states =
		g_new(enum objective_state, quarter->results->len + quarter->processes->len + 1);
	size_t count = 0;

	for (guint i = 0; i < quarter->results->len; i++) {
		const struct quarter_result *result = quarter->results->pdata[i];

		if (strcmp(result->service->name, service) == 0)
			states[count++] = result->verdicts[kind].state;
	}
	for (guint i = 0; kind != QUARTER_COVERAGE && i < quarter->processes->len; i++) {
		const struct quarter_process *process = quarter->processes->pdata[i];

		if (process->business && strcmp(process->service, service) == 0)
			states[count++] = process->verdicts[kind].state;
	}
	return objective_roll_up(states, count);
}

enum objective_state quarter_tier_state(const Quarter *quarter, const char *tier,
					enum quarter_kind kind)
{
	g_autofree enum objective_state *states =
		g_new(enum objective_state, quarter->results->len + 1);
	size_t count = 0;

	for (guint i = 0; i < quarter->results->len; i++) {
		const struct quarter_service *service =
			((const struct quarter_result *)quarter->results->pdata[i])->service;

		if (!tier || strcmp(service->tier, tier) == 0)
			states[count++] = quarter_service_state(quarter, service->name, kind);
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
