#ifndef ODR_HTTP_CURL_H
#define ODR_HTTP_CURL_H

#include "http/exchange.h"

#include <curl/curl.h>

/* What exchanges and connections share, and nobody else sees. */
CURL *http_curl_new(void); /* NULL if libcurl does not start */
/* One with the connections that it kept, for one exchange at a time, or a new one. Threads come and go:
 * connections are the process's. */
CURL *http_curl_take(void);
void http_curl_give_back(CURL *curl);
/* Whom one talks to, and by way of whom, as in struct http_request. */
struct http_peer {
	const char *ca_file, *proxy;
	bool plain;
};
void http_set_peer(CURL *curl, const struct http_peer *peer);
void http_set_connect(CURL *curl, usec_t connect_within);
/* What code means to whoever asked; detail may be "". */
bool http_fail(CURL *curl, CURLcode code, const char *detail, GError **error);

#endif
