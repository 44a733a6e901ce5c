#ifndef ODR_STORE_S3_PLACE_H
#define ODR_STORE_S3_PLACE_H

#include "store/store.h"

/*
 * Where a bucket is, and what the keys of a repository in it begin with: endpoint=, bucket=, prefix=,
 * region=, path-style= and plain-http= of the settings, checked. Nothing is asked.
 */
typedef struct s3_place S3Place;
struct s3_place {
	char *bucket, *region;
	char *prefix;	 /* "" or "some/prefix/" */
	char *authority; /* of the endpoint, as Host has it: "host", "host:port" */
	bool plain;	 /* http:// */
	bool loopback;	 /* this host itself */
	bool open;	 /* plain http, by a way that nobody vouches for */
	bool amazon;	 /* a host of AWS */
	bool host_style; /* bucket.authority instead of authority/bucket */
};
/* USAGE */
bool s3_place_of(const struct store_settings *settings, S3Place *place, GError **error);
void s3_place_clear(S3Place *place);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(S3Place, s3_place_clear)

/* What an open way means for whoever reads. */
extern const struct store_distrust s3_place_distrust;

/* "s3 bucket erp/prefix at https://host"; g_free. */
char *s3_place_describe(const S3Place *place, const char *type);

#endif
