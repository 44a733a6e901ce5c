#ifndef ODR_CLI_RUN_TRAIL_H
#define ODR_CLI_RUN_TRAIL_H

#include "cli/run/run.h"
#include "drill/evidence/audit.h"

/*
 * What a command did, and who did it, in the audit chain of the host. The chain only tells: where nothing can be appended
 * to it (it is damaged, the disk is full) a warning says so, and what was done stays done. Only a drill does not begin
 * without. archive-push and archive-get tell nothing: they are not to wait for anything, and the journal has them.
 *
 * The first two take data. False: there is a warning.
 */
bool trail_append(const char *state, enum audit_event event, const char *run, json_t *data);
bool trail_add(const Context *context, enum audit_event event, const char *run, json_t *data);
/* Of a run: that it begins, and how it ended, for those that change or bring back something. */
void trail_begin(const Run *run);
void trail_end(const Run *run, const char *outcome, const struct run_result *result);
/* context_confirm, and that somebody did is told. */
bool trail_confirm(const Run *run, const char *question, GError **error);
/* An object with what the event is of: service, and a name of a member with its value. New reference. */
json_t *trail_of(const Context *context, const char *member, const char *value);
/* What the host found otherwise than when it last looked, by digests in the catalog: the configuration, exemptions in it,
 * and plans of drills, each with the digest before (null: it was not known) and now (null: it is gone). */
void trail_changes(const Run *run);

/* Keys. context_identity, and the use of the key is told once, for all that the command opens with it. */
bool trail_identity(Context *context, GError **error);
/* The use of the identity of one context, in the chain of another: that of a kit, of the host. */
void trail_identity_used(const Context *context, Context *of);
/* That a key or a kit was tried, and what came of it, in the chain of a state folder. */
struct trail_test {
	enum audit_event event;
	const Context *context; /* what was opened with it */
	const json_t *opened;	/* repositories with their sets */
	const GError *failure;	/* NULL: it works */
};
void trail_tested(const char *state, const struct trail_test *test);
/* What was made of a key file, or done with it, in the chain of the configuration. Keys may be made where there is none:
 * then a line of the log says that nothing tells of them. */
struct trail_key {
	const struct arguments *arguments;
	const char *path;
	const OwnerKey *owner; /* that was used for it; NULL: none */
	const char *recipient; /* whose file was added; NULL: none */
};
void trail_key_made(const struct trail_key *key, enum audit_event event);

#endif
