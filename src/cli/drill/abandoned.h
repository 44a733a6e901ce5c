#ifndef ODR_CLI_DRILL_ABANDONED_H
#define ODR_CLI_DRILL_ABANDONED_H

#include "cli/site/context.h"
#include "drill/evidence/audit.h"

/* Drills that died are closed in the chain by whoever opens it next, who tells people of it. */
bool abandoned_close(const Settings *settings, Audit *audit, GError **error);
/* … and those of a service get their records, and what they left is removed and attested (drill/abandoned.h), by a command
 * that has opened the service's evidence key. Fails with what could not be done first; the others are done all the same, and what is
 * left is left to the next command. */
bool abandoned_finish(Context *context, Audit *audit, const char *command, GError **error);

#endif
