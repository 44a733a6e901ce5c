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
		return odr_fail(error, ODR_ERROR_USAGE, "target %s cannot be chosen yet",
				plan->text);
	}
}

static bool is_drawn(enum plan_target_kind kind)
{
	return kind == PLAN_TARGET_RANDOM || kind == PLAN_TARGET_WORST || kind == PLAN_TARGET_EDGE;
}

static bool choose(Drill *drill, GError **error)
{
	const struct plan_target *plan =
		drill->request->target ? drill->request->target : &drill->plan->select.target;
	const char *set = drill->plan->select.set;

	drill->target.text = g_strdup(plan->text);
	drill->target.operator_chosen = drill->request->target != NULL;
	drill->target.repository = g_strdup(drill->plan->select.repository);
	if (is_drawn(plan->kind))
		return drill_draw_moment(drill, plan->kind, error);
	if (!take(plan, drill->t_loss, &drill->target.target, error))
		return false;
	if (!drill->target.target.set && strcmp(set, "auto") != 0)
		drill->target.target.set = set;
	return true;
}

bool drill_draw(Drill *drill, GError **error)
{
	json_t *data;

	if (!drill_is_able(drill, error) || !choose(drill, error))
		return false;
	data = drill_target_json(&drill->target);
	json_set_string(data, "plan", drill->plan->name);
	json_set_time(data, "t_loss", drill->t_loss);
	return drill_append(drill, AUDIT_DRILL_DRAWN, data, error);
}
