/* What is looked at through the application. */
#include "base/error.h"
#include "drill/engine.h"

static void leave_out(Drill *drill, const struct plan_check *check, const char *reason)
{
	DrillCheckResult *result = drill_check_result_new(check, NULL, check->database);

	drill_check_unassessed(result, "%s", reason);
	g_ptr_array_add(drill->results, result);
}

bool drill_check_app(Drill *drill, GError **error)
{
	(void)error;
	for (guint i = 0; i < drill->plan->checks->len; i++) {
		const struct plan_check *check = drill->plan->checks->pdata[i];

		if (check->stage == PLAN_STAGE_APP)
			leave_out(drill, check, "this program does not start the application yet");
	}
	return true;
}
