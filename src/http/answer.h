#ifndef ODR_HTTP_ANSWER_H
#define ODR_HTTP_ANSWER_H

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an HTTP server says. */
typedef struct http_answer HttpAnswer;
struct http_answer {
	unsigned status;
	GHashTable *headers; /* lower-case name → value; of repeated ones the last */
	GPtrArray *cookies;  /* char *: every Set-Cookie, as it came, in order */
	GByteArray *body;
	size_t received; /* bytes of a 2xx body, also where the exchange then failed */
	int64_t length;	 /* as announced; -1: not */
	usec_t date;	 /* the server's clock; 0: it did not tell */
};
HttpAnswer *http_answer_new(void);
void http_answer_free(HttpAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpAnswer, http_answer_free)
void http_answer_clear(HttpAnswer *answer);
const char *http_answer_header(const HttpAnswer *answer, const char *name); /* or NULL */
bool http_answer_successful(const HttpAnswer *answer);			    /* 2xx */
/* How long it asks to wait before the next request, by seconds or by a date; 0: it does not. */
usec_t http_answer_retry_after(const HttpAnswer *answer);

/* One line of its head, the status line included; a new status line begins a new head. */
void http_answer_take_line(HttpAnswer *answer, const char *line, size_t size);

/* "Tue, 24 Nov 2026 08:00:00 GMT"; false if it is not a date. */
bool http_date_parse(const char *text, usec_t *time);

#endif
