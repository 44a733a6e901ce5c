#ifndef ODR_DRILL_REPORT_QUARTER_H
#define ODR_DRILL_REPORT_QUARTER_H

#include "drill/incident/figures.h"
#include "drill/measure/objective.h"
#include "drill/report/coverage.h"
#include "drill/report/custody.h"
#include "drill/report/reading.h"
#include "drill/report/stored.h"
#include "ops/exposure.h"
#include "ops/status.h"

/*
 * What a period proved, of the services of a host: from the records of its drills and the catalog's exposure. Pure: no
 * clock, no files.
 */
enum quarter_component { QUARTER_DATABASE, QUARTER_FILESTORE, QUARTER_CONFIG, QUARTER_COMPONENTS };
const char *quarter_component_name(enum quarter_component component);

/* A business process, as the configuration has it. */
struct quarter_business {
	const char *name, *owner, *components; /* owner NULL: nobody */
	usec_t rpo, rto;		       /* 0: no objective */
	char **checks, **lacking;	       /* lacking: that no plan has; both NULL-terminated */
	/* struct catalog_exposure, of all it rests on as one; NULL: none is known. */
	GArray *events;
};
enum quarter_kind { QUARTER_RPO, QUARTER_RTO, QUARTER_INTEGRITY, QUARTER_COVERAGE, QUARTER_KINDS };
const char *quarter_kind_name(enum quarter_kind kind);
bool quarter_kind_parse(const char *name, enum quarter_kind *kind); /* "rpo" */

struct quarter_exemption {
	const char *process; /* NULL: the service itself */
	enum quarter_kind kind;
	struct objective_exemption exemption;
};
struct quarter_service {
	const char *name, *tier;
	usec_t rpo[QUARTER_COMPONENTS], rto; /* 0: no objective */
	bool has[QUARTER_COMPONENTS];	     /* the parts that it has */
	double rpo_required; /* share of time within; 0: the largest exposure counts */
	usec_t unknown_allowance, verify_cycle;
	usec_t max_drill_age, retain;
	unsigned min_drills;
	/* struct catalog_exposure, of all repositories as one; NULL: none is known. */
	GArray *events[QUARTER_COMPONENTS];
	const struct status *status; /* as it is now; NULL: not known */
	const GPtrArray *restores;   /* struct catalog_run, of the period */
	const GPtrArray *incidents;  /* Incident, all there are; NULL: not known */
	usec_t read_back;	     /* when all repositories were last read back whole; 0: never */
	GPtrArray *businesses;	     /* struct quarter_business; NULL: none */
	GArray *exemptions;	     /* struct quarter_exemption; NULL: none */
	/* Of coverage: as there, NULL: not known. */
	GArray *plans;
	GPtrArray *repositories, *strata;
};
struct quarter_request {
	const char *name;		  /* "2026-Q4" */
	usec_t from, to, now;		  /* what lies behind now is not known */
	GPtrArray *services;		  /* struct quarter_service */
	const GPtrArray *readings;	  /* Reading, all there are, oldest first */
	const struct stored_chain *chain; /* NULL: not known */
	const GPtrArray *custody;	  /* struct custody_event; NULL: not known */
};

/* A period's name: "2026-Q4". USAGE for others. */
bool quarter_parse(const char *name, usec_t *from, usec_t *to, GError **error);
char *quarter_name(usec_t time); /* of the quarter it lies in; g_free */

struct quarter_exposure {
	usec_t objective;
	GArray *events; /* borrowed; NULL: none is known */
	struct exposure_period period;
	struct exposure_summary summary;
	GArray *episodes; /* struct exposure_episode */
};
/* One attempt, and how it was counted. */
struct quarter_attempt {
	const Reading *reading;
	bool counted;
	const char *why_not; /* "" where it is counted */
};
/* A real recovery, of the period by its loss, or by when it was opened. */
struct quarter_incident {
	const Incident *incident;
	struct incident_figures figures;
};
struct quarter_result {
	const struct quarter_service *service;
	struct quarter_exposure exposure[QUARTER_COMPONENTS];
	GArray *attempts;  /* struct quarter_attempt, of the period, by time */
	GArray *incidents; /* struct quarter_incident, of the period */
	struct objective_drills drills;
	GArray *rta; /* usec_t, sorted: rta_with_assumptions of counted drills that measured it */
	usec_t worst_case;
	enum estimate_label worst_label;
	double worst_factor; /* of what it is of, to the largest that was drilled; 0: not said */
	GPtrArray *coverage; /* struct coverage_row */
	struct objective_verdict verdicts[QUARTER_KINDS];
};
/* A process, as the configuration or the checks of drills name it. */
struct quarter_process {
	const char *name, *service;
	const struct quarter_business *business; /* NULL: no objective is set */
	unsigned passed, failed, unassessed; /* check results of counted drills; failed: of all */
	GHashTable *seen;		     /* names of checks that passed, borrowed */
	usec_t slowest;			     /* of counted drills; -1: not measured */
	usec_t bound; /* until the service was ready, in drills that checked it; -1: no drill */
	bool missed;  /* a counted drill missed what was its objective then */
	struct exposure_summary exposure;
	struct objective_verdict verdicts[QUARTER_COVERAGE]; /* all but coverage */
};
typedef struct quarter Quarter;
struct quarter {
	const struct quarter_request *request;
	usec_t cutoff;	      /* the period's end, or now */
	GPtrArray *results;   /* struct quarter_result */
	GPtrArray *processes; /* struct quarter_process */
};
Quarter *quarter_compute(const struct quarter_request *request); /* request outlives it */
void quarter_free(Quarter *quarter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Quarter, quarter_free)
/* Roll-ups: a service is the worst of itself and of its processes in the configuration, a tier of its services. */
enum objective_state quarter_state(const Quarter *quarter);
enum objective_state quarter_tier_state(const Quarter *quarter, const char *tier,
					enum quarter_kind kind);
enum objective_state quarter_service_state(const Quarter *quarter, const char *service,
					   enum quarter_kind kind);

/* before: the same of the quarter before, or NULL. */
Document *quarter_document(const Quarter *quarter, const Quarter *before);
/* What is so now: a short form of it. */
Document *quarter_posture(const Quarter *quarter);
json_t *quarter_json(const Quarter *quarter);

#endif
