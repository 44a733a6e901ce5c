#ifndef ODR_DRILL_INCIDENT_FIGURES_H
#define ODR_DRILL_INCIDENT_FIGURES_H

#include "drill/incident/incident.h"

/*
 * What an incident lost and how long it took, as far as its timeline tells. Pure. A figure that does not follow is -1, and
 * says why; nothing is estimated.
 */

/* Where a time comes from; an interval is as good as the worse of its ends. */
enum incident_basis {
	INCIDENT_MEASURED, /* by a restore, or the server that was recovered */
	INCIDENT_RECORDED, /* people marked it when it happened */
	INCIDENT_STATED,   /* people said afterwards when it was */
};
const char *incident_basis_name(enum incident_basis basis);

enum incident_span_of {
	INCIDENT_DETECT,      /* loss → detected, else opened */
	INCIDENT_DECIDE,      /* → the restore command */
	INCIDENT_DATABASE,    /* → db-ready: rta_db_ready */
	INCIDENT_APPLICATION, /* → service-ready */
	INCIDENT_SWITCH,      /* → cutover */
	INCIDENT_SERVICE,     /* restore command → service-ready: rta_service_ready */
	INCIDENT_OUTAGE,      /* loss → cutover: what the RTO is of */
	INCIDENT_AFTER,	      /* cutover → all-clear */
	INCIDENT_INTERVALS
};
/* The first so many follow each other, and are the outage. */
#define INCIDENT_CHAIN (INCIDENT_SWITCH + 1)
struct incident_interval {
	const char *name;      /* "detect" */
	const char *from, *to; /* what it is between */
	usec_t began, took;    /* took -1: not known */
	enum incident_basis basis;
	char *why; /* not known: without a full stop */
};

struct incident_figures {
	usec_t rpo;	  /* incident RPO: loss → newest recovered commit; -1 */
	char *rpo_why;	  /* -1: why; else what it stands on */
	usec_t recovered; /* newest recovered commit; 0: not known */
	enum incident_basis rpo_basis;
	usec_t command; /* the first restore command; 0: not known */
	enum incident_basis command_basis;
	struct incident_interval intervals[INCIDENT_INTERVALS];
	GPtrArray *contradictions; /* char *: without a full stop */
};
void incident_figures_compute(const Incident *incident, struct incident_figures *figures);
void incident_figures_clear(struct incident_figures *figures);

#endif
