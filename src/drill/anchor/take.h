#ifndef ODR_DRILL_ANCHOR_TAKE_H
#define ODR_DRILL_ANCHOR_TAKE_H

#include "drill/plan/plan.h"
#include "ops/mark.h"
#include "repo/anchor.h"

/*
 * Making an anchor: what plans of drills ask of figures is asked at the source, in a snapshot just before a restore point
 * and in one just behind it; then mark and anchor are stored. The queries run when the restore point is made already, so
 * that next to nothing lies between the two; where nothing at all does, each is asked once. The source is only read.
 */
struct anchor_request {
	struct mark_request mark; /* what is around is ours */
	const GPtrArray *plans;	  /* DrillPlan */
	const char *service;
};
struct anchor_result {
	struct mark_result mark;
	Anchor *anchor;	 /* NULL: none was stored */
	unsigned missed; /* figures of it that could not be taken */
};
void anchor_result_clear(struct anchor_result *result);
/* As mark_make. USAGE where no database has what a plan asks for, FAILED where no figure could be taken: then there is
 * no mark either. */
bool anchor_make(const struct anchor_request *request, struct anchor_result *result,
		 GError **error);

#endif
