#ifndef ODR_CLI_SITE_SET_CHOICE_H
#define ODR_CLI_SITE_SET_CHOICE_H

#include "catalog/catalog.h"
#include "cli/site/context.h"
#include "repo/manifest.h"

/* The id that a name stands for: an id, latest, oldest. part (or NULL): of those sets that have it. g_free. */
struct set_name {
	const char *name, *part;
};
bool set_choose(Context *context, Catalog *catalog, const struct set_name *wanted, char **set_id,
		GError **error);
/* A set, and where it lies. context_repos and a key first. */
struct set_found {
	Manifest *manifest;
	Repo *repo;		 /* the first that has it; one of the context's */
	GPtrArray *repositories; /* char *: names of all that do */
};
bool set_load(Context *context, const char *set_id, struct set_found *found, GError **error);
void set_found_clear(struct set_found *found);

#endif
