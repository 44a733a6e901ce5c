/* What is looked at through the application, by programs of the operator's, and in what the drill itself left. */
#include "base/error.h"
#include "drill/check_host.h"
#include "drill/engine.h"

#include <string.h>

/* ---- programs ------------------------------------------------------------------------------------ */

static bool run_command(Drill *drill, const struct plan_check *check, DrillCheckResult *result,
			GError **error)
{
	g_autofree char *conninfo = replica_conninfo(drill->replica);
	usec_t last = drill->arrival.last_commit;
	g_autofree char *target = last > 0 ? clock_format(last) : NULL;
	pid_t server = drill->plan->isolation.network == PLAN_NETWORK_HOST
			       ? 0
			       : replica_pid(drill->replica);

	return drill_check_command(&(struct drill_command_site){.server = server,
								.folder = drill->sandbox.folder,
								.conninfo = conninfo,
								.database = check->database,
								.filestore = drill->files.folder,
								.service = drill->request->service,
								.run_id = drill->request->run_id,
								.target = target},
				   result, error);
}

/* A program that cannot be run is the plan's trouble: nothing is known of the backup. */
bool drill_check_by_command(Drill *drill, const struct plan_check *check, GError **error)
{
	g_autoptr(DrillCheckResult) result = drill_check_result_new(check, NULL, check->database);
	g_autoptr(GError) trouble = NULL;

	if (!run_command(drill, check, result, &trouble)) {
		if (odr_error_is(trouble, ODR_ERROR_STOPPED)) {
			g_propagate_error(error, g_steal_pointer(&trouble));
			return false;
		}
		drill_check_unassessed(result, "%s", trouble->message);
	}
	g_ptr_array_add(drill->results, g_steal_pointer(&result));
	return true;
}

/* ---- all of them --------------------------------------------------------------------------------- */

static void add_result(Drill *drill, const struct plan_check *check,
		       void (*look)(Drill *drill, DrillCheckResult *result))
{
	DrillCheckResult *result = drill_check_result_new(check, NULL, check->database);

	look(drill, result);
	g_ptr_array_add(drill->results, result);
}

static void look_at_log(Drill *drill, DrillCheckResult *result)
{
	drill_check_log(result->check->log_source == PLAN_LOG_POSTGRES ? replica_log(drill->replica)
								       : NULL,
			drill->plan->postgresql.log_allow, result);
}

static void leave_out(Drill *drill, DrillCheckResult *result)
{
	(void)drill;
	drill_check_unassessed(result, "this program does not ask applications over HTTP yet");
}

static void look_at_figure(Drill *drill, DrillCheckResult *result)
{
	struct drill_measured measured;

	drill_measure(drill, &measured);
	drill_check_span(
		(const struct drill_figure[]){
			{"rta_restore_only", measured.figures.restore_only},
			{"rta_db_ready", measured.figures.db_ready},
			{"rta_service_ready", measured.figures.service_ready},
			{"rta_with_assumptions", measured.with_assumptions},
			{"achieved_rpo", measured.achieved_rpo},
			{"target_gap", measured.target_gap},
			{"locate", measured.figures.phase[PHASE_LOCATE]},
			{"provision", measured.figures.phase[PHASE_PROVISION]},
			{"base", measured.figures.phase[PHASE_BASE]},
			{"filestore", measured.figures.phase[PHASE_FILESTORE]},
			{"replay", measured.figures.phase[PHASE_REPLAY]},
			{"startup", measured.figures.phase[PHASE_STARTUP]},
			{"application", measured.figures.phase[PHASE_APPLICATION]},
			{"gate", measured.figures.phase[PHASE_GATE]},
			{NULL, 0}},
		result);
}

bool drill_check_app(Drill *drill, GError **error)
{
	usec_t from = drill_span_begin();
	bool done = drill_check_stage(drill, PLAN_STAGE_APP, error);

	for (guint i = 0; done && i < drill->plan->checks->len; i++) {
		const struct plan_check *check = drill->plan->checks->pdata[i];

		if (check->type == PLAN_CHECK_LOG)
			add_result(drill, check, look_at_log);
		else if (check->type == PLAN_CHECK_HTTP)
			add_result(drill, check, leave_out);
	}
	drill_span_end(drill, PHASE_GATE, "", from, false);
	return done;
}

void drill_check_figures(Drill *drill)
{
	drill->checked = clock_monotonic();
	for (guint i = 0; i < drill->plan->checks->len; i++) {
		const struct plan_check *check = drill->plan->checks->pdata[i];

		if (check->type == PLAN_CHECK_SPAN)
			add_result(drill, check, look_at_figure);
	}
}
