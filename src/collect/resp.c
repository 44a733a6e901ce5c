#include "collect/resp.h"

#include <string.h>

void resp_free(Resp *reply)
{
	if (!reply)
		return;
	g_free(reply->text);
	g_clear_pointer(&reply->items, g_ptr_array_unref);
	g_free(reply);
}

struct parser {
	const char *at, *end;
	enum resp_outcome outcome; /* while RESP_WHOLE all is well */
};

static void stop(struct parser *parser, enum resp_outcome outcome)
{
	if (parser->outcome == RESP_WHOLE)
		parser->outcome = outcome;
}

/* Up to "\r\n", which is passed over; NULL: there is none yet. g_free. */
static char *take_line(struct parser *parser, size_t *size)
{
	const char *end = memmem(parser->at, (size_t)(parser->end - parser->at), "\r\n", 2);
	char *line;

	if (!end) {
		stop(parser, RESP_MORE);
		return NULL;
	}
	*size = (size_t)(end - parser->at);
	line = g_strndup(parser->at, *size);
	parser->at = end + 2;
	return line;
}

static bool take_number(struct parser *parser, int64_t minimum, int64_t maximum, int64_t *number)
{
	size_t size;
	g_autofree char *line = take_line(parser, &size);
	gint64 value;

	if (!line)
		return false;
	if (!g_ascii_string_to_signed(line, 10, minimum, maximum, &value, NULL)) {
		stop(parser, RESP_BROKEN);
		return false;
	}
	*number = value;
	return true;
}

static void take_bulk(struct parser *parser, Resp *reply)
{
	int64_t size;

	if (!take_number(parser, -1, RESP_SIZE_MAX, &size))
		return;
	if (size < 0) {
		reply->kind = RESP_NULL;
		return;
	}
	if ((uint64_t)(parser->end - parser->at) < (uint64_t)size + 2) {
		stop(parser, RESP_MORE);
		return;
	}
	if (memcmp(parser->at + size, "\r\n", 2) != 0) {
		stop(parser, RESP_BROKEN);
		return;
	}
	reply->size = (size_t)size;
	reply->text = g_malloc(reply->size + 1);
	memcpy(reply->text, parser->at, reply->size);
	reply->text[reply->size] = '\0';
	parser->at += size + 2;
}

static Resp *take_reply(struct parser *parser, unsigned depth);

/* Items are counted before they are there: nothing is made room for. */
static void take_array(struct parser *parser, Resp *reply, unsigned depth)
{
	int64_t count;

	if (!take_number(parser, -1, RESP_SIZE_MAX, &count))
		return;
	if (count < 0) {
		reply->kind = RESP_NULL;
		return;
	}
	reply->items = g_ptr_array_new_with_free_func((GDestroyNotify)resp_free);
	while (count-- > 0 && parser->outcome == RESP_WHOLE)
		g_ptr_array_add(reply->items, take_reply(parser, depth + 1));
}

static Resp *take_reply(struct parser *parser, unsigned depth)
{
	Resp *reply = g_new0(Resp, 1);

	if (depth > RESP_DEPTH_MAX)
		stop(parser, RESP_BROKEN);
	else if (parser->at == parser->end)
		stop(parser, RESP_MORE);
	if (parser->outcome != RESP_WHOLE)
		return reply;
	switch (*parser->at++) {
	case '+':
		reply->kind = RESP_TEXT;
		reply->text = take_line(parser, &reply->size);
		break;
	case '-':
		reply->kind = RESP_ERROR;
		reply->text = take_line(parser, &reply->size);
		break;
	case ':':
		reply->kind = RESP_INTEGER;
		take_number(parser, G_MININT64, G_MAXINT64, &reply->number);
		break;
	case '$':
		reply->kind = RESP_TEXT;
		take_bulk(parser, reply);
		break;
	case '*':
		reply->kind = RESP_ARRAY;
		take_array(parser, reply, depth);
		break;
	default:
		stop(parser, RESP_BROKEN);
	}
	return reply;
}

enum resp_outcome resp_parse(const void *bytes, size_t size, Resp **reply, size_t *used)
{
	struct parser parser = {.at = bytes, .end = (const char *)bytes + size};
	g_autoptr(Resp) parsed = take_reply(&parser, 0);

	if (parser.outcome == RESP_MORE && size > RESP_SIZE_MAX)
		return RESP_BROKEN;
	if (parser.outcome != RESP_WHOLE)
		return parser.outcome;
	*used = (size_t)(parser.at - (const char *)bytes);
	*reply = g_steal_pointer(&parsed);
	return RESP_WHOLE;
}

void resp_command(GString *out, const char *const *words)
{
	unsigned count = 0;

	while (words[count])
		count++;
	g_string_append_printf(out, "*%u\r\n", count);
	for (; *words; words++)
		g_string_append_printf(out, "$%zu\r\n%s\r\n", strlen(*words), *words);
}
