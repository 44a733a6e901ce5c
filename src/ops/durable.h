#ifndef ODR_OPS_DURABLE_H
#define ODR_OPS_DURABLE_H

#include "base/clock.h"
#include "repo/manifest.h"

/* What the local WAL journal proves: which segments are durable in which repositories. */
struct durable_wait {
	const GPtrArray *repos;	  /* Repo: in every one of them */
	const char *state;	  /* journal in <state>/wal */
	const char *first, *last; /* segments of one timeline */
	uint32_t segment_size;
	usec_t timeout;
	bool (*tick)(void *data, GError **error); /* while waiting; false ends it */
	void *tick_data;
};
/* TRANSIENT when the time is over, naming the first segment that is missing. Progress (one more segment
 * durable) starts the time anew. */
bool durable_wait(const struct durable_wait *wait, GError **error);

/* Whether one file (a segment, a history) is durable in every repository. */
bool durable_file(const char *state, const GPtrArray *repos, const char *file, bool *durable,
		  GError **error);

/* REFUSED if the journal has the segment that the server is writing: what is archived is then of another
 * past than the server's, and proves nothing for it. */
bool durable_check_present(const char *state, const char *segment, GError **error);

/* Local names of the WAL objects that a manifest lists: all of start to stop, and what the journal holds
 * besides from position `since` on (0: nothing besides), history files included; of all that only what is
 * in every repository, since the manifest will be. */
struct durable_query {
	const GPtrArray *repos; /* Repo */
	const char *state;
	const struct set_wal *wal;
	lsn_t since;
};
bool durable_objects(const struct durable_query *query, GPtrArray **objects, GError **error);

#endif
