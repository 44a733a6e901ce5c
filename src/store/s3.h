#ifndef ODR_STORE_S3_H
#define ODR_STORE_S3_H

#include "base/error.h"
#include "base/pace.h"
#include "store/driver.h"
#include "store/s3_credentials.h"
#include "store/s3_reply.h"
#include "store/s3_retry.h"

/* What the store says to a question. */
enum s3_word {
	S3_UNKNOWN, /* not asked, or it did not answer */
	S3_YES,
	S3_NO,
	S3_SUSPENDED, /* of versions: not of what is put now */
	S3_HIDDEN,    /* this credential may not read it */
};
struct s3_state {
	enum s3_word versions, locks;
	struct s3_lock_rule rule;
	char trouble[200]; /* why something is unknown; empty: nothing is */
	enum odr_error trouble_code;
};

#define S3_WARM_MAX 16

/* What the files of the s3 driver share. */
struct s3_store {
	struct store store;
	char *base;   /* "https://host:port": what requests go to */
	char *host;   /* what their Host says */
	char *folder; /* encoded path of the bucket: "/bucket", or "" in host style */
	char *bucket, *region;
	char *prefix;	       /* "" or "some/prefix/" */
	char *ca_file, *proxy; /* as in struct http_request */
	bool plain;	       /* http:// */
	enum store_lock_mode lock;
	usec_t silent_within;
	Pace *up, *down; /* NULL: no limit */
	S3Credentials *credentials;
	struct mutex *mutex; /* guards what follows; never held while the store is asked */
	struct s3_budget budget;
	bool md5;
	usec_t clock_offset;	      /* the store's clock is so much ahead of ours */
	enum s3_word versions, locks; /* of the bucket */
	struct s3_lock_rule rule;
	bool single_deletes;	/* it knows no deletion of several at once */
	enum s3_word lock_seen; /* whether a lock was read back as it was asked for … */
	usec_t lock_seen_at;	/* … and when, by the monotonic clock */
	struct task *warming[S3_WARM_MAX]; /* the opener's; NULL: none */
};
struct s3_store *s3_store(Store *store);

bool s3_open_settings(struct s3_store *self, const struct store_settings *settings, GError **error);
bool s3_head(Store *store, const char *name, struct store_object *object, GError **error);
/* The key of a name; g_free. */
char *s3_key(const struct s3_store *self, const char *name);

#endif
