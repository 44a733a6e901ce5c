#ifndef ODR_CRYPTO_FOLDER_KEY_H
#define ODR_CRYPTO_FOLDER_KEY_H

#include <glib.h>
#include <stdbool.h>

/*
 * A folder whose names and content can be read only while the kernel has its key (linux/fscrypt.h, policies of version 2,
 * which need no privilege). The key is random and nobody has it but the kernel: once it is taken away, what was
 * written is gone, wherever the device keeps it.
 */
#define FOLDER_KEY_NAME_SIZE 33 /* hex digits: what the kernel calls the key, a digest of it */

/* Whether a folder in there could be sealed. REFUSED, with what to do. */
bool folder_key_possible(const char *parent, GError **error);
/* Makes the folder, 0700 and sealed. */
bool folder_key_make(const char *folder, char name[FOLDER_KEY_NAME_SIZE], GError **error);
/* False: the folder is not sealed, or cannot be looked at. */
bool folder_key_of(const char *folder, char name[FOLDER_KEY_NAME_SIZE]);
/* Takes the key away, whoever of us gave it, and waits for files that are being closed. True: the kernel has none.
 * parent: a folder of the same file system. BUSY: something holds files of it open. */
bool folder_key_remove(const char *parent, const char name[FOLDER_KEY_NAME_SIZE], GError **error);
/* By a file that it was made with. */
bool folder_key_reads(const char *folder);

#endif
