#ifndef ODR_CLI_KEYS_NEW_KEY_H
#define ODR_CLI_KEYS_NEW_KEY_H

#include "cli/line/arguments.h"

#include <sys/types.h>

/* What commands share that make a key file, which is text, written once and never replaced. */
bool new_key_check_free(const char *path,
			GError **error); /* EXISTS; before anything is asked for */
bool new_key_passphrase(const struct arguments *arguments, const char *path, char **passphrase,
			GError **error); /* secret_free */
bool new_key_write(const char *path, const char *text, mode_t mode, GError **error);
/* What was made: one document, or a few lines with the fingerprint and what comes next. */
bool new_key_tell(const struct arguments *arguments, const char *path, const char *next,
		  GError **error);

#endif
