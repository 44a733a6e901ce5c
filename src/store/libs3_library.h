#ifndef ODR_STORE_LIBS3_LIBRARY_H
#define ODR_STORE_LIBS3_LIBRARY_H

#include <glib.h>
#include <libs3.h>
#include <stdbool.h>

/*
 * libs3, loaded when a repository needs it and not before: it brings a libcurl of its own, and names as
 * common as hash and base64Encode, which stay out of our way like this. Two versions are known: 2.0, of
 * Debian, and those whose functions take a timeout (LIBS3_TIMEOUTS) and whose buckets have a region
 * (LIBS3_REGIONS), which sign by version 4 and know session tokens.
 */
struct libs3_library {
	__typeof__(S3_initialize) *initialize;
	__typeof__(S3_get_status_name) *status_name;
	__typeof__(S3_create_request_context) *context_create;
	__typeof__(S3_destroy_request_context) *context_destroy;
	__typeof__(S3_get_request_context_fdsets) *context_fdsets;
	__typeof__(S3_get_request_context_timeout) *context_timeout;
	__typeof__(S3_runonce_request_context) *context_run;
	__typeof__(S3_put_object) *put;
	__typeof__(S3_get_object) *get;
	__typeof__(S3_head_object) *head;
	__typeof__(S3_delete_object) *delete;
	__typeof__(S3_list_bucket) *list;
};
/* NULL and USAGE where it is not installed, or another one than this program was made for. */
const struct libs3_library *libs3_library(GError **error);

/* Around what begins a request: libs3 takes its date from gmtime, which all threads share. No I/O. */
void libs3_begin(void);
void libs3_begun(void);

/* This thread's context, which keeps its connections; NULL and SYSTEM where none can be made. */
S3RequestContext *libs3_context(GError **error);
/* Ends it, with all that is under way: their callbacks are told so now. */
void libs3_context_end(void);

/* What libs3 calls the context of a request, and a timeout of its own, which we do without. */
#ifdef LIBS3_TIMEOUTS
# define LIBS3_CONTEXT(context) (context), 0
#else
# define LIBS3_CONTEXT(context) (context)
#endif

#endif
