/* What of a quarter is a metric: objectives, their states, coverage. */
#include "drill/report/metrics.h"

static double seconds(usec_t time)
{
	return (double)time / (double)USEC_PER_SEC;
}

/* process "": the service itself. */
static void add_state(Metrics *metrics, const struct quarter_service *service, const char *process,
		      enum quarter_kind kind, enum objective_state now)
{
	for (int state = OBJECTIVE_MISSED; state <= OBJECTIVE_MET; state++)
		metrics_add(metrics, "sla_state", (int)now == state, "service", service->name,
			    "tier", service->tier, "process", process, "objective",
			    quarter_kind_name(kind), "state",
			    objective_state_name((enum objective_state)state), NULL);
}

static void add_components(Metrics *metrics, const struct quarter_result *result)
{
	const struct quarter_service *service = result->service;

	for (int i = 0; i < QUARTER_COMPONENTS; i++) {
		const char *name = quarter_component_name((enum quarter_component)i);

		if (service->has[i] && service->rpo[i] > 0)
			metrics_add(metrics, "rpo_objective_seconds", seconds(service->rpo[i]),
				    "service", service->name, "component", name, NULL);
	}
}

static void add_kit(Metrics *metrics, const struct quarter_result *result)
{
	for (guint i = 0; i < result->coverage->len; i++) {
		const struct coverage_row *row = result->coverage->pdata[i];

		if (row->subject == COVERAGE_KIT && row->last_pass > 0)
			metrics_add(metrics, "kit_test_timestamp_seconds", seconds(row->last_pass),
				    "service", result->service->name, NULL);
	}
}

void metrics_add_states(Metrics *metrics, const Quarter *quarter)
{
	for (guint i = 0; i < quarter->results->len; i++) {
		const struct quarter_result *result = quarter->results->pdata[i];

		add_components(metrics, result);
		add_kit(metrics, result);
		for (int kind = 0; kind < QUARTER_KINDS; kind++)
			add_state(metrics, result->service, "", (enum quarter_kind)kind,
				  quarter_service_state(quarter, result->service->name,
							(enum quarter_kind)kind));
		for (guint k = 0; k < quarter->processes->len; k++) {
			const struct quarter_process *process = quarter->processes->pdata[k];

			for (int kind = 0; process->business && kind < QUARTER_COVERAGE &&
					   g_str_equal(process->service, result->service->name);
			     kind++)
				add_state(metrics, result->service, process->name,
					  (enum quarter_kind)kind, process->verdicts[kind].state);
		}
	}
}
