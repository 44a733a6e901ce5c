#ifndef ODR_CLI_SITE_COLLECTORS_H
#define ODR_CLI_SITE_COLLECTORS_H

#include "cli/site/context.h"
#include "collect/collect.h"

/* The collectors of a service, as its configuration has them, and what they may know. */
typedef struct collectors Collectors;
struct collectors {
	GPtrArray *settings; /* struct collect_settings */
	struct collect_host host;
	GPtrArray *lists; /* char **: what settings refer to, owned */
	char *own_files[2];
};
/* A key that a collector has no use for, and one that it lacks, are USAGE errors. context_bundle first. */
Collectors *collectors_new(const Context *context, GError **error);
void collectors_free(Collectors *collectors);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Collectors, collectors_free)
/* The same check alone. */
bool collectors_check(const Settings *settings, const struct settings_collect *collect,
		      GError **error);

#endif
