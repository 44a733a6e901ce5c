#ifndef ODR_DRILL_ENGINE_DRAWING_H
#define ODR_DRILL_ENGINE_DRAWING_H

#include "drill/draw/gather.h"
#include "drill/engine/engine.h"

/* What a draw is made from, while it is. */
struct drawing {
	Drill *drill;
	DrawInputs *inputs;
	struct draw_gathered gathered;
	GHashTable *stored; /* ids of checkpoints, as the chain has it */
	DrawHoldings *holdings;
	bool only_anchors;	    /* are points */
	bool any_set;		    /* that leads to the moment may be started from */
	lsn_t wal_end;		    /* of the repository that is gathered from; 0: not looked at */
	struct population_knot end; /* the newest commit before it */
};

/* Everything of all repositories that can be drawn. NOT_FOUND: nothing can. */
bool drawing_gather(struct drawing *drawing, GError **error);

#endif
