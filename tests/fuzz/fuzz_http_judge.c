#include "drill/check/http_judge.h"
#include "drill/check/http_text.h"

#include <stdint.h>
#include <string.h>

/*
 * What an application answered to a check: the first line is what is looked for in it, a pointer and the name of an
 * input; the rest is the answer, as JSON, as HTML, and as a cookie. Nothing of it may break out of where it is put.
 */

#define TAG_MAX 4096 /* no value of an input is longer than its tag */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void trap_unless(bool right)
{
	if (!right)
		__builtin_trap();
}

static void judge_value(json_t *value)
{
	g_autofree char *text = http_judge_text(value);

	trap_unless(!text == (!value || json_is_object(value) || json_is_array(value)));
	if (!text)
		return;
	trap_unless(http_judge_compare(text, HTTP_EQ, text));
	trap_unless(!http_judge_compare(text, HTTP_NE, text));
	trap_unless(!http_judge_compare(text, HTTP_LT, text) &&
		    !http_judge_compare(text, HTTP_GT, text));
}

static void judge_json(const char *pointer, const char *answer, size_t size)
{
	g_autoptr(JsonValue) document = NULL;

	if (!json_parse(answer, size, "the answer", &document, NULL))
		return;
	trap_unless(http_judge_find(document, "") == document);
	judge_value(http_judge_find(document, pointer));
	judge_value(document);
}

static void judge_html(const char *name, const char *answer, size_t size)
{
	g_autofree char *value = http_judge_input(answer, size, name);

	trap_unless(!value || strlen(value) <= TAG_MAX);
}

/* One line of the request, whatever the application called its cookies. */
static void take_cookies(const char *answer, size_t size)
{
	g_autoptr(GHashTable) cookies = http_cookies_new();
	g_autofree char *text = g_strndup(answer, size);
	g_auto(GStrv) lines = g_strsplit(text, "\n", 100);
	g_autofree char *header = NULL;

	for (char **line = lines; *line; line++)
		http_cookies_take(cookies, *line);
	header = http_cookies_header(cookies);
	trap_unless(!header == (g_hash_table_size(cookies) == 0));
	trap_unless(!header || !strpbrk(header, "\r\n"));
}

/* As a value that a later request has, it stays one. */
static void put_into_request(const char *answer, size_t size)
{
	g_autoptr(GHashTable) values = g_hash_table_new(g_str_hash, g_str_equal);
	g_autofree char *value = g_strndup(answer, size);
	g_autofree char *excerpt = http_text_excerpt(answer, size);

	trap_unless(g_utf8_validate(excerpt, -1, NULL) && !strchr(excerpt, '\n'));
	g_hash_table_insert(values, (char *)"a", value);

	g_autofree char *path = http_text_expand("/x/${a}/y", HTTP_PLACE_PATH, values, NULL);
	g_autofree char *header = http_text_expand("${a}", HTTP_PLACE_HEADER, values, NULL);
	g_autofree char *body = http_text_expand("[\"${a}\"]", HTTP_PLACE_JSON, values, NULL);
	g_autoptr(JsonValue) parsed = NULL;

	trap_unless(path && !strchr(path + strlen("/x/"), '?') && !strpbrk(path, " \r\n#"));
	trap_unless(!header || !strpbrk(header, "\r\n"));
	if (g_utf8_validate(value, -1, NULL)) {
		trap_unless(json_parse(body, strlen(body), "a body", &parsed, NULL));
		trap_unless(json_array_size(parsed) == 1 &&
			    strcmp(json_string_value(json_array_get(parsed, 0)), value) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *end = size > 0 ? memchr(text, '\n', size) : NULL;
	size_t first = end ? (size_t)(end - text) : size;
	const char *answer = end ? end + 1 : text + size;
	size_t left = size - (size_t)(answer - text);
	g_autofree char *wanted = g_strndup(text, first);

	judge_json(wanted, answer, left);
	judge_html(wanted, answer, left);
	take_cookies(answer, left);
	put_into_request(answer, left);
	return 0;
}
