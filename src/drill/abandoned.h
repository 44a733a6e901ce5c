#ifndef ODR_DRILL_ABANDONED_H
#define ODR_DRILL_ABANDONED_H

#include "drill/drill.h"

/*
 * Drills whose process died (kill -9, a power cut), and that a later command closed in the audit chain as abandoned. A
 * command that has the key which signs then does what they could not do any more: the record, of outcome abandoned, is made
 * from what the chain says and nothing else, signed and stored; what they left is removed and attested; drill.closed ends
 * it. Each step is taken where it was not yet, under the lock of the run: a command that dies between two of them leaves
 * the rest to the next one. What the drill itself signed before it died stays as it is, and the rest is done for it.
 */
struct abandoned_means {
	Audit *audit;
	const char *state;
	const EvidenceKey *key;
	const GPtrArray *repos; /* Repo, for evidence; NULL: it cannot be stored now */
	const char *command;	/* who does it: "drill clean" */
	/* The plan of a name as it is now; NULL: there is none. */
	const DrillPlan *(*plan)(void *data, const char *name);
	void *plan_data;
	GPtrArray *notes; /* char *: warnings for the user are added */
};
/* Ids (char *) of those of a service that are not ended yet, in the order of the chain. CORRUPT where it is broken. */
bool abandoned_runs(const char *state, const char *service, GPtrArray **runs, GError **error);
/* Everything that can be done for one now; what cannot is an error, and left to a later command. True as well where another
 * process is at it. */
bool abandoned_end(const struct abandoned_means *means, const char *service, const char *run,
		   GError **error);

#endif
