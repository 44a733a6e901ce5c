#ifndef ODR_DRILL_ENGINE_ABANDONED_H
#define ODR_DRILL_ENGINE_ABANDONED_H

#include "drill/abandoned.h"

/* What the chain says of a drill that was abandoned, and is not closed. */
typedef struct abandoned Abandoned;
struct abandoned {
	char *run;
	uint64_t scheduled_seq;
	usec_t scheduled, entered,
		found; /* times of drill.scheduled, of the last state, of drill.abandoned */
	json_t *schedule, *actor;	     /* data of drill.scheduled, and who it was */
	json_t *drawn;			     /* data of drill.drawn; NULL: it was not */
	json_t *source, *target, *isolation; /* as states said them; NULL: none did */
	char *state;			     /* the last that was entered */
	char *verdict;			     /* its own, before it died; or NULL */
	char *directory, *key;		     /* where its sandbox was, and the key of it; or NULL */
	bool is_abandoned, is_judged, is_signed, is_stored; /* is_judged: as abandoned */
};
void abandoned_free(Abandoned *drill);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Abandoned, abandoned_free)
/* Those of a service, in the order of the chain: Abandoned. */
GPtrArray *abandoned_find(const char *state, const char *service, GError **error);

/* Its record. What is not of the chain: files of the evidence that it wrote, those of its plan, the record before, and what
 * is to be said beside. */
struct abandoned_beside {
	json_t *files, *plan_files; /* [{name,sha256}] */
	const char *previous;	    /* SHA-256; NULL: there is none */
	GPtrArray *deviations;	    /* char * */
};
/* New reference. Pure, but for what it says of this program. */
json_t *abandoned_record(const Abandoned *drill, const struct abandoned_beside *beside);

/* What it left goes. What is to be attested, new reference; NULL: that cannot be told, or something is at it now. */
json_t *abandoned_remove(const struct abandoned_means *means, const Abandoned *drill,
			 GError **error);

#endif
