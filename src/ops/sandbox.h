#ifndef ODR_OPS_SANDBOX_H
#define ODR_OPS_SANDBOX_H

#include "base/file.h"

/*
 * A folder for what is thrown away: parent/sandbox-<end of the run id>, 0700, held by a lock as long as its run lives. What runs that
 * died left behind in the same parent goes when the next one is made.
 */
struct sandbox {
	char *folder;
	struct file_lock lock;
};
bool sandbox_make(const char *parent, const char *run_id, struct sandbox *sandbox, GError **error);
/* What runs that died left behind in a parent goes. */
void sandbox_sweep(const char *parent);
/* Folders of runs that died. */
unsigned sandbox_dead(const char *parent);
/* With everything in it. Does nothing to a zeroed one. */
void sandbox_remove(struct sandbox *sandbox);

#endif
