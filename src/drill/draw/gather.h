#ifndef ODR_DRILL_DRAW_GATHER_H
#define ODR_DRILL_DRAW_GATHER_H

#include "drill/draw/holdings.h"

/*
 * What follows from holdings.json: the population, and of the inputs of a draw edges, estimates and the digest of the
 * population. The drill draws from it, and whoever verifies makes it again. Pure.
 */
struct draw_gathered {
	GPtrArray *population; /* struct population_piece, sorted */
	char *text;	       /* population.tsv */
	uint64_t longest_wal;  /* bytes of the longest replay there is */
};
/* Hostile holdings: CORRUPT, or REFUSED for a newer format. inputs gets edges and estimates; it should have none. */
bool draw_gather(const DrawHoldings *holdings, DrawInputs *inputs, struct draw_gathered *gathered,
		 GError **error);
/* Where the plan has set=random: inputs gets the sets that may be started from. */
bool draw_gather_sets(const DrawHoldings *holdings, DrawInputs *inputs, GError **error);
void draw_gathered_clear(struct draw_gathered *gathered);

#endif
