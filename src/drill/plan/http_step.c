#include "drill/plan/http_step.h"

#include "base/error.h"
#include "base/suggest.h"

#include <string.h>

static void directive_free(void *data)
{
	struct http_directive *directive = data;

	g_free(directive->name);
	g_free(directive->value);
	g_free(directive);
}

void http_step_free(HttpStep *step)
{
	if (!step)
		return;
	g_free(step->method);
	g_free(step->path);
	g_ptr_array_unref(step->directives);
	g_free(step);
}

GHashTable *http_step_variables(void)
{
	static const char *const first[] = {"db", "login", "password", "run"};
	GHashTable *known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(first); i++)
		g_hash_table_add(known, g_strdup(first[i]));
	return known;
}

/* Every ${…} of a text is known. */
static bool check_variables(const char *text, GHashTable *known, GError **error)
{
	for (const char *at = strstr(text, "${"); at; at = strstr(at + 2, "${")) {
		const char *end = strchr(at, '}');

		if (!end)
			return odr_fail(error, ODR_ERROR_USAGE, "'%s' has a ${ without }", text);

		g_autofree char *name = g_strndup(at + 2, (gsize)(end - at) - 2);

		if (!g_hash_table_contains(known, name))
			return odr_fail(error, ODR_ERROR_USAGE,
					"nothing captured ${%s} before it is used", name);
	}
	return true;
}

/* RFC 6901: "" or /…, and behind ~ a 0 or a 1. */
static bool is_pointer(const char *text)
{
	if (*text && *text != '/')
		return false;
	for (const char *at = strchr(text, '~'); at; at = strchr(at + 1, '~'))
		if (at[1] != '0' && at[1] != '1')
			return false;
	return true;
}

static bool is_variable(const char *name)
{
	return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name) &&
	       g_ascii_islower(*name);
}

/* The first word of rest; what follows it, without blanks before. */
static char *take_word(const char **rest)
{
	size_t length = strcspn(*rest, " \t");
	char *word = g_strndup(*rest, length);

	*rest += length;
	*rest += strspn(*rest, " \t");
	return word;
}

static bool parse_status(struct http_directive *directive, const char *rest, GError **error)
{
	guint64 number;

	if (!g_ascii_string_to_unsigned(rest, 10, 100, 599, &number, NULL))
		return odr_fail(error, ODR_ERROR_USAGE,
				"status is a number from 100 to 599, not '%s'", rest);
	directive->status = (unsigned)number;
	return true;
}

static bool parse_text(struct http_directive *directive, const char *rest, GError **error)
{
	(void)error;
	directive->name = g_strdup(rest);
	return true;
}

static bool parse_header(struct http_directive *directive, const char *rest, GError **error)
{
	const char *colon = strchr(rest, ':');
	g_autofree char *name = colon ? g_strndup(rest, (gsize)(colon - rest)) : NULL;

	if (!name || !*name ||
	    strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") !=
		    strlen(name))
		return odr_fail(error, ODR_ERROR_USAGE, "a header is NAME: VALUE, not '%s'", rest);
	directive->name = g_steal_pointer(&name);
	directive->value = g_strstrip(g_strdup(colon + 1));
	return !strpbrk(directive->value, "\r\n") ||
	       odr_fail(error, ODR_ERROR_USAGE, "a header is one line");
}

static const char *const operators[] = {"eq", "ne", "lt", "le", "gt", "ge", NULL};

static bool parse_value(struct http_directive *directive, const char *rest, GError **error)
{
	g_autofree char *pointer = take_word(&rest);
	g_autofree char *word = take_word(&rest);

	if (!is_pointer(pointer) || !*rest)
		return odr_fail(error, ODR_ERROR_USAGE,
				"value is POINTER OP V, as in: value /result/uid gt 0");
	for (int i = 0; operators[i]; i++) {
		if (strcmp(operators[i], word) == 0) {
			directive->op = (enum http_operator)i;
			directive->name = g_steal_pointer(&pointer);
			directive->value = g_strdup(rest);
			return true;
		}
	}
	return odr_fail(error, ODR_ERROR_USAGE,
			"'%s' compares nothing; there are eq, ne, lt, le, gt and ge", word);
}

static bool parse_capture(struct http_directive *directive, const char *rest, GError **error)
{
	g_autofree char *name = take_word(&rest);
	bool input = g_str_has_prefix(rest, "input:") && rest[strlen("input:")];

	if (!is_variable(name) || (!input && (!*rest || !is_pointer(rest))))
		return odr_fail(error, ODR_ERROR_USAGE,
				"capture is NAME POINTER or NAME input:FIELD, as in: capture id "
				"/result/0/id; names are of a-z, 0-9 and '_'");
	directive->name = g_steal_pointer(&name);
	directive->value = g_strdup(rest);
	return true;
}

