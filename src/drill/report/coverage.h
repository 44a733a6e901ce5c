#ifndef ODR_DRILL_REPORT_COVERAGE_H
#define ODR_DRILL_REPORT_COVERAGE_H

#include "drill/measure/objective.h"
#include "drill/report/reading.h"

/*
 * What of a service was drilled, how long ago, and what never: from the records of its drills. Only drills whose moment
 * was drawn or fixed by the plan, and that passed, count. Pure, but for coverage_strata_load.
 */
enum coverage_subject {
	COVERAGE_PLAN,
	COVERAGE_REPOSITORY,
	COVERAGE_DATABASE, /* as the newest drill found them */
	COVERAGE_METHOD,   /* of the draw */
	COVERAGE_KIT,
	COVERAGE_STRATUM, /* told; an objective of coverage does not ask for it */
	COVERAGE_SUBJECTS
};
const char *coverage_subject_name(enum coverage_subject subject); /* "repository", … */

enum coverage_state {
	COVERAGE_NEVER,	  /* no drill of it passed */
	COVERAGE_CHANGED, /* a plan: it is another than the one that passed */
	COVERAGE_TOO_OLD,
	COVERAGE_DRILLED,
};
const char *coverage_state_name(
	enum coverage_state state); /* "never", "changed", "too old", "drilled" */

struct coverage_row {
	enum coverage_subject subject;
	char *name;
	unsigned drills, passed; /* attempts that may count; of them those that passed */
	usec_t last, last_pass;	 /* 0: none */
	usec_t max_age;		 /* 0: any */
	enum coverage_state state;
};
struct coverage_plan {
	const char *name, *hash;
	usec_t max_age; /* 0: that of the request */
};
struct coverage_request {
	const char *service;
	const GPtrArray *readings; /* Reading, oldest first */
	const GArray *plans;	   /* struct coverage_plan, of this service; NULL: not known */
	const GPtrArray *repositories, *strata; /* char *; NULL: not known */
	usec_t now;				/* later records are left out */
	usec_t max_age; /* of plans, repositories and databases; of methods and kit it is a year */
};
/* struct coverage_row, by subject, in it by name. */
GPtrArray *coverage_compute(const struct coverage_request *request);
json_t *coverage_json(const GPtrArray *rows);
void coverage_judge(const GPtrArray *rows, struct objective_verdict *verdict);

/* Names of all strata that the newest draw of a service could have met, from its population.tsv below state: char *,
 * sorted; none where there was no draw. */
bool coverage_strata_load(const char *state, const GPtrArray *readings, const char *service,
			  GPtrArray **strata, GError **error);

#endif
