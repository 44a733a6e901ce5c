#ifndef ODR_DRILL_EVIDENCE_HISTORY_H
#define ODR_DRILL_EVIDENCE_HISTORY_H

#include "drill/draw/draw.h"
#include "drill/evidence/audit.h"

/* Which drills there were, as the audit chain has it. */
struct history_drill {
	char *run, *plan, *slot;
	bool operator_chosen;	    /* or not yet drawn */
	usec_t scheduled, closed;   /* closed 0: it goes on, or died */
	char *outcome;		    /* NULL: none yet */
	char *repository, *stratum; /* of the draw; NULL: none */
};
typedef struct history History;
struct history {
	GPtrArray *drills; /* struct history_drill, in order */
};
/* Of a host's state folder; without a chain there were none. CORRUPT where the chain is broken. */
History *history_read(const char *state, GError **error);
void history_free(History *history);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(History, history_free)

/* The last one of a plan, whatever came of it; NULL: none. */
const struct history_drill *history_last(const History *history, const char *plan);
/* Whether a drill of the plan counts for the slot: it was drawn, and came to an end of its own. */
bool history_has(const History *history, const char *plan, const char *slot);

/* What was drawn before, as it weighs in the next draw of a plan: fills slots, strata, history_seq, and of the
 * repositories that inputs has the line that last drew from each. stored (a set of char *) gets the ids of all checkpoints
 * that the chain says were stored. */
bool history_weigh(const char *state, const char *plan, DrawInputs *inputs, GHashTable *stored,
		   GError **error);

#endif
