#ifndef ODR_OPS_TENANT_SINGLE_H
#define ODR_OPS_TENANT_SINGLE_H

#include "pg/instance.h"
#include "repo/manifest.h"

/* One database out of the files of its cluster (struct restore_request), and whether they were enough for it. */
struct tenant_single {
	const Instance *instance; /* rests at its moment */
	const char *name;
	uint32_t oid; /* whose files were restored; 0: those of all databases were */
	const char *run_id;
};
/* As the set knows it; 0: the set has none of that name. It may have been made later. */
uint32_t tenant_oid(const Manifest *manifest, const char *name);
/* *reason (g_free): why the others' files are needed after all; NULL: they are not. NOT_FOUND where there is no such
 * database at that moment; the message names those that are. */
bool tenant_examine(const struct tenant_single *single, char **reason, GError **error);

#endif
