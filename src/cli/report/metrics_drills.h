#ifndef ODR_CLI_REPORT_METRICS_DRILLS_H
#define ODR_CLI_REPORT_METRICS_DRILLS_H

#include "cli/report/sources.h"
#include "drill/report/metrics.h"

/* Of each plan of a service that is reported: until when it has to pass again, and what its drills left. */
void metrics_add_plans(Metrics *metrics, const struct report_sources *sources);
/* Of the audit chain of a host; without one, nothing. */
bool metrics_add_audit(Metrics *metrics, const char *state, GError **error);

#endif
