#ifndef ODR_STORE_S3_CREDENTIALS_H
#define ODR_STORE_S3_CREDENTIALS_H

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The keys that requests are signed with. From a file of mode 0600 (or a systemd credential, where the
 * name is no absolute path), written as the shared credentials file of AWS:
 *   aws_access_key_id=…  aws_secret_access_key=…  [aws_session_token=…]
 * in any one group or in none; or from what a program prints as JSON (credential_process of AWS). Read
 * when first needed, again five minutes before they expire, and when told that they did.
 */
typedef struct s3_credentials S3Credentials;
S3Credentials *s3_credentials_new(const char *file, const char *process);
void s3_credentials_free(S3Credentials *credentials);

struct s3_keys {
	char *access;
	char *secret, *token; /* in guarded memory; token may be NULL */
	usec_t expires;	      /* 0: never */
};
void s3_keys_clear(struct s3_keys *keys);
/* A copy of the current ones. AUTH where they cannot be had. */
bool s3_credentials_get(S3Credentials *credentials, struct s3_keys *keys, GError **error);
/* Where they come from: "'/etc/…'"; g_free. */
char *s3_credentials_describe(const S3Credentials *credentials);
/* The store says that they expired: the next get reads them anew. */
void s3_credentials_expire(S3Credentials *credentials);

/* For tests and fuzzing. */
bool s3_keys_parse_file(const char *text, const char *what, struct s3_keys *keys, GError **error);
bool s3_keys_parse_json(const char *text, size_t size, struct s3_keys *keys, GError **error);

#endif
