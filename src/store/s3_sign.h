#ifndef ODR_STORE_S3_SIGN_H
#define ODR_STORE_S3_SIGN_H

#include "base/clock.h"
#include "http/exchange.h"

/* Signature version 4 of one request. No clock, no I/O. */
struct s3_signing {
	const char *method;
	const char *path;  /* encoded, as it is sent */
	const char *query; /* the same; sorted; "" for none */
	/* Names in lower case and sorted; with host, x-amz-content-sha256 and x-amz-date. */
	const struct http_header *headers;
	size_t header_count;
	const char *payload; /* value of x-amz-content-sha256 */
	const char *access, *secret, *region;
	usec_t time; /* that of x-amz-date */
};
/* The value of Authorization; g_free. */
char *s3_sign(const struct s3_signing *signing);

/* Percent-encoding as S3 signs it: A-Z a-z 0-9 - _ . ~ stay, and '/' in paths; g_free. */
char *s3_encode_path(const char *path);
char *s3_encode_value(const char *value);

#endif
