#ifndef ODR_DRILL_MEASURE_SPAN_H
#define ODR_DRILL_MEASURE_SPAN_H

#include "base/clock.h"

#include <glib.h>

/*
 * What a drill spends its time on. Spans of several threads may overlap; the critical path is the chain of those that
 * the end had to wait for, and, together with the time in which none ran, it adds up to the whole, to the microsecond.
 */
enum drill_phase {
	PHASE_LOCATE = 2, /* numbers as in drill reports */
	PHASE_PROVISION,
	PHASE_FETCH,
	PHASE_BASE,
	PHASE_FILESTORE,
	PHASE_REPLAY,
	PHASE_STARTUP,
	PHASE_APPLICATION,
	PHASE_GATE,
	PHASE_EXTENDED,
	PHASE_TEARDOWN = 13,
	PHASE_LAST = PHASE_TEARDOWN
};
/* "locate", …; NULL: there is none of that number. */
const char *drill_phase_name(enum drill_phase phase);

struct drill_span {
	enum drill_phase phase;
	const char *component; /* "database", "filestore", "config", or "" */
	usec_t began;	       /* wall clock */
	usec_t from, to;       /* monotonic; to 0: still open */
	uint64_t bytes, objects;
	unsigned retries;
	bool drill_only; /* a real recovery would not spend it */
	bool failed;
};

/* A piece of the critical path. */
struct drill_step {
	int span; /* index; -1: nothing ran */
	usec_t from, to;
};
/* From from to to, both monotonic; of spans (struct drill_span) that are closed. Free with g_array_unref. */
GArray *drill_critical_path(const GArray *spans, usec_t from, usec_t to);

/* What the critical path says, in microseconds. -1: not reached. */
struct drill_figures {
	usec_t restore_only;	      /* phases 4 to 8 */
	usec_t db_ready;	      /* t_cmd → connections accepted */
	usec_t wall;		      /* t_cmd → the last check */
	usec_t service_ready;	      /* 2 to 10, less what only drills do */
	usec_t phase[PHASE_LAST + 1]; /* on the critical path */
	usec_t idle;
};
struct drill_moments {
	usec_t command;	 /* t_cmd, monotonic */
	usec_t db_ready; /* 0: never */
	usec_t gated;	 /* the last gate; 0: never */
	usec_t checked;	 /* everything */
};
void drill_figures_compute(const GArray *spans, const struct drill_moments *moments,
			   struct drill_figures *figures);
/* From t_cmd to a moment, less what only drills did until then. */
usec_t drill_time_until(const GArray *spans, usec_t command, usec_t moment);

#endif
