#include "cli/drill/abandoned.h"

#include "base/log.h"
#include "cli/drill/plan.h"
#include "cli/run/notify.h"
#include "drill/abandoned.h"
#include "drill/evidence/history.h"

#include <string.h>

/* ---- in the chain -------------------------------------------------------------------------------- */

static void tell(const Settings *settings, const struct history_drill *drill)
{
	g_autofree char *path = drill_plan_path(settings, drill->plan ? drill->plan : "");
	g_autoptr(DrillPlan) plan = drill_plan_read(settings, path, NULL);

	if (plan)
		notify_drill(settings, &plan->notify,
			     &(struct notify_message){
				     .service = plan->service,
				     .plan = plan->name,
				     .run = drill->run,
				     .outcome = drill_outcome_name(OUTCOME_ABANDONED),
				     .exit_status = 1,
				     .summary = "the drill did not end: it is recorded as "
						"abandoned"});
}

bool abandoned_close(const Settings *settings, Audit *audit, GError **error)
{
	g_autoptr(GPtrArray) runs = NULL;
	g_autoptr(History) history = NULL;

	if (!audit_abandon(audit, &runs, error))
		return false;
	if (runs->len > 0 && !(history = history_read(settings->state, error)))
		return false;
	for (guint i = 0; i < runs->len; i++) {
		log_warning("drill %s did not end: it is recorded as abandoned",
			    (char *)runs->pdata[i]);
		for (guint k = 0; k < history->drills->len; k++) {
			const struct history_drill *drill = history->drills->pdata[k];

			if (strcmp(drill->run, runs->pdata[i]) == 0)
				tell(settings, drill);
		}
	}
	return true;
}

/* ---- what they have still to do ------------------------------------------------------------------ */

struct plans {
	const Settings *settings;
	GHashTable *read; /* name → DrillPlan, or NULL */
};

static void release(void *plan)
{
	drill_plan_free(plan);
}

static const DrillPlan *find_plan(void *data, const char *name)
{
	struct plans *plans = data;

	if (!g_hash_table_contains(plans->read, name)) {
		g_autofree char *path = drill_plan_path(plans->settings, name);

		g_hash_table_insert(plans->read, g_strdup(name),
				    drill_plan_read(plans->settings, path, NULL));
	}
	return g_hash_table_lookup(plans->read, name);
}

/* The first thing that goes wrong is what is told. */
static void keep_first(GError **trouble, GError *cause)
{
	if (*trouble)
		g_error_free(cause);
	else
		*trouble = cause;
}

static void end_all(const struct abandoned_means *means, const char *service, const GPtrArray *runs,
		    GError **trouble)
{
	for (guint i = 0; i < runs->len; i++) {
		GError *cause = NULL;

		if (!abandoned_end(means, service, runs->pdata[i], &cause))
			keep_first(trouble, cause);
	}
	for (guint i = 0; i < means->notes->len; i++)
		log_warning("%s", (char *)means->notes->pdata[i]);
}

/* Without its repositories the rest is done, and is stored by a later command. */
static void end_runs(Context *context, Audit *audit, const char *command, const GPtrArray *runs,
		     GError **trouble)
{
	g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) read =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, release);
	struct plans plans = {.settings = context->settings, .read = read};
	bool opened = context_repos(context, trouble);

	end_all(&(struct abandoned_means){.audit = audit,
					  .state = context->settings->state,
					  .key = context->evidence_key,
					  .repos = opened ? context->repos : NULL,
					  .command = command,
					  .plan = find_plan,
					  .plan_data = &plans,
					  .notes = notes},
		context->service->name, runs, trouble);
}

bool abandoned_finish(Context *context, Audit *audit, const char *command, GError **error)
{
	g_autoptr(GPtrArray) runs = NULL;
	g_autoptr(GError) trouble = NULL;

	if (!abandoned_runs(context->settings->state, context->service->name, &runs, error))
		return false;
	if (runs->len > 0)
		end_runs(context, audit, command, runs, &trouble);
	if (!trouble)
		return true;
	g_propagate_error(error, g_steal_pointer(&trouble));
	return false;
}
