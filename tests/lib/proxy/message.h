#ifndef ODR_PROXY_MESSAGE_H
#define ODR_PROXY_MESSAGE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* One side of a connection, read through a buffer. */
struct channel {
	int fd; /* -1: closed */
	size_t start, end;
	char buffer[256 << 10];
};
/* With a reset: the other side sees an error instead of an end. */
void channel_close(struct channel *channel, bool reset);
bool channel_send(struct channel *channel, const void *data, size_t size);

/* The head of a request or an answer of HTTP/1.1. */
struct message {
	GString *start;	    /* its first line, without the line's end */
	GPtrArray *headers; /* "Name: value" */
	gint64 length;	    /* of the body; -1: it comes in chunks */
};
typedef struct message Message;
Message *message_new(void);
void message_free(Message *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Message, message_free)

/* False at the end of the connection, or where this is no HTTP. An answer that has no body for what
 * was asked (HEAD) is the caller's to know. */
bool message_read(Message *message, struct channel *from);
/* The n-th word of the first line. */
char *message_word(const Message *message, unsigned n);
void message_remove(Message *message, const char *name);
/* Replaces "Name: value", or adds it. */
void message_set(Message *message, const char *header);
bool message_send(const Message *message, struct channel *to);

/* So many bytes of a body, passed on as they come. */
bool body_pass(struct channel *from, struct channel *to, gint64 bytes);
/* The whole of it, chunks put together; NULL where it breaks off. */
GByteArray *body_read(struct channel *from, const Message *message);

#endif
