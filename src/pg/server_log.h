#ifndef ODR_PG_SERVER_LOG_H
#define ODR_PG_SERVER_LOG_H

#include "base/clock.h"

/* Reading the log that a server of ours wrote to a file (log_line_prefix "%m [%p] ", log_timezone UTC, lc_messages C). */

/* Calls each with every line, cut at 8 KiB, until it returns false. */
bool server_log_read(const char *path, bool (*each)(void *data, const char *line), void *data,
		     GError **error);

/* The time a line begins with; 0: none. */
usec_t server_log_time(const char *line);

/* What recovery said of itself (POSTGRES.md 8.4); 0 and NULL where it did not. */
struct server_log_recovery {
	usec_t began;	   /* first line of all */
	usec_t redo_began; /* "redo starts at" */
	usec_t consistent; /* "consistent recovery state reached" */
	usec_t stopped;	   /* "recovery stopping …" */
	usec_t pausing;	   /* "pausing at the end of recovery" */
	char *stop;	   /* "recovery stopping before commit of transaction 745, time 2026-…" */
	usec_t promoted;   /* "archive recovery complete" */
	usec_t ready;	   /* "database system is ready to accept connections" */
	uint32_t timeline; /* "selected new timeline ID"; 0: none */
};
void server_log_recovery_clear(struct server_log_recovery *recovery);
bool server_log_recovery(const char *path, struct server_log_recovery *recovery, GError **error);

#endif
