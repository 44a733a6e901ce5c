#ifndef ODR_DRILL_MEASURE_OBJECTIVE_H
#define ODR_DRILL_MEASURE_OBJECTIVE_H

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>

/*
 * Whether an objective was met over a period, from what was measured; what was not measured never raises a state. Pure.
 */
enum objective_state { /* the worst first */
		       OBJECTIVE_MISSED,
		       OBJECTIVE_NOT_PROVEN,
		       OBJECTIVE_NOT_ASSESSED, /* there is no objective, or nothing it could be of */
		       OBJECTIVE_EXEMPT,
		       OBJECTIVE_MET,
};
const char *objective_state_name(enum objective_state state); /* "MISSED", "NOT PROVEN", … */

struct objective_verdict {
	enum objective_state state;
	usec_t measured;    /* -1: not */
	GPtrArray *reasons; /* char *: why it is not MET, sentences without a full stop */
};
void objective_verdict_init(struct objective_verdict *verdict);
void objective_verdict_clear(struct objective_verdict *verdict);
/* To a state that is worse, with the reason; what decides stands first. */
void objective_lower(struct objective_verdict *verdict, enum objective_state state,
		     const char *format, ...) G_GNUC_PRINTF(3, 4);

/* What every judgement looks at. */
struct objective_drills {
	unsigned counted, failed; /* attempts that count; of them those that failed */
	unsigned open;	    /* of them those without a verdict: aborted, abandoned, incomplete */
	usec_t newest_pass; /* 0: none */
	usec_t end;	    /* of the period, or of what is known of it */
	usec_t max_age;	    /* of the newest pass; 0: any */
	/* By hand, repeats, of another regime: they lower a state, and never raise it. */
	unsigned uncounted_failed;
};

struct objective_rpo {
	usec_t objective; /* 0: none */
	usec_t maximum;	  /* largest exposure; -1: nothing is known */
	usec_t achieved;  /* most that a drill to the latest moment lost; -1: there was none */
	double within, required; /* required 0: the maximum counts; else the share of time within */
	usec_t unknown, allowance;
	bool claim_broken; /* a drill to the latest moment recovered less than the catalog claimed */
};
void objective_judge_rpo(const struct objective_rpo *rpo, const struct objective_drills *drills,
			 struct objective_verdict *verdict);

enum estimate_label {
	ESTIMATE_NONE,
	ESTIMATE_MEASURED,
	ESTIMATE_INTERPOLATED,
	ESTIMATE_EXTRAPOLATED
};
struct objective_rto {
	usec_t objective;
	usec_t slowest; /* rta_with_assumptions of the slowest counted drill; -1: none */
	unsigned min_drills;
	usec_t worst_case; /* -1: no estimate */
	enum estimate_label label;
	unsigned measured; /* counted drills that have it: one that starts no server has not */
};
void objective_judge_rto(const struct objective_rto *rto, const struct objective_drills *drills,
			 struct objective_verdict *verdict);

struct objective_integrity {
	unsigned gates_failed, gates_unassessed; /* in counted drills */
	usec_t verified, verify_cycle; /* when everything was last read back (0: never); 0: any */
	usec_t negative_drill;	       /* last one that went red; 0: none */
};
void objective_judge_integrity(const struct objective_integrity *integrity,
			       const struct objective_drills *drills,
			       struct objective_verdict *verdict);

/* What stands for a business process. */
struct objective_checks {
	unsigned passed, failed, unassessed; /* results in counted drills */
	const char *const *lacking;	     /* checks that no plan has; ends with NULL */
	const char *const
		*unseen; /* that a plan has, and no counted drill had a pass of; the same */
};
void objective_judge_checks(const struct objective_checks *checks,
			    struct objective_verdict *verdict);

/* One that is out of scope with a reason; an expired one changes nothing. MISSED is not hidden by it. */
struct objective_exemption {
	const char *reason, *approver;
	usec_t expires;
};
void objective_exempt(const struct objective_exemption *exemption, usec_t now,
		      struct objective_verdict *verdict);

/* The worst; EXEMPT only where all are; of none NOT ASSESSED. */
enum objective_state objective_roll_up(const enum objective_state *states, size_t count);

#endif
