#ifndef ODR_DRILL_REPORT_INCIDENT_H
#define ODR_DRILL_REPORT_INCIDENT_H

#include "drill/incident/figures.h"
#include "drill/measure/objective.h"
#include "drill/report/document.h"

/* What was promised, and what was assumed, where the configuration tells; 0: nothing. */
struct incident_promise {
	const char *tier; /* NULL: not known */
	usec_t rpo, rto, detect, decide, cutover;
};
/* The whole of it, as JSON: the source of every other form. promise NULL: none is known. */
json_t *report_incident_json(const Incident *incident, const struct incident_promise *promise);
/* Of both objectives together, as a roll-up. */
enum objective_state report_incident_state(const Incident *incident,
					   const struct incident_promise *promise);
/* now: when it is written. */
Document *report_incident(const Incident *incident, const struct incident_promise *promise,
			  usec_t now);
/* A line for each mark, figure, restore, phase, and entry (RFC 4180). g_free. */
char *report_incident_csv(const Incident *incident, const struct incident_promise *promise);

#endif