static const struct {
	const char *name;
	bool (*parse)(struct http_directive *directive, const char *rest, GError **error);
	const char *suffix;
} directives[] = {
	[HTTP_STATUS] = {"status", parse_status, NULL},
	[HTTP_FIND] = {"find", parse_text, NULL},
	[HTTP_ABSENT] = {"absent", parse_text, NULL},
	[HTTP_JSON] = {"json", parse_text, ".json"},
	[HTTP_FORM] = {"form", parse_text, ".form"},
	[HTTP_HEADER] = {"header", parse_header, NULL},
	[HTTP_VALUE] = {"value", parse_value, NULL},
	[HTTP_EQUALS_SQL] = {"equals-sql", parse_text, ".sql"},
	[HTTP_SHA1] = {"sha1", parse_text, NULL},
	[HTTP_CAPTURE] = {"capture", parse_capture, NULL},
};

const char *http_directive_suffix(const struct http_directive *directive)
{
	return directives[directive->kind].suffix;
}

static bool find_directive(const char *word, enum http_directive_kind *kind, GError **error)
{
	const char *names[G_N_ELEMENTS(directives) + 1] = {NULL};

	for (size_t i = 0; i < G_N_ELEMENTS(directives); i++) {
		names[i] = directives[i].name;
		if (strcmp(word, names[i]) == 0) {
			*kind = (enum http_directive_kind)i;
			return true;
		}
	}

	g_autofree char *list = suggest_list(names);
	g_autofree char *near = suggest_phrase(word, names);

	return *near ? odr_fail(error, ODR_ERROR_USAGE, "'%s' says nothing of a request%s", word,
				near)
		     : odr_fail(error, ODR_ERROR_USAGE,
				"'%s' says nothing of a request; there are %s", word, list);
}

static bool add_directive(HttpStep *step, const char *text, GHashTable *known, GError **error)
{
	const char *rest = text;
	g_autofree char *word = take_word(&rest);
	enum http_directive_kind kind = HTTP_STATUS;
	struct http_directive *directive;

	if (!find_directive(word, &kind, error))
		return false;
	if (!*rest)
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' says nothing of what", word);
	directive = g_new0(struct http_directive, 1);
	directive->kind = kind;
	g_ptr_array_add(step->directives, directive);
	if (!directives[kind].parse(directive, rest, error))
		return false;
	if (kind == HTTP_CAPTURE) {
		g_hash_table_add(known, g_strdup(directive->name));
		return true;
	}
	return check_variables(directive->name ? directive->name : "", known, error) &&
	       check_variables(directive->value ? directive->value : "", known, error);
}

static bool parse_request(HttpStep *step, const char *text, GHashTable *known, GError **error)
{
	static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", NULL};
	const char *rest = text;

	step->method = take_word(&rest);
	if (!g_strv_contains(methods, step->method) || *rest != '/' || strpbrk(rest, " \t\r\n"))
		return odr_fail(error, ODR_ERROR_USAGE,
				"a step begins with a method and a path, as in: GET /web/login; "
				"status 200");
	step->path = g_strdup(rest);
	return check_variables(rest, known, error);
}

/* At most one body; and something has to be expected. */
static bool check_whole(const HttpStep *step, GError **error)
{
	unsigned bodies = 0, expectations = 0;

	for (guint i = 0; i < step->directives->len; i++) {
		const struct http_directive *directive = step->directives->pdata[i];

		bodies += directive->kind == HTTP_JSON || directive->kind == HTTP_FORM;
		expectations += directive->kind != HTTP_JSON && directive->kind != HTTP_FORM &&
				directive->kind != HTTP_HEADER && directive->kind != HTTP_CAPTURE;
	}
	if (bodies > 1)
		return odr_fail(error, ODR_ERROR_USAGE, "a request has one body, of json or form");
	if (bodies == 1 && (strcmp(step->method, "GET") == 0 || strcmp(step->method, "HEAD") == 0))
		return odr_fail(error, ODR_ERROR_USAGE, "a %s has no body; write POST",
				step->method);
	if (expectations == 0)
		return odr_fail(error, ODR_ERROR_USAGE,
				"nothing is expected of the answer; add 'status 200' at least");
	return true;
}

HttpStep *http_step_parse(const char *text, GHashTable *known, GError **error)
{
	g_autoptr(HttpStep) step = g_new0(HttpStep, 1);
	g_autoptr(GKeyFile) parser = g_key_file_new();
	g_auto(GStrv) parts = NULL;

	/* Its own escapes: \; is no end of a directive. */
	g_key_file_set_value(parser, "step", "step", text);
	parts = g_key_file_get_string_list(parser, "step", "step", NULL, NULL);
	step->directives = g_ptr_array_new_with_free_func(directive_free);
	if (!parts || !parts[0]) {
		odr_fail(error, ODR_ERROR_USAGE, "a step is METHOD PATH; directive; …");
		return NULL;
	}
	if (!parse_request(step, g_strstrip(parts[0]), known, error))
		return NULL;
	for (char **part = parts + 1; *part; part++)
		if (*g_strstrip(*part) && !add_directive(step, *part, known, error))
			return NULL;
	return check_whole(step, error) ? g_steal_pointer(&step) : NULL;
}
