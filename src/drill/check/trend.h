#ifndef ODR_DRILL_CHECK_TREND_H
#define ODR_DRILL_CHECK_TREND_H

#include "drill/check/check.h"

/* A figure beside what it was in earlier drills (double, newest first; NULL: there were none): within= of the check, so
 * many percent of the median of the last N. With fewer than N of them nothing is told. Pure. */
void drill_check_trend(const char *value, const GArray *past, DrillCheckResult *result);

#endif
