#ifndef ODR_STORE_S3_HEADERS_H
#define ODR_STORE_S3_HEADERS_H

#include "crypto/digest.h"
#include "store/s3_request.h"

/* The headers of one attempt at a call, sorted by name; they own their values. */
typedef struct s3_headers S3Headers;
struct s3_headers {
	struct http_header list[S3_HEADER_MAX + 12];
	size_t count;
};
void s3_headers_clear(S3Headers *headers);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(S3Headers, s3_headers_clear)

struct s3_headers_of {
	const struct s3_call *call;
	const char *path, *query; /* encoded */
	const uint8_t *sha256;	  /* of the body */
};
/* The keys that signed. */
struct s3_signed_by {
	unsigned number;
	usec_t expire; /* 0: never */
};
/* headers is empty, and cleared by whoever gives it also where this fails: as s3_credentials_take. */
bool s3_headers_build(struct s3_store *self, const struct s3_headers_of *of, S3Headers *headers,
		      struct s3_signed_by *by, GError **error);

/* A time to come, reckoned from this host's clock, by the store's, where that is known to be ahead: what is locked
 * until then would else be locked for less. */
usec_t s3_store_time(struct s3_store *self, usec_t until);
/* The same in a store's words: to the second, and not before. g_free. */
char *s3_lock_date(struct s3_store *self, usec_t until);

#endif
