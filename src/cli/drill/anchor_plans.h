#ifndef ODR_CLI_DRILL_ANCHOR_PLANS_H
#define ODR_CLI_DRILL_ANCHOR_PLANS_H

#include "cli/site/context.h"
#include "drill/plan/plan.h"

/* Whose figures an anchor has, by the command line: --drill PLAN… and --sql FILE…; else every plan of the service in the
 * folder of plans. DrillPlan; USAGE where there is none. */
bool anchor_plans(const Context *context, GPtrArray **plans, GError **error);

#endif
