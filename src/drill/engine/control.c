/* Damage that is planted, and has to be found; and, once nothing else is to come, the checks of stage extended. */
#include "base/error.h"
#include "drill/check/sql.h"
#include "drill/engine/site.h"

#include <string.h>

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

/* There is nothing that damage could be planted in: its check says so, too. */
static void note_unplanted(Drill *drill, const struct plan_control *control)
{
	json_t *object = json_object();

	json_set_string(object, "name", control->name);
	json_set_string(object, "check", control->check);
	json_set_string(object, "database", control->of->database);
	json_set_string(object, "status", drill_check_status_name(DRILL_CHECK_UNASSESSED));
	json_set_string(object, "found", NULL);
	json_set_string(object, "message", "there is no database to plant the damage in");
	json_array_append_new(drill->controls, object);
}

/* Where its check is carried out: on the one it names, whosever that is, or on all of Odoo's. */
static bool is_for(const struct plan_control *control, const struct drill_database *database)
{
	const char *name = control->of->database;

	return name ? strcmp(name, database->name) == 0 : database->odoo != NULL;
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

static bool plant(Drill *drill, const struct plan_control *control, GError **error)
{
	bool planted = false;

	for (guint i = 0; i < drill->databases->len; i++) {
		const struct drill_database *database = drill->databases->pdata[i];

		if (!is_for(control, database))
			continue;
		if (!run_control(drill, control, database, error))
			return false;
		planted = true;
	}
	if (!planted)
		note_unplanted(drill, control);
	return true;
}

bool drill_control(Drill *drill, GError **error)
{
	usec_t from = drill_span_begin();
	bool done = true;

	drill->controls = json_array();
	for (guint i = 0; done && i < drill->plan->controls->len; i++)
		done = plant(drill, drill->plan->controls->pdata[i], error);
	done = done && drill_check_stage(drill, PLAN_STAGE_EXTENDED, error) &&
	       drill_check_extended(drill, error);
	drill_span_end(drill, PHASE_EXTENDED, "", from, true);
	if (done)
		drill_check_figures(drill);
	return done;
}
