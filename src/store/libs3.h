#ifndef ODR_STORE_LIBS3_H
#define ODR_STORE_LIBS3_H

#include "base/pace.h"
#include "store/driver.h"
#include "store/libs3_library.h"
#include "store/s3_credentials.h"
#include "store/s3_place.h"

/* What the files of the libs3 driver share. */
struct libs3_store {
	struct store store;
	const struct libs3_library *library;
	S3Place place;
	S3Credentials *credentials;
	usec_t retry_for, silent_within;
	Pace *up, *down; /* NULL: no limit */
};
struct libs3_store *libs3_store(Store *store);

/* libs3 writes other keys than it is given where they hold anything but A-Z a-z 0-9 / . _ -, and says
 * nothing: names of ours hold nothing else. g_free. */
char *libs3_key(const struct libs3_store *self, const char *name);

bool libs3_list(Store *store, const char *prefix, store_each each, void *data, GError **error);
void libs3_diagnose(struct diagnose *diagnose);

#endif
