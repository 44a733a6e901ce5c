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

/* Both would take privileges that a drill has none of: to the device, and to the maps of encrypted ones. */
static bool refuse_discard(const DrillPlan *plan, GError **error)
{
	bool key = plan->sandbox.discard == PLAN_DISCARD_DROP_KEY;

	return odr_fail(
		error, ODR_ERROR_REFUSED,
		"discard=%s cannot be carried out: a drill runs without the privileges to %s; "
		"leave discard=delete, and put '%s' on an encrypted file system, which the unit of the "
		"drill %s",
		key ? "drop-key" : "blkdiscard",
		key ? "close an encrypted device" : "discard a device", plan->sandbox.directory,
		key ? "opens before it and closes after it (cryptsetup close)"
		    : "trims after it (fstrim)");
}

bool drill_is_able(const DrillPlan *plan, GError **error)
{
	if (plan->isolation.namespace != PLAN_NAMESPACE_AUTO &&
	    plan->isolation.namespace != PLAN_NAMESPACE_UNSHARE)
		return refuse("another namespace= of [isolation] than auto and unshare", error);
	if (plan->sandbox.discard != PLAN_DISCARD_DELETE)
		return refuse_discard(plan, error);
	return true;
}
