#ifndef ODR_STORE_S3_KEYS_H
#define ODR_STORE_S3_KEYS_H

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* What requests are signed with, and the forms in which it is handed out. */
struct s3_keys {
	char *access;
	char *secret, *token; /* in guarded memory; token may be NULL */
	usec_t expires;	      /* 0: never */
	unsigned number;      /* of those that a program has read (store/s3_credentials.h) */
};
void s3_keys_clear(struct s3_keys *keys);

/*
 * What is not whole is AUTH or CORRUPT, with a message that says what was read and quotes nothing of it.
 * Keys hold no blanks and no control characters: they go into headers.
 */

/* The shared credentials file of AWS: aws_access_key_id=… aws_secret_access_key=…
 * [aws_session_token=…] in any one group or in none. what: "'/etc/…'". */
bool s3_keys_parse_file(const char *text, const char *what, struct s3_keys *keys, GError **error);

/* JSON of a credential_process, of the metadata service of an EC2 instance, of the credential service of
 * a container: they differ in little. */
enum s3_keys_form { S3_KEYS_OF_PROCESS, S3_KEYS_OF_INSTANCE, S3_KEYS_OF_CONTAINER };
bool s3_keys_parse_json(enum s3_keys_form form, const char *text, size_t size, struct s3_keys *keys,
			GError **error);

/* XML of STS: AssumeRoleWithWebIdentityResponse. */
bool s3_keys_parse_session(const char *text, size_t size, struct s3_keys *keys, GError **error);

#endif
