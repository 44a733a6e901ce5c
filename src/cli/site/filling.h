#ifndef ODR_CLI_SITE_FILLING_H
#define ODR_CLI_SITE_FILLING_H

#include "catalog/catalog.h"
#include "cli/site/context.h"

/* Fills the catalog from all repositories of the context, which are open. What did not verify is warned
 * of; *unverified counts it. */
bool filling_rebuild(Context *context, Catalog *catalog, unsigned *unverified, GError **error);

/* Opens the catalog for a query. What it never learnt of a repository (a new host, a lost catalog, a run
 * that died after it published its set) is read from there first; a repository that cannot be read then
 * is a warning. */
enum filling_look {
	FILLING_LOCAL, /* ask only where local state shows that something is lacking: works without network */
	FILLING_ASK /* compare the names of sets with those in the repositories */
};
/* With --as-of it is one of its own, in memory, of what the repositories held then. */
Catalog *filling_open(Context *context, enum filling_look look, GError **error);

/* After a set was recorded: if the one before it in the chain is not in the catalog, the repositories are
 * read again by the next query. */
bool filling_check_previous(Context *context, Catalog *catalog, const char *previous_set,
			    GError **error);

/* Keys to read repositories with: an identity where one is at hand without asking, else the bundle. */
bool filling_keys(Context *context, GError **error);

#endif
