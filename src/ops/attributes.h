#ifndef ODR_OPS_ATTRIBUTES_H
#define ODR_OPS_ATTRIBUTES_H

#include "ops/accounts.h"
#include "repo/layer.h"

/* Mode, time and owner of an entry onto an open file or directory. accounts NULL: its owner stays. */
bool attributes_apply(int fd, const char *path, const struct layer_entry *entry, Accounts *accounts,
		      GError **error);

#endif
