/* What a plan asks for and cannot be done here. Nothing of it is passed over in silence: it is refused. */
#include "drill/engine/engine.h"

bool drill_is_able(const DrillPlan *plan, GError **error)
{
	return (!drill_ground_is_given(plan) || isolation_is_given(error)) &&
	       drill_discard_possible(plan, error);
}
