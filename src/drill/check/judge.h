#ifndef ODR_DRILL_CHECK_JUDGE_H
#define ODR_DRILL_CHECK_JUDGE_H

#include "drill/check/sql.h"
#include "drill/plan/sql_file.h"

/* What a query gave, and what it is judged by. Pure. */
struct drill_observation {
	enum sql_kind kind;
	const struct sql_rows *rows;
	const struct drill_reference *reference; /* what the source said; NULL: nothing is known */
	const GArray
		*past; /* of a trend: what it came to before, newest first (double); NULL: never */
	const char *expected; /* content of file=; NULL: none */
};
/* By expect= of the check, or as the kind of the file has it. Fills value, expect, basis, rows and the verdict. */
void drill_check_judge(const struct plan_check *check, const struct drill_observation *seen,
		       DrillCheckResult *result);
/* True where a check judges what such a file gives by what its source said, and by which of that. */
bool drill_check_refers(const struct plan_check *check, enum sql_kind kind,
			enum drill_reference_kind *reference);

#endif
