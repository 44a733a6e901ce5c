#ifndef ODR_DRILL_MEASURE_OUTCOME_H
#define ODR_DRILL_MEASURE_OUTCOME_H

#include <glib.h>
#include <stdbool.h>

/* What came of a drill, the worst first. Pure. */
enum drill_outcome {
	OUTCOME_FAIL_RESTORE,	/* set, WAL, key or server did not lead to the target */
	OUTCOME_FAIL_CHECK,	/* a check failed, or a control's passed */
	OUTCOME_FAIL_OBJECTIVE, /* an objective was missed */
	OUTCOME_INCOMPLETE,	/* a gate could not be assessed, nothing failed */
	OUTCOME_WARNINGS,
	OUTCOME_PASS,
	OUTCOME_REFUSED, /* a guard said no */
	OUTCOME_SKIPPED, /* not due, or a limit */
	OUTCOME_ABORTED, /* a signal */
	OUTCOME_ERROR,	 /* the machinery of drills is at fault, not the backup */
	OUTCOME_ABANDONED,
	OUTCOMES
};
const char *drill_outcome_name(enum drill_outcome outcome); /* "fail-restore", … */
bool drill_outcome_parse(const char *name, enum drill_outcome *outcome);

/* What an outcome follows from. */
struct drill_facts {
	const GError *failure; /* what ended it early; NULL: nothing */
	enum drill_outcome
		failing; /* what a failure there means, unless it was a guard or a signal */
	unsigned checks_failed, controls_passed;
	unsigned gates_unassessed;
	unsigned objectives_missed;
	unsigned warnings;
};
/* All that apply, a bit each (1 << OUTCOME_…); never none. */
unsigned drill_outcomes(const struct drill_facts *facts);
enum drill_outcome drill_outcome_worst(unsigned outcomes);
/* strict: warnings count. failure: as in the facts; it tells apart what has several. */
int drill_exit_status(enum drill_outcome outcome, const GError *failure, bool strict);

#endif
