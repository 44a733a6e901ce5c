/* Damage that is planted, and has to be found; and, once nothing else is to come, the checks of stage extended. */
#include "base/error.h"
#include "drill/check/sql.h"
#include "drill/engine/site.h"

static void note_control(Drill *drill, const struct plan_control *control,
			 const DrillCheckResult *result, const char *database)
{
	json_t *object = json_object();
	bool found = result->status == DRILL_CHECK_FAIL;

	json_set_string(object, "name", control->name);
	json_set_string(object, "check", control->check);
	json_set_string(object, "database", database);
	json_set_string(object, "status", found ? "pass" : "fail");
	json_set_string(object, "found", drill_check_status_name(result->status));
	json_set_string(object, "message", result->message);
	json_array_append_new(drill->controls, object);
	drill->controls_passed += !found;
}

static bool run_control(Drill *drill, const struct plan_control *control,
			const struct drill_database *database, GError **error)
{
	g_autofree char *damage = drill_plan_text(drill, control->sql);
	g_autoptr(DrillCheckResult) result =
		drill_check_result_new(control->of, NULL, database->name);
	struct drill_site site;
	bool done;

	drill_site_make(drill, database->name, &site);
	g_autoptr(Session) session =
		session_open_database(site.conninfo, database->name, drill->request->run_id, error);

	done = session &&
	       session_script(session, "BEGIN; SET LOCAL search_path = public, pg_catalog",
			      error) &&
	       session_script(session, damage ? damage : "", error) &&
	       drill_check_sql(drill->plan, control->of, session, &site.site, result, error) &&
	       session_script(session, "ROLLBACK", error);
	drill_site_clear(&site);
	if (done)
		note_control(drill, control, result, database->name);
	return done ||
	       odr_context(error, "control '%s' on database '%s'", control->name, database->name);
}

bool drill_control(Drill *drill, GError **error)
{
	usec_t from = drill_span_begin();
	bool done = true;

	drill->controls = json_array();
	for (guint i = 0; done && i < drill->plan->controls->len; i++) {
		const struct plan_control *control = drill->plan->controls->pdata[i];

		for (guint k = 0; done && k < drill->databases->len; k++) {
			const struct drill_database *database = drill->databases->pdata[k];

			if (drill_check_is_for(control->of, database))
				done = run_control(drill, control, database, error);
		}
	}
	done = done && drill_check_stage(drill, PLAN_STAGE_EXTENDED, error) &&
	       drill_check_extended(drill, error);
	drill_span_end(drill, PHASE_EXTENDED, "", from, true);
	if (done)
		drill_check_figures(drill);
	return done;
}
