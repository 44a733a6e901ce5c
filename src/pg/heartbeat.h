#ifndef ODR_PG_HEARTBEAT_H
#define ODR_PG_HEARTBEAT_H

#include "base/clock.h"
#include "pg/session.h"

/*
 * A sign of life in the WAL. An idle server writes none, so that nobody can tell from its archive whether all is well; a
 * transaction now and then makes archive_timeout switch segments, and gives every time target a commit behind it.
 *
 * Where the cluster has a database HEARTBEAT_DATABASE, it is a row there (table public.heartbeat: seq without holes, ts,
 * lsn), kept for a week: after a recovery max(ts) is the moment that was reached, for all databases of the cluster. Else
 * it is a logical message, which leaves nothing to read (POSTGRES.md 11).
 */
#define HEARTBEAT_DATABASE "odrbackup"
struct heartbeat {
	bool row;
	int64_t sequence; /* of the row; 0: a message */
	usec_t time;	  /* by the server's clock */
	lsn_t lsn;
};
struct heartbeat_settings {
	const char *conninfo, *run_id;
	bool create; /* make the database where it is missing */
};
/* Every commit up to this time lies before a position in the WAL: that of the newest row from before it, 0 where there
 * is none; or with *all everything that the server has flushed, which a role that may not ask for its position never
 * learns. REFUSED by a standby. */
bool heartbeat_before(const char *conninfo, const char *run_id, lsn_t position, bool *all,
		      usec_t *time, GError **error);
/* REFUSED by a standby. */
bool heartbeat_beat(const struct heartbeat_settings *settings, struct heartbeat *heartbeat,
		    GError **error);

#endif
