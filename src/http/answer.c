#include "http/answer.h"

#include <curl/curl.h>
#include <string.h>

#define YEAR_10000  ((time_t)253402300800)
#define ASKED_MAX   USEC_PER_DAY
#define STATUS_LINE "HTTP/"

HttpAnswer *http_answer_new(void)
{
	HttpAnswer *answer = g_new0(HttpAnswer, 1);

	answer->headers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	answer->cookies = g_ptr_array_new_with_free_func(g_free);
	answer->body = g_byte_array_new();
	answer->length = -1;
	return answer;
}

void http_answer_free(HttpAnswer *answer)
{
	if (!answer)
		return;
	g_hash_table_unref(answer->headers);
	g_ptr_array_unref(answer->cookies);
	g_byte_array_unref(answer->body);
	g_free(answer);
}

static void clear_head(HttpAnswer *answer)
{
	g_hash_table_remove_all(answer->headers);
	g_ptr_array_set_size(answer->cookies, 0);
	answer->status = 0;
	answer->length = -1;
	answer->date = 0;
}

void http_answer_clear(HttpAnswer *answer)
{
	clear_head(answer);
	g_byte_array_set_size(answer->body, 0);
	answer->received = 0;
}

const char *http_answer_header(const HttpAnswer *answer, const char *name)
{
	return g_hash_table_lookup(answer->headers, name);
}

bool http_answer_successful(const HttpAnswer *answer)
{
	return answer->status >= 200 && answer->status < 300;
}

bool http_date_parse(const char *text, usec_t *time)
{
	time_t seconds = curl_getdate(text, NULL);

	if (seconds < 0 || seconds >= YEAR_10000)
		return false;
	*time = (usec_t)seconds * USEC_PER_SEC;
	return true;
}

usec_t http_answer_retry_after(const HttpAnswer *answer)
{
	const char *text = http_answer_header(answer, "retry-after");
	usec_t until;

	if (!text)
		return 0;
	if (g_ascii_isdigit(*text))
		return (usec_t)MIN(g_ascii_strtoull(text, NULL, 10), ASKED_MAX / USEC_PER_SEC) *
		       USEC_PER_SEC;
	/* By its own clock: ours may be another. */
	if (answer->date == 0 || !http_date_parse(text, &until))
		return 0;
	return CLAMP(until - answer->date, 0, ASKED_MAX);
}

static void take_status(HttpAnswer *answer, const char *line, size_t size)
{
	const char *blank = memchr(line, ' ', size);
	g_autofree char *rest =
		blank ? g_strndup(blank + 1, size - (size_t)(blank + 1 - line)) : NULL;

	clear_head(answer);
	if (rest)
		answer->status = (unsigned)MIN(g_ascii_strtoull(rest, NULL, 10), 1000);
}

static int64_t parse_length(const char *text)
{
	guint64 length;

	return g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64, &length, NULL) ? (int64_t)length
										  : -1;
}

static void take_header(HttpAnswer *answer, const char *line, size_t size)
{
	const char *colon = memchr(line, ':', size);
	char *name, *value;

	if (!colon)
		return;
	name = g_ascii_strdown(line, colon - line);
	value = g_strstrip(g_strndup(colon + 1, size - (size_t)(colon + 1 - line)));
	if (strcmp(name, "content-length") == 0)
		answer->length = parse_length(value);
	if (strcmp(name, "date") == 0 && !http_date_parse(value, &answer->date))
		answer->date = 0;
	if (strcmp(name, "set-cookie") == 0)
		g_ptr_array_add(answer->cookies, g_strdup(value));
	g_hash_table_replace(answer->headers, name, value);
}

void http_answer_take_line(HttpAnswer *answer, const char *line, size_t size)
{
	if (size >= strlen(STATUS_LINE) && memcmp(line, STATUS_LINE, strlen(STATUS_LINE)) == 0)
		take_status(answer, line, size);
	else
		take_header(answer, line, size);
}
