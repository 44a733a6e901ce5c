#ifndef ODR_DRILL_DRAW_POPULATION_H
#define ODR_DRILL_DRAW_POPULATION_H

#include "base/clock.h"
#include "pg/wal.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * All moments a drill may be sent to, cut into pieces of one stratum each. population.tsv, which is kept with the
 * evidence, has a line a piece, sorted bytewise, with tabs between
 *   repository  set  timeline  from-µs  to-µs  from-LSN  to-LSN  stratum
 * A piece holds from, and not to; LSNs are as PostgreSQL prints them. Pure but for population_gather.
 */
struct population_piece {
	char *repository, *set;
	uint32_t timeline;
	usec_t from, to;	/* from < to */
	lsn_t from_lsn, to_lsn; /* from_lsn <= to_lsn */
	char *stratum;
};
/* GPtrArray of struct population_piece. */
GPtrArray *population_new(void);
void population_add(GPtrArray *population, const struct population_piece *piece); /* copies */

/* What one set leads to, in one repository: from its stop + margin to the next set's stop, or the newest durable
 * commit - margin, as far as WAL is durable without a gap. */
struct population_knot {
	usec_t time;
	lsn_t lsn;
};
struct population_interval {
	const char *repository, *set;
	uint32_t timeline;
	lsn_t base; /* the set's start: WAL is replayed from here */
	GArray *knots; /* struct population_knot, both ascending, at least two: the first and the last are the
			  interval's ends; between them a straight line is taken */
};
/* Cuts it at what divides strata: age (0-1d, 1-7d, 7-30d, older, as of now), thirds of the WAL distance from the base,
 * quarters of the day in zone. A stratum is called REPOSITORY:AGE:tlN:thirdN:HH-HH. */
struct population_cut {
	usec_t now;
	GTimeZone *zone;
};
void population_add_interval(GPtrArray *population, const struct population_interval *interval,
			     const struct population_cut *cut);

/* The text, sorted; also sorts the array so. g_free. */
char *population_print(GPtrArray *population);
/* Hostile text: CORRUPT with the number of the line. */
bool population_parse(const char *text, size_t size, GPtrArray **population, GError **error);
#define POPULATION_PIECES_MAX 1000000

#endif
