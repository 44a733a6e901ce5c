#include "drill/check/http_judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TAG_MAX	    ((size_t)4096) /* bytes of <input …> */
#define COOKIES_MAX 50
#define COOKIE_MAX  ((size_t)4096)

/* ---- JSON ---------------------------------------------------------------------------------------- */

/* ~1 is '/', ~0 is '~'. */
static char *unescape_token(const char *token, size_t size)
{
	char *text = g_strndup(token, size), *to = text;

	for (const char *from = text; *from; from++) {
		if (from[0] == '~' && (from[1] == '0' || from[1] == '1'))
			*to++ = *++from == '0' ? '~' : '/';
		else
			*to++ = *from;
	}
	*to = '\0';
	return text;
}

static json_t *member(json_t *value, const char *token)
{
	guint64 index;

	if (json_is_object(value))
		return json_object_get(value, token);
	if (!json_is_array(value) || (token[0] == '0' && token[1]) ||
	    !g_ascii_string_to_unsigned(token, 10, 0, G_MAXUINT32, &index, NULL))
		return NULL;
	return json_array_get(value, (size_t)index);
}

json_t *http_judge_find(json_t *document, const char *pointer)
{
	json_t *value = document;

	while (value && *pointer == '/') {
		size_t size = strcspn(pointer + 1, "/");
		g_autofree char *token = unescape_token(pointer + 1, size);

		value = member(value, token);
		pointer += 1 + size;
	}
	return *pointer ? NULL : value;
}

char *http_judge_text(const json_t *value)
{
	char *printed, *text;

	if (!value || json_is_object(value) || json_is_array(value))
		return NULL;
	if (json_is_string(value))
		return g_strdup(json_string_value(value));
	printed = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	text = g_strdup(printed);
	free(printed);
	return text;
}

static bool number_of(const char *text, long double *value)
{
	char *end;

	if (!*text || strspn(text, "0123456789.+-eE") != strlen(text))
		return false;
	*value = strtold(text, &end);
	return !*end && isfinite(*value);
}

static bool holds(int order, enum http_operator op)
{
	switch (op) {
	case HTTP_EQ:
		return order == 0;
	case HTTP_NE:
		return order != 0;
	case HTTP_LT:
		return order < 0;
	case HTTP_LE:
		return order <= 0;
	case HTTP_GT:
		return order > 0;
	case HTTP_GE:
		return order >= 0;
	}
	return false;
}

bool http_judge_compare(const char *found, enum http_operator op, const char *wanted)
{
	long double left, right;

	if (number_of(found, &left) && number_of(wanted, &right))
		return holds((left > right) - (left < right), op);
	return (op == HTTP_EQ || op == HTTP_NE) && holds(strcmp(found, wanted) != 0, op);
}

const char *http_operator_name(enum http_operator op)
{
	static const char *const names[] = {"eq", "ne", "lt", "le", "gt", "ge"};

	return names[op];
}

/* ---- HTML ---------------------------------------------------------------------------------------- */

static char *unescape_html(const char *text, size_t size)
{
	static const struct {
		const char *entity;
		char letter;
	} entities[] = {{"&amp;", '&'},	 {"&lt;", '<'},	 {"&gt;", '>'},
			{"&#39;", '\''}, {"&#34;", '"'}, {"&quot;", '"'}};
	g_autofree char *copy = g_strndup(text, size);
	GString *out = g_string_new(NULL);

	for (const char *at = copy; *at;) {
		size_t i = 0;

		while (i < G_N_ELEMENTS(entities) && !g_str_has_prefix(at, entities[i].entity))
			i++;
		g_string_append_c(out, i < G_N_ELEMENTS(entities) ? entities[i].letter : *at);
		at += i < G_N_ELEMENTS(entities) ? strlen(entities[i].entity) : 1;
	}
	return g_string_free(out, FALSE);
}

