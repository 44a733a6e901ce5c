#ifndef ODR_PROXY_EXCHANGE_H
#define ODR_PROXY_EXCHANGE_H

#include "message.h"
#include "rules.h"

#include <netinet/in.h>

/* A client's connection, and the one to the server that belongs to it. */
struct link {
	struct channel client, server;
	struct sockaddr_in address; /* of the server */
	long latency_ms;
	struct rules *rules;
};
bool link_connect(struct link *link);
/* Sleeps until the client has gone away. */
void link_stall(struct link *link);

/* One request and its answer, with what the rules say. False: the connection has ended, or must. */
bool exchange(struct link *link);

#endif
