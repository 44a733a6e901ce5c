#ifndef ODR_DRILL_INCIDENT_COLLECT_H
#define ODR_DRILL_INCIDENT_COLLECT_H

#include "drill/incident/incident.h"

#define CHAIN_MAX ((size_t)1 << 30) /* bytes of a chain: it only grows */

/* Inside drill/incident only: from lines of chains to incidents. Pure: no files, no clock. */
struct collection {
	GPtrArray *incidents; /* Incident, as they were first spoken of */
	GHashTable *restores; /* run → struct incident_restore, of any incident or of none */
	GHashTable *seen;     /* digests of lines: two copies of a chain tell the same once */
	/* Of the chain that is read: */
	const char *chain; /* its digest; NULL: the host's own */
	const char *only;  /* lines of this incident; NULL: all */
};
void collection_init(struct collection *collection);
void collection_clear(struct collection *collection);
/* An audit_each. */
bool collect_line(void *collection, const struct audit_line *line);
/* When all chains were read: brings entries in order, decides which marks count, and hands restores to whom they are of. */
void collection_finish(struct collection *collection);
Incident *collection_find(const struct collection *collection, const char *id); /* or NULL */

bool chain_digest_valid(const char *text); /* NULL is none */

#endif
