#ifndef ODR_OPS_EXPOSURE_H
#define ODR_OPS_EXPOSURE_H

#include "catalog/catalog.h"

/*
 * Exposure to loss over a period: what would have been lost, had the source vanished at t. Recovery point
 * R_i is usable from A_i on; until A_{i+1} the exposure t - R_i grows with slope 1: a sawtooth, computed
 * from its corners and never sampled. Pure.
 */
struct exposure_period {
	usec_t start, end; /* start <= end */
	usec_t objective;  /* 0: none; then nothing is over it */
	usec_t excused;	   /* taken out of the period for `within` */
};
struct exposure_summary {
	usec_t known, unknown; /* together the period; unknown: before the first recovery point */
	usec_t maximum, worst_at; /* the largest exposure, and when that was (0: nothing known) */
	usec_t mean;		  /* over the known time */
	usec_t over;		  /* time above the objective */
	usec_t revised;		  /* of the known time, what was claimed to be better at first */
	unsigned episodes;	  /* maximal intervals above the objective */
	double within; /* 1 - (over + unknown) / (period - excused), from 0 to 1; of no period: 1 */
};
/* events: struct catalog_exposure, sorted by usable_at; the last one at or before the start is where the
 * period begins. A later one may have an older recovery point (something turned out to be damaged). */
void exposure_summarize(const struct exposure_period *period, const GArray *events,
			struct exposure_summary *summary);
/* What is known now of what was claimed then (DRILLS.md 1): before each fall, back to the time that it revises, no point is
 * better than the one that it fell to. Free with g_array_unref. */
GArray *exposure_revise(const GArray *events);
/* Maximal intervals above the objective, in order: struct exposure_episode. Free with g_array_unref. */
struct exposure_episode {
	usec_t start, end, peak; /* peak: the largest exposure in it */
};
GArray *exposure_episodes(const struct exposure_period *period, const GArray *events);
/* Several repositories as one: at every time the newest point that one of them has, from when the first has one.
 * Free with g_array_unref. */
GArray *exposure_best(GArray *const *events, size_t count);
/* Several components as one: at every time the oldest of their points, once all have one. The same. */
GArray *exposure_worst(GArray *const *events, size_t count);

#endif
