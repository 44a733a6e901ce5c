/* Which moment: as the plan says, or the operator, or the draw. It is in the chain before anything is fetched. */
#include "base/error.h"
#include "drill/engine/engine.h"

#include <string.h>

/* What is no draw. */
static bool take(const struct plan_target *plan, usec_t now, struct restore_target *target,
		 GError **error)
{
	switch (plan->kind) {
	case PLAN_TARGET_LATEST:
		target->type = RECOVERY_DEFAULT;
		return true;
	case PLAN_TARGET_OLDEST:
		*target = (struct restore_target){.type = RECOVERY_IMMEDIATE, .set = "oldest"};
		return true;
	case PLAN_TARGET_IMMEDIATE:
		target->type = RECOVERY_IMMEDIATE;
		return true;
	case PLAN_TARGET_AGO:
		*target = (struct restore_target){.type = RECOVERY_TIME, .time = now - plan->time};
		return true;
	case PLAN_TARGET_TIME:
		*target = (struct restore_target){.type = RECOVERY_TIME, .time = plan->time};
		return true;
	case PLAN_TARGET_NAME:
		*target = (struct restore_target){.type = RECOVERY_NAME, .name = plan->argument};
		return true;
	case PLAN_TARGET_LSN:
		*target = (struct restore_target){.type = RECOVERY_LSN, .lsn = plan->lsn};
		return true;
	case PLAN_TARGET_XID:
		*target = (struct restore_target){.type = RECOVERY_XID, .xid = plan->argument};
		return true;
	default:
		target->type = RECOVERY_NAME; /* of an anchor, which has to be looked up */
		return true;
	}
}

static bool is_drawn(enum plan_target_kind kind)
{
	return kind == PLAN_TARGET_RANDOM || kind == PLAN_TARGET_WORST ||
	       kind == PLAN_TARGET_EDGE || kind == PLAN_TARGET_ANCHOR_RANDOM;
}

static bool is_wanted(const Drill *drill, const Repo *repo)
{
	const char *name = drill->target.repository;

	return !name || strcmp(store_name(repo->store), name) == 0;
}

/* Of all repositories the newest; whether it can be believed is seen where it is read. */
static bool find_newest(Drill *drill, GError **error)
{
	for (guint i = 0; i < drill->means.repos->len; i++) {
		Repo *repo = drill->means.repos->pdata[i];
		g_autoptr(GPtrArray) ids = NULL;
		const char *newest;

		if (!is_wanted(drill, repo))
			continue;
		if (!anchor_list(repo, &ids, error))
			return false;
		newest = ids->len > 0 ? ids->pdata[ids->len - 1] : NULL;
		if (newest && g_strcmp0(newest, drill->target.anchor) > 0) {
			g_free(drill->target.anchor);
			drill->target.anchor = g_strdup(newest);
		}
	}
	return drill->target.anchor != NULL ||
	       odr_fail(error, ODR_ERROR_NOT_FOUND,
			"there is no anchor to go to; odrbackup anchor create makes one");
}

static bool choose_anchor(Drill *drill, const struct plan_target *plan, GError **error)
{
	if (plan->kind == PLAN_TARGET_ANCHOR_LATEST) {
		if (!find_newest(drill, error))
			return false;
		g_free(drill->target.text);
		drill->target.text = g_strconcat("anchor:", drill->target.anchor, NULL);
	} else if (plan->kind == PLAN_TARGET_ANCHOR) {
		drill->target.anchor = g_strdup(plan->argument);
	}
	return true;
}

bool drill_resolve_anchor(Drill *drill, Repo *repo, GError **error)
{
	struct restore_target *target = &drill->target.target;
	const char *id = drill->target.anchor;
	g_autoptr(Anchor) anchor = NULL;

	if (!anchor_load(repo, drill->means.identity, id, &anchor, error))
		return odr_context(error, "the target, anchor:%s", id);
	g_free(drill->target.name);
	drill->target.name = g_strdup(anchor->mark.name);
	target->name = drill->target.name;
	target->time = anchor->mark.made;
	target->lsn = anchor->mark.lsn;
	target->mark_timeline = anchor->mark.timeline;
	return true;
}

static bool choose(Drill *drill, GError **error)
{
	const struct plan_target *plan =
		drill->request->target ? drill->request->target : &drill->plan->select.target;
	const char *set = drill->plan->select.set;

	drill->target.text = g_strdup(plan->text);
	drill->target.operator_chosen = drill->request->target || drill->request->narrowed;
	drill->target.repository = g_strdup(drill->plan->select.repository);
	if (is_drawn(plan->kind))
		return drill_draw_moment(drill, plan->kind, error);
	if (!take(plan, drill->t_loss, &drill->target.target, error) ||
	    !choose_anchor(drill, plan, error))
		return false;
	if (strcmp(set, "random") == 0)
		drill_deviate(
			drill,
			"set=random of [select] goes with a moment that is drawn: the set was "
			"chosen as by auto");
	else if (!drill->target.target.set && strcmp(set, "auto") != 0)
		drill->target.target.set = set;
	return true;
}

bool drill_draw(Drill *drill, GError **error)
{
	json_t *data;

	if (!choose(drill, error))
		return false;
	data = drill_target_json(&drill->target);
	json_set_string(data, "plan", drill->plan->name);
	json_set_time(data, "t_loss", drill->t_loss);
	return drill_append(drill, AUDIT_DRILL_DRAWN, data, error);
}
