#include "exchange.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DRIP_PAUSE_US 20000

bool link_connect(struct link *link)
{
	const int on = 1;

	link->server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(link->server.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(link->server.fd, (struct sockaddr *)&link->address, sizeof(link->address)) == 0)
		return true;
	channel_close(&link->server, false);
	return false;
}

void link_stall(struct link *link)
{
	struct pollfd wait = {.fd = link->client.fd, .events = POLLRDHUP};

	poll(&wait, 1, -1);
}

static void delay(long ms)
{
	if (ms > 0)
		g_usleep((gulong)ms * 1000);
}

/* A kept connection that the server has closed meanwhile is made anew. */
static bool server_ready(struct link *link)
{
	char byte;

	if (link->server.fd >= 0 && recv(link->server.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		channel_close(&link->server, false);
	return link->server.fd >= 0 || link_connect(link);
}

static bool end_with_reset(struct link *link)
{
	channel_close(&link->client, true);
	channel_close(&link->server, true);
	return false;
}

static bool end_with_stall(struct link *link)
{
	link_stall(link);
	return false;
}

/* Answers of our own. */

static bool send_answer(struct link *link, Message *answer, const void *body, size_t size)
{
	g_autofree char *length = g_strdup_printf("Content-Length: %zu", size);

	message_set(answer, length);
	delay(link->latency_ms);
	return message_send(answer, &link->client) && channel_send(&link->client, body, size);
}

static Message *make_answer(const char *status, char **headers)
{
	Message *answer = message_new();
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autofree char *date = g_date_time_format(now, "Date: %a, %d %b %Y %H:%M:%S GMT");

	g_string_printf(answer->start, "HTTP/1.1 %s -", status);
	message_set(answer, "Content-Type: application/xml");
	message_set(answer, date);
	for (; *headers; headers++)
		message_set(answer, *headers);
	return answer;
}

static bool answer_status(struct link *link, const Fault *fault, bool head)
{
	char **rest = fault->arguments + 1;
	bool named = *rest && !strchr(*rest, ':');
	g_autoptr(Message) answer = make_answer(fault->arguments[0], rest + named);
	g_autofree char *body = g_strdup_printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
						"<Error><Code>%s</Code></Error>",
						named ? *rest : "");

	return send_answer(link, answer, body, named && !head ? strlen(body) : 0);
}

static bool answer_file(struct link *link, const Fault *fault, bool head)
{
	g_autoptr(Message) answer = make_answer(fault->arguments[0], fault->arguments + 2);
	g_autofree char *body = NULL;
	gsize size;

	return g_file_get_contents(fault->arguments[1], &body, &size, NULL) &&
	       send_answer(link, answer, body, head ? 0 : size);
}

/* The request. */

static bool forward_flipped(struct link *link, const Message *request)
{
	g_autoptr(GByteArray) body = body_read(&link->client, request);

	if (body && body->len > 0)
		body->data[body->len / 2] ^= 1;
	return body && channel_send(&link->server, body->data, body->len);
}

/* False where the link has to end. A server that does not want all of it may answer early. */
static bool forward(struct link *link, const Message *request, const Fault *fault)
{
	if (!server_ready(link) || !message_send(request, &link->server))
		return end_with_reset(link);
	if (fault->kind == FAULT_RESET_SENDING || fault->kind == FAULT_STALL_SENDING) {
		body_pass(&link->client, &link->server, request->length / 2);
		return fault->kind == FAULT_RESET_SENDING ? end_with_reset(link)
							  : end_with_stall(link);
	}
	if (fault->kind == FAULT_FLIP_SENT)
		return forward_flipped(link, request);
	return body_pass(&link->client, &link->server, request->length) || end_with_reset(link);
}

/* The answer. */

static bool fetch_answer(struct link *link, Message *answer)
{
	do
		if (!message_read(answer, &link->server))
			return end_with_reset(link);
	while (g_str_has_prefix(answer->start->str, "HTTP/1.1 100"));
	return true;
}

static bool has_body(const Message *answer, const char *method)
{
	g_autofree char *status = message_word(answer, 1);

	return strcmp(method, "HEAD") != 0 && strcmp(status, "204") != 0 &&
	       strcmp(status, "304") != 0;
}

static void damage(GByteArray *body, const Fault *fault)
{
	guint half = body->len / 2;

	switch (fault->kind) {
	case FAULT_FLIP:
		if (body->len > 0)
			body->data[half] ^= 1;
		break;
	case FAULT_CUT:
		g_byte_array_set_size(body, body->len - MIN(body->len, (guint)fault_number(fault)));
		break;
	case FAULT_MORE:
		for (long i = fault_number(fault); i > 0; i--)
			g_byte_array_append(body, (const guint8 *)"x", 1);
		break;
	case FAULT_DOUBLE: {
		g_autofree guint8 *first = g_memdup2(body->data, half);

		g_byte_array_prepend(body, first, half);
		break;
	}
	default:
		break;
	}
}

static bool drip(struct link *link, const GByteArray *body, size_t step)
{
	for (size_t at = 0; at < body->len; at += step) {
		if (!channel_send(&link->client, body->data + at, MIN(step, body->len - at)))
			return false;
		g_usleep(DRIP_PAUSE_US);
	}
	return true;
}

/* Half of the body was given. */
static bool break_off(struct link *link, enum fault_kind kind)
{
	if (kind == FAULT_STALL_WITHIN)
		return end_with_stall(link);
	return kind == FAULT_RESET_WITHIN && end_with_reset(link);
}

static bool breaks_off(enum fault_kind kind)
{
	return kind == FAULT_RESET_WITHIN || kind == FAULT_CLOSE_WITHIN ||
	       kind == FAULT_STALL_WITHIN;
}

static void announce(Message *answer, const GByteArray *body, const Fault *fault)
{
	long more = fault->kind == FAULT_ANNOUNCE ? fault_number(fault) : 0;
	g_autofree char *length =
		g_strdup_printf("Content-Length: %ld", MAX((long)body->len + more, 0));

	message_remove(answer, "Transfer-Encoding");
	message_set(answer, length);
}

static bool give_damaged(struct link *link, Message *answer, GByteArray *body, const Fault *fault)
{
	damage(body, fault);
	announce(answer, body, fault);
	if (!message_send(answer, &link->client))
		return false;
	if (fault->kind == FAULT_DRIP)
		return drip(link, body, (size_t)MAX(fault_number(fault), 1));
	if (!channel_send(&link->client, body->data,
			  breaks_off(fault->kind) ? body->len / 2 : body->len))
		return false;
	/* Whoever waits for what was announced sees the end instead. */
	return breaks_off(fault->kind) ? break_off(link, fault->kind)
				       : fault->kind != FAULT_ANNOUNCE;
}

static bool give_answer(struct link *link, Message *answer, bool bodied, const Fault *fault)
{
	g_autoptr(GByteArray) body = NULL;

	if (fault->kind == FAULT_HEADER)
		message_set(answer, fault->arguments[0]);
	delay(fault->kind == FAULT_DELAY ? fault_number(fault) : link->latency_ms);
	if (!bodied)
		return message_send(answer, &link->client) &&
		       (!breaks_off(fault->kind) || break_off(link, fault->kind));
	if (fault->kind < FAULT_RESET_WITHIN && answer->length >= 0)
		return message_send(answer, &link->client) &&
		       body_pass(&link->server, &link->client, answer->length);
	body = body_read(&link->server, answer);
	return body && give_damaged(link, answer, body, fault);
}

static bool fetch_and_give(struct link *link, const char *method, const Fault *fault)
{
	g_autoptr(Message) answer = message_new();
	g_autoptr(GByteArray) unwanted = NULL;
	bool bodied;

	if (!fetch_answer(link, answer))
		return false;
	bodied = has_body(answer, method);
	switch (fault->kind) {
	case FAULT_RESET_AFTER:
		return end_with_reset(link);
	case FAULT_STALL_AFTER:
		return end_with_stall(link);
	case FAULT_STATUS_AFTER:
		unwanted = bodied ? body_read(&link->server, answer) : NULL;
		return answer_status(link, fault, !bodied);
	default:
		return give_answer(link, answer, bodied, fault);
	}
}

bool exchange(struct link *link)
{
	g_autoptr(Message) request = message_new();
	g_autoptr(GByteArray) unwanted = NULL;
	g_autofree char *method = NULL, *target = NULL;
	g_auto(Fault) fault = {0};

	if (!message_read(request, &link->client))
		return false;
	method = message_word(request, 0);
	target = message_word(request, 1);
	rules_take(link->rules, method, target, &fault);
	switch (fault.kind) {
	case FAULT_RESET_BEFORE:
		return end_with_reset(link);
	case FAULT_STALL_BEFORE:
		return end_with_stall(link);
	case FAULT_STATUS:
	case FAULT_ANSWER:
		unwanted = body_read(&link->client, request);
		return fault.kind == FAULT_STATUS
			       ? answer_status(link, &fault, strcmp(method, "HEAD") == 0)
			       : answer_file(link, &fault, strcmp(method, "HEAD") == 0);
	default:
		return forward(link, request, &fault) && fetch_and_give(link, method, &fault);
	}
}
