/* What a plan may ask for and this version does not do. Nothing of it is passed over in silence: it is refused. */
#include "base/error.h"
#include "drill/engine/engine.h"

static bool refuse(const char *what, GError **error)
{
	return odr_fail(error, ODR_ERROR_REFUSED,
			"this version does not carry out %s: without it the drill would prove less "
			"than the plan says",
			what);
}

bool drill_is_able(const DrillPlan *plan, GError **error)
{
	if (plan->isolation.namespace != PLAN_NAMESPACE_AUTO &&
	    plan->isolation.namespace != PLAN_NAMESPACE_UNSHARE)
		return refuse("another namespace= of [isolation] than auto and unshare", error);
	return drill_discard_possible(plan, error);
}
