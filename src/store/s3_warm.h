#ifndef ODR_STORE_S3_WARM_H
#define ODR_STORE_S3_WARM_H

#include "store/s3.h"

/*
 * A connection takes three times as long as a request over one that is there. Whoever knows that much will be
 * asked at once has them made while the first answers are waited for: by asking for the bucket's versioning, which
 * is wanted anyway. What goes wrong is left to those who ask in earnest.
 */
void s3_warm_begin(struct s3_store *self, unsigned connections);
void s3_warm_end(struct s3_store *self);

#endif
