/* What drills of a period say of business processes. */
#include "drill/report/quarter_parts.h"
#include "drill/report/words.h"

#include <string.h>

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

void quarter_gather_processes(Quarter *quarter, const struct quarter_result *result)
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

void quarter_judge_processes(Quarter *quarter)
{
	for (guint i = 0; i < quarter->processes->len; i++) {
		struct quarter_process *process = quarter->processes->pdata[i];

		process->integrity = process->failed > 0       ? OBJECTIVE_MISSED
				     : process->passed == 0    ? OBJECTIVE_NOT_PROVEN
				     : process->unassessed > 0 ? OBJECTIVE_NOT_PROVEN
							       : OBJECTIVE_MET;
	}
}
