#include "cli/restore/planning.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/restore/part.h"

#include <string.h>

void restore_planning_clear(struct restore_planning *planning)
{
	restore_plan_clear(&planning->plan);
	restore_holdings_clear(&planning->holdings);
}

static bool is_listed(const struct restore_holdings *holdings, const char *set_id)
{
	for (guint i = 0; i < holdings->manifests->len; i++)
		if (strcmp(((const Manifest *)holdings->manifests->pdata[i])->set_id, set_id) == 0)
			return true;
	return false;
}

/* A set that is there but does not verify is not one that never was. */
static void explain_absence(const struct restore_planning *planning, Repo *repo,
			    const struct restore_holdings *holdings, GError **error)
{
	const char *set = planning->target.set;
	g_autoptr(Manifest) manifest = NULL;
	g_autoptr(GError) cause = NULL;

	if (!error || !odr_error_is(*error, ODR_ERROR_NOT_FOUND))
		return;
	if (set && set_id_valid(set)) {
		if (is_listed(holdings, set) ||
		    manifest_load(repo, planning->context->identity, set, &manifest, &cause) ||
		    odr_error_is(cause, ODR_ERROR_NOT_FOUND))
			return;
	} else if (holdings->manifests->len == 0 && holdings->troubles->len > 0) {
		odr_fail(&cause, ODR_ERROR_CORRUPT,
			 "the repository holds no set of this service that verifies");
	} else {
		return;
	}
	g_clear_error(error);
	g_propagate_error(error, g_steal_pointer(&cause));
}

static bool find_mark(struct restore_planning *planning, Repo *repo, GError **error)
{
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);
	bool done = restore_target_find_mark(repo, planning->context->identity, &planning->target,
					     troubles, error);

	for (guint i = 0; i < troubles->len; i++)
		log_warning("%s", (char *)troubles->pdata[i]);
	return done;
}

static bool plan_from(void *part, Repo *repo, GError **error)
{
	struct restore_planning *planning = part;
	struct restore_holdings holdings = {0};
	struct restore_plan plan = {0};

	if (!find_mark(planning, repo, error) ||
	    !restore_holdings_read(repo, planning->context->identity, &holdings, error))
		return false;
	struct restore_source source = {.manifests = holdings.manifests,
					.ranges = holdings.ranges,
					.histories = holdings.histories};
	struct restore_proof proof = {.repo = repo,
				      .identity = planning->context->identity,
				      .source = &source,
				      .target = &planning->target,
				      .held = holdings.held};
	bool planned = restore_plan(&source, &planning->target, &plan, error);

	if (planned && planning->current_timeline) {
		planning->target.timeline = plan.manifest->wal->timeline;
		restore_plan_clear(&plan);
		planned = restore_plan(&source, &planning->target, &plan, error);
	}
	if (planned && !restore_plan_prove(&proof, &plan, error)) {
		restore_plan_clear(&plan);
		planned = false;
	}
	g_clear_pointer(&holdings.held, g_ptr_array_unref);
	if (!planned) {
		for (guint i = 0; i < holdings.troubles->len; i++)
			log_warning("%s", (char *)holdings.troubles->pdata[i]);
		explain_absence(planning, repo, &holdings, error);
		restore_holdings_clear(&holdings);
		return false;
	}
	planning->repo = repo;
	planning->holdings = holdings;
	planning->plan = plan;
	return true;
}

bool restore_planning_make(struct restore_planning *planning, GError **error)
{
	return restore_part_from(planning->context, plan_from, planning, error);
}

struct filestore_span restore_planning_span(const struct restore_planning *planning)
{
	const Manifest *manifest = planning->plan.manifest;
	usec_t time = planning->target.time;

	switch (planning->target.type) {
	case RECOVERY_TIME:
		return (struct filestore_span){time, time};
	case RECOVERY_NAME:
		return planning->target.mark_timeline
			       ? (struct filestore_span){time, time}
			       : (struct filestore_span){manifest->stopped, G_MAXINT64};
	case RECOVERY_IMMEDIATE:
		return (struct filestore_span){manifest->started, manifest->stopped};
	default:
		return (struct filestore_span){manifest->stopped, G_MAXINT64};
	}
}

void restore_planning_tell(const struct restore_planning *planning, json_t *facts)
{
	const struct restore_plan *plan = &planning->plan;
	g_autofree char *identifier =
		g_strdup_printf("%" G_GUINT64_FORMAT, plan->manifest->system_identifier);

	json_set_string(facts, "target", recovery_type_name(planning->target.type));
	json_set_string(facts, "point", plan->point);
	json_set_known_time(facts, "last_commit", plan->last_commit);
	json_set_string(facts, "system_identifier", identifier);
}
