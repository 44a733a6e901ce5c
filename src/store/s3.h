#ifndef ODR_STORE_S3_H
#define ODR_STORE_S3_H

#include "base/error.h"
#include "store/driver.h"
#include "store/s3_credentials.h"
#include "store/s3_reply.h"

/* What the bucket can do. */
struct s3_state {
	bool known; /* it told about versions */
	bool versioned, lockable;
	char trouble[200]; /* why something is not known; empty: all is */
	enum odr_error trouble_code;
};

/* What the files of the s3 driver share. */
struct s3_store {
	struct store store;
	char *base;   /* "https://host:port": what requests go to */
	char *host;   /* what their Host says */
	char *folder; /* encoded path of the bucket: "/bucket", or "" in host style */
	char *bucket, *region;
	char *prefix; /* "" or "some/prefix/" */
	char *ca_file;
	bool plain, amazon; /* http://; a host of AWS */
	enum store_lock_mode lock;
	usec_t retry_for, silent_within;
	S3Credentials *credentials;
	struct mutex *mutex; /* guards what follows; never held while the store is asked */
	bool md5;
	usec_t clock_offset; /* the store's clock is so much ahead of ours */
	bool state_known, lock_verified;
	struct s3_state state;
};
struct s3_store *s3_store(Store *store);

bool s3_open_settings(struct s3_store *self, const struct store_settings *settings, GError **error);
/* The key of a name; g_free. */
char *s3_key(const struct s3_store *self, const char *name);

#endif
