/* Jobs that were running at the moment: what a real recovery would do with them is rehearsed, and rolled back. */
#include "base/error.h"
#include "drill/engine/engine.h"

#include <string.h>

struct rehearsal {
	const char *database;
	json_t *ids;
	uint64_t jobs;
};

#define IDS_MAX 1000

static bool take_job(void *data, const char *const *values, GError **error)
{
	struct rehearsal *rehearsal = data;

	(void)error;
	rehearsal->jobs++;
	if (json_array_size(rehearsal->ids) < IDS_MAX)
		json_array_append_new(rehearsal->ids,
				      json_pack("{s:s,s:s}", "database", rehearsal->database, "id",
						values[0] ? values[0] : ""));
	return true;
}

/* Counted, and rolled back: what a real recovery would do before Odoo starts. */
static bool rehearse(Drill *drill, const struct drill_database *database, const char *sql,
		     struct rehearsal *rehearsal, GError **error)
{
	g_autofree char *conninfo = replica_conninfo(drill->replica);
	g_autofree char *has_jobs = NULL;
	g_autoptr(Session) session =
		session_open_database(conninfo, database->name, drill->request->run_id, error);

	rehearsal->database = database->name;
	if (!session ||
	    !session_value(session, "SELECT to_regclass('public.queue_job') IS NOT NULL", &has_jobs,
			   error))
		return false;
	if (strcmp(has_jobs, "t") != 0)
		return true;
	return session_script(session, "BEGIN; SET LOCAL search_path = public, pg_catalog",
			      error) &&
	       session_rows(session, sql, take_job, rehearsal, error) &&
	       session_script(session, "ROLLBACK", error);
}

bool drill_requeue(Drill *drill, GError **error)
{
	g_autofree char *sql = drill_plan_text(drill, drill->plan->requeue.sql);
	struct rehearsal rehearsal = {.ids = json_array()};
	usec_t from = drill_span_begin();
	bool done = true;

	if (drill->plan->requeue.mode == PLAN_REQUEUE_OFF || !sql) {
		json_decref(rehearsal.ids);
		return true;
	}
	for (guint i = 0; done && i < drill->databases->len; i++) {
		const struct drill_database *database = drill->databases->pdata[i];

		if (database->odoo)
			done = rehearse(drill, database, sql, &rehearsal, error);
	}
	drill->requeue = json_object();
	json_set_string(drill->requeue, "mode", "rehearse");
	json_set_int(drill->requeue, "jobs", (int64_t)rehearsal.jobs);
	json_set(drill->requeue, "ids", rehearsal.ids);
	drill_span_end(drill, PHASE_APPLICATION, plan_component_name(PLAN_INTEGRATION), from,
		       false);
	drill->requeued = clock_monotonic();
	return done;
}
