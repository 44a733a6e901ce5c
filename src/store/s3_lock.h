#ifndef ODR_STORE_S3_LOCK_H
#define ODR_STORE_S3_LOCK_H

#include "store/s3_request.h"

/* Object Lock, which is believed only where it was seen. */
/* Versioning and lock of the bucket, asked once. What cannot be learnt is not there. */
void s3_state(struct s3_store *self, struct s3_state *state);

/* REFUSED where lock= asks for what the bucket cannot do. */
bool s3_lock_check(struct s3_store *self, GError **error);
/* The two headers of a PUT; date is kept by the caller. */
void s3_lock_headers(const struct s3_store *self, usec_t until, struct http_header headers[2],
		     char **date);
/* After a PUT that was to be locked: the version, and once per run the lock itself. */
bool s3_lock_verify(struct s3_store *self, const char *key, const char *version, usec_t until,
		    GError **error);

bool s3_lock_get(Store *store, const char *name, usec_t *until, GError **error);
bool s3_lock_extend(Store *store, const char *name, usec_t until, GError **error);

#endif
