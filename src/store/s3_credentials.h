#ifndef ODR_STORE_S3_CREDENTIALS_H
#define ODR_STORE_S3_CREDENTIALS_H

#include "store/s3_source.h"

/*
 * The keys that requests of a store are signed with. Asked for when first needed, again five minutes
 * before they end (or when half of a shorter time has passed), and when the store says that they have
 * ended: by one thread, while the others go on with those they have, or wait where there are none.
 */
typedef struct s3_credentials S3Credentials;
/* NULL and USAGE unless the settings name one source, with all it needs. They are copied. */
S3Credentials *s3_credentials_new(const struct s3_source_settings *settings, GError **error);
void s3_credentials_free(S3Credentials *credentials); /* NULL is fine */

/* The current ones, which stay as they are until they are given back. AUTH where there are none,
 * TRANSIENT or UNREACHABLE where whoever gives them does not answer. */
const struct s3_keys *s3_credentials_take(S3Credentials *credentials, GError **error);
void s3_credentials_give_back(S3Credentials *credentials, const struct s3_keys *keys);
/* Where they come from: "'/etc/…'"; g_free. */
char *s3_credentials_describe(const S3Credentials *credentials);
/* The store says that those of this number have ended: nobody gets them again. */
void s3_credentials_ended(S3Credentials *credentials, unsigned number);

/* How long keys are used that live for so long from now. */
usec_t s3_credentials_use(usec_t lifetime);
/* For tests: what is kept is so much older than it was. */
void s3_credentials_age(S3Credentials *credentials, usec_t time);

#endif
