#ifndef ODR_CLI_VIEWS_DRILL_H
#define ODR_CLI_VIEWS_DRILL_H

#include "base/json.h"
#include "drill/check/check.h"

/* Every key that is in force, in the syntax of plans, with where it comes from; then the files, and the hash. */
void drill_plan_print(const DrillPlan *plan);
json_t *drill_plan_json(const DrillPlan *plan);

/* DrillCheckResult. */
void drill_results_print(const GPtrArray *results);
json_t *drill_results_json(const GPtrArray *results);
/* "12 passed, 1 failed, …"; g_free. */
char *drill_results_summary(const GPtrArray *results);

#endif
