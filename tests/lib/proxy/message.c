#include "message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_MAX (64 << 10)

void channel_close(struct channel *channel, bool reset)
{
	const struct linger at_once = {.l_onoff = 1};

	if (channel->fd < 0)
		return;
	if (reset)
		setsockopt(channel->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(channel->fd);
	channel->fd = -1;
	channel->start = channel->end = 0;
}

bool channel_send(struct channel *channel, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t sent = send(channel->fd, at, size, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return false;
		at += sent;
		size -= (size_t)sent;
	}
	return true;
}

/* At least one byte. */
static bool channel_fill(struct channel *channel)
{
	ssize_t got;

	if (channel->start < channel->end)
		return true;
	do
		got = recv(channel->fd, channel->buffer, sizeof(channel->buffer), 0);
	while (got < 0 && errno == EINTR);
	channel->start = 0;
	channel->end = got > 0 ? (size_t)got : 0;
	return got > 0;
}

static bool channel_line(struct channel *channel, GString *line)
{
	g_string_truncate(line, 0);
	while (line->len < HEAD_MAX && channel_fill(channel)) {
		const char *from = channel->buffer + channel->start;
		size_t there = channel->end - channel->start;
		const char *end = memchr(from, '\n', there);
		size_t taken = end ? (size_t)(end - from) + 1 : there;

		g_string_append_len(line, from, (gssize)taken);
		channel->start += taken;
		if (end) {
			g_string_truncate(line, line->len - 1);
			if (line->len > 0 && line->str[line->len - 1] == '\r')
				g_string_truncate(line, line->len - 1);
			return true;
		}
	}
	return false;
}

Message *message_new(void)
{
	Message *message = g_new0(Message, 1);

	message->start = g_string_new(NULL);
	message->headers = g_ptr_array_new_with_free_func(g_free);
	return message;
}

void message_free(Message *message)
{
	if (!message)
		return;
	g_string_free(message->start, TRUE);
	g_ptr_array_unref(message->headers);
	g_free(message);
}

/* The value of a header line if its name is that; else NULL. */
static const char *value_of(const char *line, const char *name)
{
	size_t length = strlen(name);

	if (g_ascii_strncasecmp(line, name, length) != 0 || line[length] != ':')
		return NULL;
	line += length + 1;
	return line + strspn(line, " \t");
}

static void learn_length(Message *message, const char *line)
{
	const char *length = value_of(line, "Content-Length");
	const char *coding = value_of(line, "Transfer-Encoding");

	if (length)
		message->length = strtoll(length, NULL, 10);
	if (coding && g_ascii_strcasecmp(coding, "chunked") == 0)
		message->length = -1;
}

bool message_read(Message *message, struct channel *from)
{
	g_autoptr(GString) line = g_string_new(NULL);

	message->length = 0;
	g_ptr_array_set_size(message->headers, 0);
	if (!channel_line(from, message->start))
		return false;
	while (channel_line(from, line)) {
		if (line->len == 0)
			return true;
		learn_length(message, line->str);
		g_ptr_array_add(message->headers, g_strdup(line->str));
	}
	return false;
}

char *message_word(const Message *message, unsigned n)
{
	g_auto(GStrv) words = g_strsplit(message->start->str, " ", -1);

	return g_strdup(n < g_strv_length(words) ? words[n] : "");
}

void message_remove(Message *message, const char *name)
{
	for (guint i = message->headers->len; i-- > 0;)
		if (value_of(message->headers->pdata[i], name))
			g_ptr_array_remove_index(message->headers, i);
}

void message_set(Message *message, const char *header)
{
	g_autofree char *name = g_strndup(header, strcspn(header, ":"));

	message_remove(message, name);
	g_ptr_array_add(message->headers, g_strdup(header));
}

bool message_send(const Message *message, struct channel *to)
{
	g_autoptr(GString) text = g_string_new(message->start->str);

	g_string_append(text, "\r\n");
	for (guint i = 0; i < message->headers->len; i++)
		g_string_append_printf(text, "%s\r\n", (const char *)message->headers->pdata[i]);
	g_string_append(text, "\r\n");
	return channel_send(to, text->str, text->len);
}

bool body_pass(struct channel *from, struct channel *to, gint64 bytes)
{
	while (bytes > 0) {
		size_t part;

		if (!channel_fill(from))
			return false;
		part = MIN(from->end - from->start, (size_t)bytes);
		if (!channel_send(to, from->buffer + from->start, part))
			return false;
		from->start += part;
		bytes -= (gint64)part;
	}
	return true;
}

static bool body_take(struct channel *from, GByteArray *body, gint64 bytes)
{
	while (bytes > 0) {
		size_t part;

		if (!channel_fill(from))
			return false;
		part = MIN(from->end - from->start, (size_t)bytes);
		g_byte_array_append(body, (const guint8 *)from->buffer + from->start, (guint)part);
		from->start += part;
		bytes -= (gint64)part;
	}
	return true;
}

static bool chunks_take(struct channel *from, GByteArray *body)
{
	g_autoptr(GString) line = g_string_new(NULL);

	for (;;) {
		gint64 size;

		if (!channel_line(from, line))
			return false;
		size = strtoll(line->str, NULL, 16);
		if (size < 0 || !body_take(from, body, size) || !channel_line(from, line))
			return false;
		if (size == 0)
			return true;
	}
}

GByteArray *body_read(struct channel *from, const Message *message)
{
	g_autoptr(GByteArray) body = g_byte_array_new();

	if (message->length < 0 ? chunks_take(from, body) : body_take(from, body, message->length))
		return g_steal_pointer(&body);
	return NULL;
}
