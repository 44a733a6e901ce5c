#ifndef ODR_DRILL_CHECK_JUDGE_H
#define ODR_DRILL_CHECK_JUDGE_H

#include "drill/check/sql.h"
#include "drill/check/sql_file.h"

/* What a query gave, and what it is judged by. Pure. */
struct drill_observation {
	enum sql_kind kind;
	const struct sql_rows *rows;
	const struct drill_reference *anchor, *baseline; /* of the source; NULL: none */
	const char *expected;				 /* content of file=; NULL: none */
};
/* By expect= of the check, or as the kind of the file has it. Fills value, expect, basis, rows and the verdict. */
void drill_check_judge(const struct plan_check *check, const struct drill_observation *seen,
		       DrillCheckResult *result);

#endif
