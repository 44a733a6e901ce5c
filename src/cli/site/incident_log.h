#ifndef ODR_CLI_SITE_INCIDENT_LOG_H
#define ODR_CLI_SITE_INCIDENT_LOG_H

#include "base/json.h"
#include "pg/session.h"

/*
 * How long the recovered server replayed WAL and started up, by its own log: the file that is named, in which case it has
 * to tell; else the one that the server says it writes, where it says so and this user may read it.
 */
struct incident_log_source {
	const char *file; /* NULL: as the server says */
	Session *
		session; /* of the recovered server, which also knows its time zone; NULL: it is not asked */
};
/* *log: file and spans, as the timeline has them; NULL: not known. New reference. */
bool incident_log_read(const struct incident_log_source *source, json_t **log, GError **error);

#endif
