#ifndef ODR_DRILL_PLAN_KEYS_H
#define ODR_DRILL_PLAN_KEYS_H

#include "drill/plan/plan.h"

/* Every group and key of a plan, once: for the parser, explain, and the test of the manual. */
enum plan_key_type {
	PLAN_TEXT,
	PLAN_LIST,   /* separated by ';': char **, never NULL */
	PLAN_PATH,   /* absolute */
	PLAN_CHOICE, /* an int, by its place among choices */
	PLAN_BOOL,
	PLAN_COUNT,    /* minimum … maximum */
	PLAN_DURATION, /* the same, microseconds */
	PLAN_SIZE,     /* the same, bytes */
	PLAN_REGEXES,  /* a list */
	PLAN_SQL,      /* a file: its name in the plan's files */
	PLAN_SQLS,     /* several */
	PLAN_SCENARIO,
	PLAN_FILE,
	PLAN_STEPS, /* step-1 … step-99 */
};
struct plan_key {
	const char *group; /* "plan", "check", … */
	const char *name;
	enum plan_key_type type;
	const char *fallback; /* as text; NULL: none */
	const char *help;
	bool required;
	const char *choices; /* "daily;weekly" */
	int64_t minimum, maximum;
	size_t offset;	/* in struct drill_plan, plan_check, plan_control */
	unsigned types; /* of a check: bits 1 << PLAN_CHECK_…; 0: every one */
};
const struct plan_key *plan_keys(size_t *count);
/* The groups, in order, NULL-terminated; "check" and "control" are of the form [check NAME]. */
extern const char *const plan_groups[];
bool plan_group_is_named(const char *group);
/* Whether a key is one of a check of this type. */
bool plan_key_is_of(const struct plan_key *key, enum plan_check_type type);
/* Its value is a char **. */
bool plan_key_is_list(const struct plan_key *key);

#endif
