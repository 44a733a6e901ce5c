#ifndef ODR_STORE_S3_LIST_H
#define ODR_STORE_S3_LIST_H

#include "store/s3_request.h"

bool s3_list(Store *store, const char *prefix, store_each each, void *data, GError **error);
bool s3_versions(Store *store, const char *name, GPtrArray **objects, GError **error);
/* All versions and delete markers of one key, newest first: struct s3_entry. */
GPtrArray *s3_history(struct s3_store *self, const char *key, GError **error);

#endif
