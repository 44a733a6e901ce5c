#ifndef ODR_CLI_RUN_RUN_H
#define ODR_CLI_RUN_RUN_H

#include "catalog/catalog.h"
#include "cli/run/account.h"
#include "cli/site/context.h"

/*
 * A run of a long command, as the catalog records it. The catalog is a cache and a log: where it cannot
 * be opened or written, a warning says so and the run goes on.
 */
typedef struct run Run;
struct run {
	char *run_id;	  /* sorts by time */
	Catalog *catalog; /* NULL: cannot be used */
	const Context *context;
	char *service, *command;
	usec_t started;
	bool finished;
	const struct account *account; /* of what brings something back; NULL: there is none */
};
/* Never NULL; must end before the context. Runs of this host that died are marked as abandoned on the way. */
Run *run_begin(const Context *context, const char *command);
/* The same of what brings something back; account outlives the run, and is told when it ends. */
Run *run_begin_recovery(const Context *context, const char *command, const struct account *account);
struct run_result {
	const char *set_id; /* NULL: none */
	uint64_t bytes;
	int exit_status;    /* counts without an error: works, but … */
	const char *failed; /* NULL, or what it found: it ran to its end, and its answer is no */
};
/* Also records what its repositories (context->repos) were found to be altered in.
 * error NULL: it worked, or it ran and failed by its own judgement (result->failed). STOPPED is recorded
 * as aborted; a set with damage of its source (SOURCE_DAMAGED) and what was done in part (PARTIAL) as ok,
 * with their exit status and message. */
void run_finish(Run *run, const GError *error, const struct run_result *result);
/* A run that was not finished is recorded as failed. */
void run_free(Run *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Run, run_free)

/* Records a run that failed before it could begin: it must not look as if nobody had tried. */
void run_failed(const Context *context, const char *command, const GError *error);

/* <state>/catalog.db of the configuration; *renewed as catalog_open says. */
Catalog *run_catalog(const Context *context, bool *renewed, GError **error);

#endif
