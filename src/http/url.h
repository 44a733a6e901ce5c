#ifndef ODR_HTTP_URL_H
#define ODR_HTTP_URL_H

#include <glib.h>
#include <stdbool.h>

/*
 * Where requests go, taken apart as strictly as is useful: http:// or https://, a host of letters,
 * digits, '.' and '-' (or an IPv6 address in brackets), perhaps a port, perhaps a path. No user, no
 * fragment, no blanks: what two readers could understand in two ways is refused.
 */
typedef struct http_url HttpUrl;
struct http_url {
	bool plain;	 /* http:// */
	char *host;	 /* in lower case, an IPv6 address without its brackets */
	char *authority; /* in lower case, as Host has it: with the port unless it is the scheme's own */
	char *path;	 /* "" or "/…", with the query */
};
/* USAGE, and a message that begins with the URL. */
bool http_url_parse(const char *text, HttpUrl *url, GError **error);
void http_url_clear(HttpUrl *url);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HttpUrl, http_url_clear)

/* This host itself, by address (127.0.0.0/8, ::1) or as "localhost". */
bool http_host_is_loopback(const char *host);

#endif
