#ifndef ODR_DRILL_PLAN_LINT_H
#define ODR_DRILL_PLAN_LINT_H

#include "drill/plan/reading.h"

/*
 * The steps of plan_lint, and what they share. Each fails with USAGE "FILE:LINE: key: …", and fills in what the plan leaves
 * to the configuration.
 */
bool plan_lint_objectives(struct plan_reading *reading, GError **error);
bool plan_lint_checks(const struct plan_reading *reading, GError **error);
bool plan_lint_controls(const struct plan_reading *reading, GError **error);

/* The key stands in the plan. */
bool plan_is_written(const struct plan_reading *reading, const char *group, const char *key);
bool plan_starts_odoo(const DrillPlan *plan);

/* A key whose value is one of the names of something else. */
struct plan_naming {
	const char *group, *key, *what; /* what: "repository" */
	const char *const *known;	/* NULL: that is not known, and every name is taken */
};
bool plan_lint_known(const struct plan_reading *reading, const struct plan_naming *naming,
		     const char *name, GError **error);
bool plan_lint_all_known(const struct plan_reading *reading, const struct plan_naming *naming,
			 char **names, GError **error);

#endif
