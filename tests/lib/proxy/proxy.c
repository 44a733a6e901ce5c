/*
 * proxy --server HOST:PORT [--rules FILE] [--log FILE] [--latency MS] [--raw]
 *
 * Stands between a client and an HTTP server on 127.0.0.1 and makes go wrong what rules.h can name.
 * Prints the port on which it listens, and runs until it is killed.
 *
 * --latency  every answer and every new connection takes so much longer
 * --raw      bytes pass as they are, TLS too: only latency, and rules for CONNECT
 */
#include "exchange.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in server;
static struct rules *rules;
static long latency_ms;
static bool raw;

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "proxy: %s\n", what);
	exit(2);
}

/* One direction of a raw connection; false at its end. */
static bool pass_some(struct channel *from, struct channel *to)
{
	ssize_t got = recv(from->fd, from->buffer, sizeof(from->buffer), 0);

	return got > 0 && channel_send(to, from->buffer, (size_t)got);
}

/* What the server says after the client spoke is an answer. */
static void pass_raw(struct link *link)
{
	struct pollfd ends[2] = {{.fd = link->client.fd, .events = POLLIN},
				 {.fd = link->server.fd, .events = POLLIN}};
	bool asked = false, open = true;

	while (open && poll(ends, 2, -1) > 0) {
		if (ends[0].revents) {
			open = pass_some(&link->client, &link->server);
			asked = true;
		}
		if (open && ends[1].revents) {
			if (asked)
				g_usleep((gulong)link->latency_ms * 1000);
			asked = false;
			open = pass_some(&link->server, &link->client);
		}
	}
}

static void serve(struct link *link)
{
	g_auto(Fault) fault = {0};

	rules_take(rules, "CONNECT", "-", &fault);
	g_usleep((gulong)latency_ms * 1000);
	if (fault.kind == FAULT_STALL_BEFORE)
		link_stall(link);
	else if (fault.kind != FAULT_NONE)
		channel_close(&link->client, true);
	else if (raw && link_connect(link))
		pass_raw(link);
	else if (!raw)
		while (exchange(link))
			;
}

static void *link_run(void *data)
{
	struct link *link = data;

	serve(link);
	channel_close(&link->client, false);
	channel_close(&link->server, false);
	g_free(link);
	return NULL;
}

static void accept_one(int listener)
{
	const int on = 1;
	struct link *link = g_new0(struct link, 1);
	pthread_t thread;

	link->client.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	link->server.fd = -1;
	link->address = server;
	link->latency_ms = latency_ms;
	link->rules = rules;
	if (link->client.fd < 0)
		fail("cannot accept a connection");
	setsockopt(link->client.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (pthread_create(&thread, NULL, link_run, link) != 0)
		fail("cannot start a thread");
	pthread_detach(thread);
}

static int listen_somewhere(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 256) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) < 0)
		fail("cannot listen");
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	return listener;
}

static void read_server(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", -1);

	server.sin_family = AF_INET;
	if (g_strv_length(parts) != 2 || inet_pton(AF_INET, parts[0], &server.sin_addr) != 1)
		fail("--server is an IPv4 address and a port");
	server.sin_port = htons((uint16_t)strtoul(parts[1], NULL, 10));
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"server", required_argument, NULL, 's'}, {"rules", required_argument, NULL, 'r'},
		{"log", required_argument, NULL, 'l'},	  {"latency", required_argument, NULL, 't'},
		{"raw", no_argument, NULL, 'w'},	  {0},
	};
	const char *rules_path = NULL, *log_path = NULL;
	int option, listener;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			read_server(optarg);
		else if (option == 'r')
			rules_path = optarg;
		else if (option == 'l')
			log_path = optarg;
		else if (option == 't')
			latency_ms = strtol(optarg, NULL, 10);
		else if (option == 'w')
			raw = true;
		else
			return 2;
	}
	if (server.sin_port == 0)
		fail("--server is missing");
	signal(SIGPIPE, SIG_IGN);
	rules = rules_new(rules_path, log_path);
	listener = listen_somewhere();
	for (;;)
		accept_one(listener);
}
