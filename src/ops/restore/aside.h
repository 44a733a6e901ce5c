#ifndef ODR_OPS_RESTORE_ASIDE_H
#define ODR_OPS_RESTORE_ASIDE_H

#include "repo/manifest.h"

/* What a restore needs that is for a private server, in a folder that is thrown away. */

/* Each tablespace of the set gets a folder folder/<oid>: OID (GUINT_TO_POINTER) → path. */
bool restore_aside_tablespaces(const Manifest *manifest, const char *folder, GHashTable **map,
			       GError **error);
/* The superuser that initdb made, as the set knows it; NULL: not told. */
const char *restore_aside_superuser(const Manifest *manifest);

#endif
