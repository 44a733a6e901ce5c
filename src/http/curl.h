#ifndef ODR_HTTP_CURL_H
#define ODR_HTTP_CURL_H

#include "http/exchange.h"

#include <curl/curl.h>

/* What exchanges and connections share, and nobody else sees. */
CURL *http_curl_new(void); /* NULL if libcurl does not start */
void http_set_peer(CURL *curl, const char *ca_file, bool plain);
void http_set_connect(CURL *curl, usec_t connect_within);
/* What code means to whoever asked; detail may be "". */
bool http_fail(CURLcode code, const char *detail, GError **error);

#endif
