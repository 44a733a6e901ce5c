#ifndef ODR_STORE_S3_DELETE_H
#define ODR_STORE_S3_DELETE_H

#include "store/s3_request.h"

/* A plain DELETE would only hide an object: with versions, all of them go, and its delete markers. */
bool s3_delete(Store *store, const char *name, const char *version, GError **error);
/* By DeleteObjects, a thousand versions a request; one by one where the store does not know that. */
bool s3_delete_many(Store *store, struct store_deletion *deletions, size_t count, GError **error);

#endif
