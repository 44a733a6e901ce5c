#ifndef ODR_STORE_S3_BUCKET_H
#define ODR_STORE_S3_BUCKET_H

#include "store/s3_request.h"

/*
 * What the bucket says of itself: asked once per process, or known from another one (store/memory.h).
 * What it says is one thing, what a credential may not read another: that stays S3_HIDDEN.
 */

/* S3_UNKNOWN: error says why. */
enum s3_word s3_versioning(struct s3_store *self, GError **error);
/* Asks once, and briefly; where there is no answer, the next one asks. */
void s3_versioning_learn(struct s3_store *self);
/* False only where it never kept any: there may be versions and delete markers to be seen. */
bool s3_has_versions(struct s3_store *self);
/* That, and whether it locks. */
void s3_state(struct s3_store *self, struct s3_state *state);

/* What a refusal means: this credential may not ask; or there is no lock, of the bucket or of an object. */
bool s3_forbidden(const S3Answer *answer, const GError *error);
bool s3_no_lock(const S3Answer *answer);
/* The store knows no such request at all. */
bool s3_not_implemented(const S3Answer *answer);

#endif
