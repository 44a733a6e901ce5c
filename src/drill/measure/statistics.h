#ifndef ODR_DRILL_MEASURE_STATISTICS_H
#define ODR_DRILL_MEASURE_STATISTICS_H

/*
 * What a number of drills proves. One-sided, at 95 % confidence; drills are taken as independent draws.
 */

/* The largest failure probability that agrees with failed of n drills (Clopper and Pearson); 1 where nothing
 * is excluded. n > 0, failed <= n. */
double statistics_failure_bound(unsigned n, unsigned failed);

/* The quantile of the recovery time that the slowest of n drills bounds: 0.77 is the 77th percentile. n > 0. */
double statistics_slowest_bounds(unsigned n);

/* The probability that the next drill is slower than the slowest of n. */
double statistics_exceeded(unsigned n);

/* The fewest drills whose slowest bounds this quantile: 29 for 0.9. 0 < quantile < 1. */
unsigned statistics_drills_for(double quantile);

/* The largest share of damaged files that agrees with none damaged among those checked of named ones: 0 when all
 * were checked. checked <= named, named > 0. */
double statistics_damage_bound(unsigned long long named, unsigned long long checked);

/* The probability that n draws meet a fault in this share of the points. */
double statistics_detection(unsigned n, double share);

#endif
