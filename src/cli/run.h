#ifndef ODR_CLI_RUN_H
#define ODR_CLI_RUN_H

#include "catalog/catalog.h"
#include "cli/context.h"

/*
 * A run of a long command, as the catalog records it. The catalog is a cache and a log: where it cannot
 * be opened or written, a warning says so and the run goes on.
 */
struct run {
	char *run_id;	  /* sorts by time */
	Catalog *catalog; /* NULL: cannot be used */
	usec_t started;
};
/* Runs of this host that died are marked as abandoned on the way. command is one word or two: "catalog
 * rebuild". */
void run_begin(struct run *run, const Context *context, const char *command);
/* error NULL: it worked. STOPPED is recorded as aborted; a set with damage of its source (SOURCE_DAMAGED)
 * and what was done in part (PARTIAL) as ok, with their exit status and message. set_id may be NULL.
 * Releases the run. */
void run_finish(struct run *run, const GError *error, const char *set_id, uint64_t bytes);

/* <state>/catalog.db of the configuration; *renewed as catalog_open says. */
Catalog *run_catalog(const Context *context, bool *renewed, GError **error);

#endif
