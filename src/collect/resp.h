#ifndef ODR_COLLECT_RESP_H
#define ODR_COLLECT_RESP_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* The protocol of Redis and Valkey, version 2: what a server answers. Hostile bytes. */
enum resp_kind { RESP_TEXT, RESP_ERROR, RESP_INTEGER, RESP_ARRAY, RESP_NULL };
typedef struct resp Resp;
struct resp {
	enum resp_kind kind;
	char *text; /* RESP_TEXT, RESP_ERROR: NUL-terminated behind its size */
	size_t size;
	int64_t number;	  /* RESP_INTEGER */
	GPtrArray *items; /* RESP_ARRAY: Resp */
};
void resp_free(Resp *reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Resp, resp_free)

#define RESP_SIZE_MAX  ((size_t)16 << 20) /* of one reply */
#define RESP_DEPTH_MAX 8

/* The reply that begins at bytes: *used tells how long it is. With RESP_MORE there is not enough of it. */
enum resp_outcome { RESP_WHOLE, RESP_MORE, RESP_BROKEN };
enum resp_outcome resp_parse(const void *bytes, size_t size, Resp **reply, size_t *used);

/* A command as an array of bulk strings. */
void resp_command(GString *out, const char *const *words);

#endif
