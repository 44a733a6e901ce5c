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

/* With what was read so far. */
static bool plan_with(struct restore_planning *planning, const struct restore_source *source,
		      struct restore_plan *plan, GError **error)
{
	struct restore_target *target = &planning->target;

	if (!restore_plan(source, target, plan, error))
		return false;
	if (!planning->current_timeline)
		return true;
	target->timeline = plan->manifest->wal->timeline;
	restore_plan_clear(plan);
	return restore_plan(source, target, plan, error);
}

static bool make_plan(struct restore_planning *planning, struct restore_holdings *holdings,
		      struct restore_source *source, struct restore_plan *plan, GError **error)
{
	const uint32_t timeline = planning->target.timeline;

	for (bool more = true;;) {
		g_autoptr(GError) trouble = NULL;

		*source = (struct restore_source){.manifests = holdings->manifests,
						  .ranges = holdings->ranges,
						  .histories = holdings->histories};
		planning->target.timeline = timeline;
		if (plan_with(planning, source, plan, &trouble))
			return true;
		if (!restore_holdings_read_on(holdings, &more, error))
			return false;
		if (!more) {
			g_propagate_error(error, g_steal_pointer(&trouble));
			return false;
		}
	}
}

static bool prove(struct restore_planning *planning, Repo *repo,
		  const struct restore_holdings *holdings, const struct restore_source *source,
		  struct restore_plan *plan, GError **error)
{
	if (restore_plan_prove(&(struct restore_proof){.repo = repo,
						       .identity = planning->context->identity,
						       .source = source,
						       .target = &planning->target,
						       .held = holdings->held},
			       plan, error))
		return true;
	restore_plan_clear(plan);
	return false;
}

static bool plan_from(void *part, Repo *repo, GError **error)
{
	struct restore_planning *planning = part;
	struct restore_holdings holdings = {0};
	struct restore_source source;
	struct restore_plan plan = {0};

	if (!find_mark(planning, repo, error) ||
	    !restore_holdings_begin(repo, planning->context->identity, &planning->target, &holdings,
				    error))
		return false;
	if (!make_plan(planning, &holdings, &source, &plan, error) ||
	    !prove(planning, repo, &holdings, &source, &plan, error)) {
		for (guint i = 0; i < holdings.troubles->len; i++)
			log_warning("%s", (char *)holdings.troubles->pdata[i]);
		explain_absence(planning, repo, &holdings, error);
		restore_holdings_clear(&holdings);
		return false;
	}
	g_clear_pointer(&holdings.held, g_ptr_array_unref);
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
