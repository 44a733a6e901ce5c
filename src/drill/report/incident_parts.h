#ifndef ODR_DRILL_REPORT_INCIDENT_PARTS_H
#define ODR_DRILL_REPORT_INCIDENT_PARTS_H

#include "drill/report/incident.h"

/* Inside drill/report only: what an incident's report is made of. */
struct incident_report {
	const Incident *incident;
	const struct incident_figures *figures;
	const struct incident_promise *promise; /* NULL: none is known */
	usec_t now;
};
/* One objective against its figure; what is not known is NOT PROVEN, and never met. */
struct incident_objective {
	const char *name, *short_name;
	usec_t objective, measured; /* 0: none; -1: not known */
	enum incident_basis basis;
	const char *why; /* not known, or what it stands on */
	enum objective_state state;
};
#define INCIDENT_OBJECTIVES 2
void incident_objectives(const struct incident_report *report,
			 struct incident_objective objectives[INCIDENT_OBJECTIVES]);

/* For cells, to the second and in one piece; the heading says UTC. NULL: none; g_free. */
char *incident_clock(usec_t time);

/* Sections, in incident_time.c: how long it took; and in incident_record.c: what was written down, and how one can see that it
 * was. */
void incident_add_time(Document *document, const struct incident_report *report);
void incident_add_restores(Document *document, const struct incident_report *report);
void incident_add_timeline(Document *document, const struct incident_report *report);
void incident_add_verification(Document *document, const struct incident_report *report);

#endif
