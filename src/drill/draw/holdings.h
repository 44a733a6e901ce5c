#ifndef ODR_DRILL_DRAW_HOLDINGS_H
#define ODR_DRILL_DRAW_HOLDINGS_H

#include "base/json.h"
#include "drill/draw/draw.h"

/*
 * What a population, its estimates and its edges are made of, so that somebody else can make them again: holdings.json,
 * which is kept with the evidence, and whose digest is in the record and beforehand in the chain. odrbackup-evidence(5)
 * specifies it and how the rest follows from it; contrib/verify-draw does that. Each set is named with the digest of its
 * manifest, so that it can be compared with the repository.
 */
#define DRAW_HOLDINGS_TYPE "odrbackup-draw-holdings"
typedef json_t DrawHoldings;
struct draw_held_frame {
	usec_t now, window, margin;
	const char *zone;
	bool only_anchors; /* no other edges are drawn from */
};
DrawHoldings *draw_holdings_new(const struct draw_held_frame *frame);

/* In the order of the repository: oldest first. */
struct draw_held_set {
	const char *repository, *set, *manifest_sha256;
	uint64_t system_identifier;
	uint32_t timeline;
	lsn_t start, stop; /* WAL from where to where it needs */
	usec_t stopped;
	bool opened; /* its sealed part was: without, nothing is drawn from it */
	struct population_knot
		end; /* the newest commit that WAL leads to from it; 0: none was looked for, or found */
};
void draw_holdings_add_set(DrawHoldings *holdings, const struct draw_held_set *set);
/* An anchor that can be drawn. */
void draw_holdings_add_anchor(DrawHoldings *holdings, const struct draw_edge *anchor);

char *draw_holdings_print(const DrawHoldings *holdings); /* g_free */

#endif
