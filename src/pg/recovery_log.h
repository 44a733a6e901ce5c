#ifndef ODR_PG_RECOVERY_LOG_H
#define ODR_PG_RECOVERY_LOG_H

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>

/*
 * What a server that is not ours says of its recovery in its own log: of the last start that recovered from an archive and
 * let clients in. Lines begin with %m or %t of log_line_prefix and are in English (lc_messages C or en_US).
 */
struct recovery_log {
	usec_t began;	 /* the server was started */
	usec_t replayed; /* it stopped at its target, or had replayed all there was */
	usec_t resumed;	 /* it went on from there: later where it was paused */
	usec_t ready;	 /* it accepts connections that may write */
};
/* zone: what log_timezone was; NULL: the one of this host. NOT_FOUND where the log tells of no such recovery. */
bool recovery_log_read(const char *path, GTimeZone *zone, struct recovery_log *log, GError **error);

/* The time a line begins with, in that zone or UTC, whichever it names; 0: none. Pure. */
usec_t recovery_log_time(const char *line, GTimeZone *zone);

#endif
