#ifndef ODR_OPS_SANDBOX_H
#define ODR_OPS_SANDBOX_H

#include "base/file.h"
#include "crypto/folder_key.h"

/*
 * A folder for what is thrown away: parent/sandbox-<end of the run id>, 0700, held by a lock as long as its run lives. What runs that
 * died left behind in the same parent goes when the next one is made.
 */
struct sandbox {
	char *root;			/* what goes in the end */
	char *folder;			/* to be filled: it, or a sealed one in it */
	char key[FOLDER_KEY_NAME_SIZE]; /* "": it is not sealed */
	struct file_lock lock;
};
/* Where it is made; g_free. */
char *sandbox_path(const char *parent, const char *run_id);
char *sandbox_sealed(const char *root); /* what is sealed in one, if anything is; g_free */
/* Of one whose run died: held as long as somebody looks after it. BUSY: another process is at it. One that is not there, or
 * that is being removed, is held by nobody. */
bool sandbox_take_over(const char *root, struct file_lock *lock, GError **error);
bool sandbox_make(const char *parent, const char *run_id, struct sandbox *sandbox, GError **error);
/* Once, before anything lies in it: what does then can be read as long as the kernel has the key. */
bool sandbox_seal(struct sandbox *sandbox, GError **error);
/* Of one that nobody holds, wherever it was moved: its key, if it was sealed, and everything. */
bool sandbox_destroy(const char *root, GError **error);
/* Everything of it, as far as it can be. */
bool sandbox_remove_tree(const char *root, GError **error);
/* What runs that died left behind in a parent goes; how many of them could not be removed, of which warnings tell. */
unsigned sandbox_sweep(const char *parent);
/* Folders of runs that died. */
unsigned sandbox_dead(const char *parent);
/* The memory alone. */
void sandbox_clear(struct sandbox *sandbox);
/* With everything in it. Does nothing to a zeroed one. */
void sandbox_remove(struct sandbox *sandbox);

#endif
