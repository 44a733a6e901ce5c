#ifndef ODR_CLI_TRAIL_H
#define ODR_CLI_TRAIL_H

#include "cli/run.h"
#include "drill/evidence/audit.h"

/*
 * What a command did, and who did it, in the audit chain of the host. The chain only tells: where nothing can be appended
 * to it (it is damaged, the disk is full) a warning says so, and what was done stays done. Only a drill does not begin
 * without. archive-push and archive-get tell nothing: they are not to wait for anything, and the journal has them.
 */
void trail_add(const Context *context, enum audit_event event, const char *run,
	       json_t *data); /* takes data */
/* Of a run: that it begins, and how it ended, for those that change or bring back something. */
void trail_begin(const Run *run);
void trail_end(const Run *run, const char *outcome, const struct run_result *result);
/* An object with what the event is of: service, and a name of a member with its value. New reference. */
json_t *trail_of(const Context *context, const char *member, const char *value);

#endif
