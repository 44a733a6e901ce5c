#ifndef ODR_DRILL_CHECK_HOST_H
#define ODR_DRILL_CHECK_HOST_H

#include "base/background.h"
#include "base/limits.h"
#include "drill/check/check.h"
#include "drill/measure/span.h"

#include <sys/types.h>

/* Checks that ask no database: programs of the operator's, logs, and what was measured. */

/* A program, where the server is: without network, under the same user. It is told of the copy by its environment alone:
 * ODR_CONNINFO, ODR_DATABASE, ODR_FILESTORE, ODR_SERVICE, ODR_RUN, ODR_TARGET, ODR_URL, besides PATH and LC_ALL. Exit status 0 is
 * a pass, 1 a failure, 3 not assessed, 75 asks to be run again (retries=); its last line is the message. */
struct drill_command_site {
	pid_t server;				/* whose network it gets; 0: this host's */
	const struct process_limits *limits;	/* NULL: ours */
	const struct background_ground *ground; /* as struct background_request has it */
	const char *folder;  /* the sandbox, for its output; of sockets it sees only those in it */
	const char *program; /* instead of the first word of the command; NULL: not so */
	const char *conninfo, *database, *filestore, *service, *run_id, *target,
		*url; /* NULL: none */
};
/* False with STOPPED, or where it cannot be started. */
bool drill_check_command(const struct drill_command_site *site, DrillCheckResult *result,
			 GError **error);

/* What a program said last, of a file with all it said, for people; g_free. */
char *drill_last_line(const char *path);

/* Lines of a log that match one of forbid, and none of allow nor of allow_too. */
void drill_check_log(const char *path, char *const *allow_too, DrillCheckResult *result);

/* A figure, "rta_db_ready" and its like, or a phase by its name, is at most so long. */
struct drill_figure {
	const char *name;
	usec_t value; /* -1: not measured */
};
void drill_check_span(const struct drill_figure *figures,
		      DrillCheckResult *result); /* ends with a NULL name */

#endif
