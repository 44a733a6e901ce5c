#ifndef ODR_DRILL_MEASURE_ESTIMATE_H
#define ODR_DRILL_MEASURE_ESTIMATE_H

#include "drill/measure/objective.h"

#include <stddef.h>
#include <stdint.h>

/*
 * How long the worst recovery would take, from what drills of one regime took: what has no size as the slowest drill had
 * it, and every size at the lowest rate that was met. Nothing is said of other hardware. Pure.
 */
struct estimate_sizes {
	uint64_t base, files; /* bytes of the database's set, and of the filestore */
	uint64_t wal;	      /* from the set's start to the target */
};
/* One drill that passed. */
struct estimate_sample {
	struct estimate_sizes sizes;
	usec_t base, files, replay; /* how long each took; the first two side by side */
	usec_t ready;		    /* rta_service_ready */
};
struct estimate {
	usec_t time; /* -1: there is none */
	enum estimate_label label;
	double factor; /* of the size that was drilled least, to the largest that was; above 1: extrapolated */
};
/*
 * MEASURED  a drill had at least these sizes: the slowest of those
 * INTERPOLATED  each size was reached, if not by one drill
 * EXTRAPOLATED  one was not
 */
struct estimate estimate_worst(const struct estimate_sample *samples, size_t count,
			       const struct estimate_sizes *sizes);

#endif
