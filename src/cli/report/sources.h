#ifndef ODR_CLI_REPORT_SOURCES_H
#define ODR_CLI_REPORT_SOURCES_H

#include "cli/site/context.h"
#include "drill/report/quarter.h"

/* What a report of several services stands on: configuration, catalog, plans and records of drills. */
struct report_sources {
	GPtrArray *contexts, *readings;
	GPtrArray *incidents;	   /* Incident; NULL: not known */
	struct stored_chain chain; /* after report_sources_chain */
	GPtrArray *custody;	   /* struct custody_event, after that; NULL: not known */
	GPtrArray *troubles;	   /* char *: what could not be read */
	GPtrArray *plans;	   /* DrillPlan */
	GPtrArray *services;	   /* struct quarter_service */
};
struct report_scope {
	const char *service, *tier; /* NULL: all */
	usec_t since, until;	    /* of exposure and restores */
};
/* The service that is named on the command line, and --tier. */
struct report_scope report_scope_of(const struct arguments *arguments, usec_t since, usec_t until);
bool report_sources_read(const struct arguments *arguments, const struct report_scope *scope,
			 struct report_sources *sources, GError **error);
/* How far the audit chain goes, what holds it, and what it tells of keys. */
void report_sources_chain(struct report_sources *sources);
void report_sources_clear(struct report_sources *sources);

/* Of a tier; where nobody said: a drill that was missed once. */
usec_t report_drill_age(const struct settings_tier *tier);

#endif
