#ifndef ODR_STORE_S3_REPLY_H
#define ODR_STORE_S3_REPLY_H

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The XML of S3's answers. A 200 is a promise only with the expected root element: anything else is
 * REFUSED (a proxy, another service, a server that ignores what it was asked). Depth, text and number
 * of entries have ceilings.
 */
#define S3_REPLY_MAX   ((size_t)16 << 20)
#define S3_ENTRIES_MAX 10000

/* True if it is an <Error>. Members are empty where it does not say. */
struct s3_error {
	char code[64], message[256], region[64], endpoint[256];
};
bool s3_reply_error(const void *data, size_t size, struct s3_error *reply);

struct s3_entry {
	char *key;
	char *version; /* NULL in a listing without versions */
	uint64_t size;
	usec_t modified;
	bool marker; /* a delete marker */
	bool latest;
};
typedef struct s3_listing S3Listing;
struct s3_listing {
	GPtrArray *entries; /* struct s3_entry, as they came */
	bool truncated;
	char *token;			   /* ListObjectsV2: of the next page */
	char *key_marker, *version_marker; /* ListObjectVersions: the same */
};
void s3_listing_free(S3Listing *listing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(S3Listing, s3_listing_free)
/* Both decode what encoding-type=url encoded, if the answer says that it did. */
S3Listing *s3_reply_objects(const void *data, size_t size, GError **error);
S3Listing *s3_reply_versions(const void *data, size_t size, GError **error);

/* What became of one of several that were to be deleted. */
struct s3_deleted {
	char *key, *version; /* version NULL: it names none */
	bool failed;
	char code[64], message[256]; /* of a failure; "" where it does not say */
};
/* struct s3_deleted, as they came. */
GPtrArray *s3_reply_deleted(const void *data, size_t size, GError **error);

struct s3_retention {
	bool compliance; /* else governance */
	usec_t until;
};
bool s3_reply_retention(const void *data, size_t size, struct s3_retention *retention,
			GError **error);
bool s3_reply_hold(const void *data, size_t size, bool *hold, GError **error);
/* Of a bucket: whether it locks, and what it gives to objects that are put without a lock. */
struct s3_lock_rule {
	bool enabled;
	bool compliance; /* of the default */
	unsigned days;	 /* 0: there is no default */
};
bool s3_reply_lock(const void *data, size_t size, struct s3_lock_rule *rule, GError **error);
/* Suspended: it keeps the versions that it has, and makes none. */
enum s3_versioning { S3_VERSIONING_NEVER, S3_VERSIONING_ENABLED, S3_VERSIONING_SUSPENDED };
bool s3_reply_versioning(const void *data, size_t size, enum s3_versioning *versioning,
			 GError **error);

#endif