/* The value of an attribute in the text of a tag, which ends before end; NULL: it has none. */
static char *attribute(const char *at, const char *end, const char *wanted)
{
	while (at < end) {
		const char *name, *value;
		size_t length, size;

		while (at < end && (g_ascii_isspace(*at) || *at == '/'))
			at++;
		name = at;
		while (at < end && !g_ascii_isspace(*at) && *at != '=' && *at != '/')
			at++;
		length = (size_t)(at - name);
		while (at < end && g_ascii_isspace(*at))
			at++;
		if (at >= end || *at != '=') {
			if (length == 0)
				at++;
			continue;
		}
		at++;
		while (at < end && g_ascii_isspace(*at))
			at++;
		if (at < end && (*at == '"' || *at == '\'')) {
			const char *quote = memchr(at + 1, *at, (size_t)(end - at - 1));

			value = at + 1;
			size = quote ? (size_t)(quote - value) : (size_t)(end - value);
			at = value + size + (quote ? 1 : 0);
		} else {
			value = at;
			while (at < end && !g_ascii_isspace(*at))
				at++;
			size = (size_t)(at - value);
		}
		if (length == strlen(wanted) && g_ascii_strncasecmp(name, wanted, length) == 0)
			return unescape_html(value, size);
	}
	return NULL;
}

/* Where a tag ends: at the first '>' that is not quoted. NULL: nowhere near. */
static const char *tag_end(const char *at, const char *end)
{
	char quote = '\0';

	for (end = MIN(end, at + TAG_MAX); at < end; at++) {
		if (quote)
			quote = *at == quote ? '\0' : quote;
		else if (*at == '"' || *at == '\'')
			quote = *at;
		else if (*at == '>')
			return at;
	}
	return NULL;
}

char *http_judge_input(const char *html, size_t size, const char *name)
{
	static const char tag[] = "<input";
	const char *end = html + size, *at = html;

	while ((at = memchr(at, '<', (size_t)(end - at)))) {
		const char *inside = at + strlen(tag), *close = NULL;
		g_autofree char *called = NULL;

		at++;
		if (inside >= end || g_ascii_strncasecmp(at - 1, tag, strlen(tag)) != 0 ||
		    !g_ascii_isspace(*inside))
			continue;
		close = tag_end(inside, end);
		called = close ? attribute(inside, close, "name") : NULL;
		if (called && strcmp(called, name) == 0)
			return attribute(inside, close, "value");
	}
	return NULL;
}

/* ---- cookies ------------------------------------------------------------------------------------- */

GHashTable *http_cookies_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static bool is_cookie_text(const char *text)
{
	for (; *text; text++)
		if (g_ascii_iscntrl(*text) || *text == ',' || *text == ';')
			return false;
	return true;
}

/* Where it holds, and how long, does not matter: all requests go to one server, at once. */
void http_cookies_take(GHashTable *cookies, const char *set_cookie)
{
	size_t size = strcspn(set_cookie, ";");
	g_autofree char *pair = size <= COOKIE_MAX ? g_strndup(set_cookie, size) : g_strdup("");
	char *sign = strchr(pair, '=');
	g_autofree char *name = sign ? g_strstrip(g_strndup(pair, (gsize)(sign - pair))) : NULL;
	g_autofree char *value = sign ? g_strstrip(g_strdup(sign + 1)) : NULL;

	if (!name || !*name || !is_cookie_text(name) || !is_cookie_text(value))
		return;
	if (!*value)
		g_hash_table_remove(cookies, name);
	else if (g_hash_table_size(cookies) < COOKIES_MAX || g_hash_table_contains(cookies, name))
		g_hash_table_insert(cookies, g_steal_pointer(&name), g_steal_pointer(&value));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

char *http_cookies_header(GHashTable *cookies)
{
	GList *names = g_list_sort(g_hash_table_get_keys(cookies), by_name);
	GString *out = g_string_new(NULL);

	for (GList *each = names; each; each = each->next)
		g_string_append_printf(out, "%s%s=%s", out->len > 0 ? "; " : "",
				       (const char *)each->data,
				       (const char *)g_hash_table_lookup(cookies, each->data));
	g_list_free(names);
	return g_string_free(out, out->len == 0);
}
