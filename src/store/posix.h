#ifndef ODR_STORE_POSIX_H
#define ODR_STORE_POSIX_H

#include "store/driver.h"

#include <dirent.h>
#include <sys/stat.h>

/* What the files of the posix driver share. */
struct posix_store {
	struct store store;
	int root; /* held open: what is mounted over it later changes nothing */
	struct mutex *mutex;
	GHashTable *folders; /* known to exist and to be durable; guarded by mutex */
};

struct posix_store *posix_store(Store *store);
/* The folder of a name within the root, "." for none; g_free. */
char *posix_folder_of(const char *name);
/* Takes a folder off the known ones. */
void posix_forget_folder(struct posix_store *self, const char *folder);
/* The folders of a name that was removed: those that became empty go too. */
void posix_remove_empty_folders(struct posix_store *self, const char *name);
/* To read it, never through a symbolic link; "": the root. NULL: failed. */
DIR *posix_open_folder(struct posix_store *self, const char *folder, GError **error);
bool posix_entry_is_folder(int fd, const struct dirent *entry);
/* The name under which an object is written, "folder/.base.<16 hex digits>.tmp"; g_free. */
char *posix_draft_name(const char *name);
bool posix_is_draft(const char *base);
usec_t posix_stored_at(const struct stat *status);
/* What errnum means for a name: NOT_FOUND only while the root itself is still there. */
bool posix_fail(struct posix_store *self, int errnum, GError **error);

bool posix_put(Store *store, const char *name, const struct iovec *parts, int count,
	       const struct store_put *how, struct store_receipt *receipt, GError **error);
void posix_diagnose(struct diagnose *diagnose);
bool posix_sweep(Store *store, const char *folder, const struct store_sweep *sweep,
		 struct store_swept *swept, GError **error);
bool posix_list(Store *store, const char *prefix, store_each each, void *data, GError **error);

#endif
