#ifndef ODR_DRILL_REPORT_INCIDENT_H
#define ODR_DRILL_REPORT_INCIDENT_H

#include "drill/incident/figures.h"
#include "drill/report/document.h"

/* What was promised, and what was assumed, where the configuration tells; 0: nothing. */
struct incident_promise {
	const char *tier; /* NULL: not known */
	usec_t rpo, rto, detect, decide, cutover;
};
/* The whole of it, as JSON: the source of every other form. promise NULL: none is known. */
json_t *report_incident_json(const Incident *incident, const struct incident_promise *promise);

#endif
