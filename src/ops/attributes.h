#ifndef ODR_OPS_ATTRIBUTES_H
#define ODR_OPS_ATTRIBUTES_H

#include "repo/layer.h"

/* Mode, time and, where set_owner, owner of an entry onto an open file or directory. Owners go by name,
 * where this host knows it, else by number. */
bool attributes_apply(int fd, const char *path, const struct layer_entry *entry, bool set_owner,
		      GError **error);

#endif
