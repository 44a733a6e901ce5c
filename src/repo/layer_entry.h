#ifndef ODR_REPO_LAYER_ENTRY_H
#define ODR_REPO_LAYER_ENTRY_H

#include "repo/layer.h"

/* What an entry must be alone: a safe path; extents that cover exactly its size, with slices inside
 * possible chunks of packs below table_rows. CORRUPT, and the message names the path. */
bool layer_entry_check(const struct layer_entry *entry, uint32_t table_rows, GError **error);

#endif
