#ifndef ODR_HTTP_CONNECTION_H
#define ODR_HTTP_CONNECTION_H

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>

/*
 * For diagnosis: makes a connection of its own, sends nothing over it, and says how far it came. Names,
 * proxies and certificates are taken exactly as for an exchange.
 */
struct http_target {
	const char *url;
	const char *ca_file;   /* NULL: the system's */
	const char *proxy;     /* as in struct http_request */
	usec_t connect_within; /* 0: 10 s */
	bool plain;	       /* http:// is meant */
};
enum http_stage { HTTP_NAME, HTTP_CONNECT, HTTP_TLS };
struct http_connection {
	enum http_stage stage; /* of a failure: what failed */
	char address[64];      /* of the peer, or of a proxy; "" before there is one */
	long port;
	usec_t name_took, connect_took, tls_took;
	/* The server's own certificate; "" and 0: not known. */
	char subject[256], issuer[256];
	usec_t valid_until;
};
/* Fails as an exchange does; *connection tells what came before that. */
bool http_connect(const struct http_target *target, struct http_connection *connection,
		  GError **error);

#endif
