#ifndef ODR_STORE_S3_REQUEST_H
#define ODR_STORE_S3_REQUEST_H

#include "http/exchange.h"
#include "store/s3.h"

/*
 * One operation on the store: built, signed, sent, and repeated as s3_retry says until it succeeds or
 * the deadline has passed. A read that breaks off goes on where it stopped.
 */
struct s3_query {
	const char *name, *value;
};
#define S3_QUERY_MAX  6
#define S3_HEADER_MAX 4
/* Of the root of a document that is sent. */
#define S3_NAMESPACE " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

/* Where a GET puts what it reads. */
struct s3_read {
	uint64_t offset;
	uint64_t size; /* 0: to the end */
	void *buffer;
	size_t limit; /* of the buffer */
	size_t have;  /* out */
};
struct s3_call {
	const char *method;
	const char *key;			       /* NULL: the bucket itself */
	struct s3_query query[S3_QUERY_MAX + 1];       /* sorted, ends with a NULL name */
	struct http_header headers[S3_HEADER_MAX + 1]; /* x-amz-…; the same */
	const struct iovec *parts;
	int part_count;
	bool body;
	bool brief;	       /* neither repeated nor waited for long: it is not missed */
	bool checksum;	       /* by x-amz-checksum-sha256 where that will do; else Content-MD5 */
	struct s3_read *read;  /* NULL: the answer's body, at most S3_REPLY_MAX */
	const char *lock_mode; /* of what is put; NULL: none is asked for */
	usec_t lock_until;     /* told as s3_lock_date */
};
typedef struct s3_answer S3Answer;
struct s3_answer {
	HttpAnswer *http;
	struct s3_error error;
};
S3Answer *s3_answer_new(void);
void s3_answer_free(S3Answer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(S3Answer, s3_answer_free)

/* True for 2xx. The answer stays readable where it fails. */
bool s3_call(struct s3_store *self, const struct s3_call *call, S3Answer *answer, GError **error);

#endif
