#ifndef ODR_PG_SESSION_QUERY_H
#define ODR_PG_SESSION_QUERY_H

#include "pg/session.h"

#include <libpq-fe.h>

/* For the files session_*.c alone: what they ask with. */
struct session {
	PGconn *connection;
	int version_num;
};

/* The result of a query with rows (or none), with count parameters; PQclear. NULL: an error. */
PGresult *session_ask(Session *session, const char *sql, const char *const *values, int count,
		      GError **error);
/* A column of the first row; NULL: there is none. g_free. */
char *session_cell(const PGresult *result, int column);

/* The timeline, in hex. pg_control has the timeline of the last checkpoint: too old just after a promotion. */
#define SESSION_TIMELINE_SQL                                       \
 "CASE WHEN pg_is_in_recovery()"                                   \
 " THEN to_hex((SELECT timeline_id FROM pg_control_checkpoint()))" \
 " ELSE substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END"
uint32_t session_timeline(const char *hex);

#endif
