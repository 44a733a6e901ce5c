#ifndef ODR_DRILL_REPORT_METRICS_H
#define ODR_DRILL_REPORT_METRICS_H

#include "drill/report/quarter.h"
#include "ops/status.h"

/*
 * Metrics in the text format of Prometheus, for the textfile collector (odrbackup-metrics(7)): without timestamps, one
 * HELP and TYPE for each family, base units. A family without a value is absent, never 0. Pure.
 */
typedef struct metrics Metrics;
Metrics *metrics_new(void);
void metrics_free(Metrics *metrics);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Metrics, metrics_free)

/* A value of a family that metrics.c lists, with names and values of labels, ending with NULL. */
void metrics_add(Metrics *metrics, const char *family, double value, ...) G_GNUC_NULL_TERMINATED;

/* What the catalog knows of a service. runs: struct catalog_run of it, newest first. */
void metrics_add_status(Metrics *metrics, const struct status *status, const GPtrArray *runs);
/* The newest drill of each plan: Reading, oldest first. */
void metrics_add_drills(Metrics *metrics, const GPtrArray *readings);

/* States of the objectives of a period up to now, and what they are judged by. */
void metrics_add_states(Metrics *metrics, const Quarter *quarter);

char *metrics_print(const Metrics *metrics); /* g_free */

#endif
