#ifndef ODR_DRILL_PLAN_CHECK_TYPE_H
#define ODR_DRILL_PLAN_CHECK_TYPE_H

#include "drill/plan/plan.h"

/* Types of checks, once: for the parser, lint, and who carries them out. */
struct plan_check_class {
	const char *name;
	enum plan_stage stage; /* where the plan does not say */
	unsigned stages;       /* where it may run: bits 1 << PLAN_STAGE_… */
	bool always;	       /* in every restore plan, as a gate */
	bool may_gate;
	const char *help;
};
const struct plan_check_class *plan_check_class(enum plan_check_type type);
bool plan_check_type_parse(const char *name, enum plan_check_type *type);

#endif
