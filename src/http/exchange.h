#ifndef ODR_HTTP_EXCHANGE_H
#define ODR_HTTP_EXCHANGE_H

#include "base/clock.h"
#include "base/pace.h"
#include "http/answer.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

/*
 * One HTTP/1.1 exchange, over a connection that is kept for the next one, of whatever thread. Every part of an
 * answer has a ceiling; redirects are not followed; certificates are always verified. Nothing is
 * repeated here, and no status is judged: whoever asks knows what may be asked twice.
 */
struct http_header {
	const char *name, *value;
};
struct http_request {
	const char *method;
	const char *url; /* sent as it is: what needs encoding is encoded */
	/* A socket in the file system that leads to the server, whatever the host of the URL; NULL: none. */
	const char *socket;
	const struct http_header *headers;
	size_t header_count;
	const struct iovec *parts; /* the body; its length is announced */
	int part_count;
	bool body; /* there is one, if only of no bytes */
	/* Where the body of a 2xx answer goes: into buffer (limit bytes), or, without one, into
	 * answer->body. Other bodies go to answer->body, cut at HTTP_TROUBLE_MAX. */
	void *buffer;
	size_t limit;
	const char *ca_file;   /* NULL: the system's */
	const char *proxy;     /* "http://host:port"; "": none; NULL: as the environment says */
	usec_t connect_within; /* 0: 10 s */
	usec_t silent_within;  /* no byte moves for so long: 0: 60 s */
	usec_t within;	       /* all of it; 0: as long as it moves */
	Pace *up, *down;       /* how fast bodies go and come; NULL: as they can */
	bool plain;	       /* http:// is meant */
};
#define HTTP_TROUBLE_MAX ((size_t)1 << 20)
#define HTTP_HEADERS_MAX ((size_t)64 << 10)

/*
 * True when a whole answer came, whatever its status. answer is emptied first, and holds what came also
 * where this fails:
 * UNREACHABLE  no connection: name, route, refused, timeout of the connect
 * TRANSIENT    the connection broke or fell silent; a body ended early, or not in time
 * AUTH         the certificate is not trusted, or the CA file cannot be read
 * CORRUPT      more bytes than the limit
 * REFUSED      this is no HTTP server
 * STOPPED      a stop was requested while it ran
 */
bool http_exchange(const struct http_request *request, HttpAnswer *answer, GError **error);

#endif
