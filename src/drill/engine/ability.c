/* What a plan may ask for and this version does not do. Nothing of it is passed over in silence: what a drill would be
 * believed for is refused, the rest is a deviation of its record. */
#include "base/error.h"
#include "drill/engine/engine.h"

#include <string.h>

static const struct {
	const char *group, *key;
} not_applied[] = {
	{"evidence", "formats"},
};

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

static bool check_plan(const DrillPlan *plan, GError **error)
{
	if (plan->isolation.namespace != PLAN_NAMESPACE_AUTO &&
	    plan->isolation.namespace != PLAN_NAMESPACE_UNSHARE)
		return refuse("another namespace= of [isolation] than auto and unshare", error);
	if (plan->sandbox.discard != PLAN_DISCARD_DELETE)
		return refuse_discard(plan, error);
	return g_strcmp0(plan->select.set, "random") != 0 ||
	       refuse("set=random of [select]", error);
}

static bool is_applied(const struct plan_value *value)
{
	for (size_t i = 0; i < G_N_ELEMENTS(not_applied); i++)
		if (strcmp(value->group, not_applied[i].group) == 0 &&
		    strcmp(value->key, not_applied[i].key) == 0)
			return false;
	return true;
}

bool drill_is_able(Drill *drill, GError **error)
{
	const GPtrArray *values = drill->plan->values;

	if (!check_plan(drill->plan, error))
		return false;
	for (guint i = 0; values && i < values->len; i++) {
		const struct plan_value *value = values->pdata[i];

		if (value->line != 0 && !is_applied(value))
			drill_deviate(drill, "%s= of [%s] is not carried out by this version",
				      value->key, value->group);
	}
	return true;
}
