#include "drill/check/http_text.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

#define EXCERPT_MAX ((size_t)200)

/* ---- one value ----------------------------------------------------------------------------------- */

static bool add_header(GString *out, const char *value, GError **error)
{
	for (const char *at = value; *at; at++)
		if (g_ascii_iscntrl(*at))
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"it has a control character, which no header can have");
	g_string_append(out, value);
	return true;
}

static void add_json_string(GString *out, const char *value)
{
	for (const char *at = value; *at; at++) {
		if (*at == '"' || *at == '\\')
			g_string_append_c(out, '\\');
		if (g_ascii_iscntrl(*at))
			g_string_append_printf(out, "\\u%04x", (guchar)*at);
		else
			g_string_append_c(out, *at);
	}
}

static bool is_json_word(const char *value)
{
	size_t digits = strspn(value, "-0123456789.eE+");
	char *end;

	if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0 || strcmp(value, "null") == 0)
		return true;
	if (!*value || value[digits] || !(g_ascii_isdigit(*value) || *value == '-') ||
	    (value[0] == '0' && g_ascii_isdigit(value[1])))
		return false;
	return isfinite(g_ascii_strtod(value, &end)) && !*end;
}

static bool add_json(GString *out, const char *value, bool quoted, GError **error)
{
	if (quoted)
		add_json_string(out, value);
	else if (is_json_word(value))
		g_string_append(out, value);
	else
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"it is no number, and stands outside of quotes");
	return true;
}

static bool add_value(GString *out, const char *value, enum http_place place, bool quoted,
		      GError **error)
{
	g_autofree char *encoded = NULL;

	switch (place) {
	case HTTP_PLACE_JSON:
		return add_json(out, value, quoted, error);
	case HTTP_PLACE_HEADER:
		return add_header(out, value, error);
	case HTTP_PLACE_PATH:
		encoded = g_uri_escape_string(value, NULL, FALSE);
		g_string_append(out, encoded);
		return true;
	case HTTP_PLACE_TEXT:
		break;
	}
	g_string_append(out, value);
	return true;
}

/* ---- texts --------------------------------------------------------------------------------------- */

/* Takes ${name} at *at, and goes behind it. */
static bool take_variable(GString *out, const char **at, enum http_place place, bool quoted,
			  GHashTable *values, GError **error)
{
	const char *begin = *at + strlen("${"), *end = strchr(begin, '}');
	g_autofree char *name = end ? g_strndup(begin, (gsize)(end - begin)) : NULL;
	const char *value = name ? g_hash_table_lookup(values, name) : NULL;

	if (!value)
		return odr_fail(error, ODR_ERROR_USAGE, "${%s} has no value here",
				name ? name : begin);
	if (!add_value(out, value, place, quoted, error))
		return odr_context(error, "${%s} cannot stand here", name);
	*at = end + 1;
	return true;
}

char *http_text_expand(const char *text, enum http_place place, GHashTable *values, GError **error)
{
	g_autoptr(GString) out = g_string_new(NULL);
	bool quoted = false;
	const char *at = text;

	while (*at) {
		if (at[0] == '$' && at[1] == '{') {
			if (!take_variable(out, &at, place, quoted, values, error))
				return NULL;
			continue;
		}
		if (quoted && at[0] == '\\' && at[1])
			g_string_append_c(out, *at++);
		else if (*at == '"')
			quoted = !quoted;
		g_string_append_c(out, *at++);
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static void add_encoded(GString *out, const char *text)
{
	g_autofree char *encoded = g_uri_escape_string(text, NULL, FALSE);

	g_string_append(out, encoded);
}

char *http_text_form(const char *text, GHashTable *values, GError **error)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (unsigned number = 1; lines[number - 1]; number++) {
		char *line = g_strchomp(lines[number - 1]);
		char *sign = strchr(line, '=');

		if (!*line)
			continue;
		if (!sign) {
			odr_fail(error, ODR_ERROR_USAGE, "line %u is no NAME=VALUE", number);
			return NULL;
		}
		g_autofree char *name = g_strndup(line, (gsize)(sign - line));
		g_autofree char *value = http_text_expand(sign + 1, HTTP_PLACE_TEXT, values, error);

		if (!value)
			return NULL;
		if (out->len > 0)
			g_string_append_c(out, '&');
		add_encoded(out, name);
		g_string_append_c(out, '=');
		add_encoded(out, value);
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

/* ---- what people read ---------------------------------------------------------------------------- */

char *http_text_redact(const char *text, const char *secret)
{
	g_auto(GStrv) parts = NULL;

	if (!secret || !*secret)
		return g_strdup(text);
	parts = g_strsplit(text, secret, -1);
	return g_strjoinv("***", parts);
}

char *http_text_excerpt(const char *text, size_t size)
{
	g_autofree char *valid = g_utf8_make_valid(text, (gssize)MIN(size, EXCERPT_MAX));

	for (char *at = valid; *at; at++)
		if (g_ascii_iscntrl(*at))
			*at = ' ';
	return g_strconcat(valid, size > EXCERPT_MAX ? "…" : "", NULL);
}
