#include "odoo/module.h"

#include <stdbool.h>
#include <string.h>

/* ---- Python's literals, as far as a manifest has them ---------------------------------------------- */

enum token { TOKEN_END, TOKEN_TEXT, TOKEN_SIGN };

struct scan {
	const char *at;
	enum token token;
	char sign;     /* TOKEN_SIGN */
	GString *text; /* TOKEN_TEXT */
};

/* Behind a string that begins with count quotes; escapes are kept but for the quote and the backslash. */
static const char *take_text(const char *at, size_t count, GString *text)
{
	char quote = *at;
	char end[4] = {quote, count == 3 ? quote : '\0', count == 3 ? quote : '\0', '\0'};

	for (at += count; *at; at++) {
		if (strncmp(at, end, strlen(end)) == 0)
			return at + strlen(end);
		if (count == 1 && *at == '\n')
			return at;
		if (at[0] == '\\' && (at[1] == quote || at[1] == '\\'))
			at++;
		g_string_append_c(text, *at);
	}
	return at;
}

static void next(struct scan *scan)
{
	const char *at = scan->at;

	while (*at && (g_ascii_isspace(*at) || *at == '#'))
		at += *at == '#' ? strcspn(at, "\n") : 1;
	g_string_truncate(scan->text, 0);
	if (!*at) {
		scan->token = TOKEN_END;
	} else if (*at == '"' || *at == '\'') {
		bool long_one = at[1] == at[0] && at[2] == at[0];

		scan->token = TOKEN_TEXT;
		at = take_text(at, long_one ? 3 : 1, scan->text);
	} else {
		scan->token = TOKEN_SIGN;
		scan->sign = *at++;
	}
	scan->at = at;
}

static bool is_sign(const struct scan *scan, char sign)
{
	return scan->token == TOKEN_SIGN && scan->sign == sign;
}

/* 'version': '…' of the outermost braces. */
static bool find_version(struct scan *scan)
{
	unsigned depth = 0;
	bool key = false; /* what follows is one */

	for (next(scan); scan->token != TOKEN_END; next(scan)) {
		if (scan->token == TOKEN_TEXT) {
			bool version = key && depth == 1 && strcmp(scan->text->str, "version") == 0;

			key = false;
			if (!version)
				continue;
			next(scan);
			if (!is_sign(scan, ':'))
				continue;
			next(scan);
			return scan->token == TOKEN_TEXT;
		}
		if (strchr("{[(", scan->sign))
			depth++;
		else if (strchr("}])", scan->sign) && depth > 0)
			depth--;
		key = scan->sign == '{' || scan->sign == ',';
	}
	return false;
}

char *odoo_manifest_version(const char *text)
{
	struct scan scan = {.at = text, .text = g_string_new(NULL)};
	bool found = find_version(&scan);

	return g_string_free(scan.text, !found);
}

/* ---- versions ------------------------------------------------------------------------------------ */

#define UNSAID "1.0" /* of a manifest without one */

char *odoo_module_version(const char *series, const char *version)
{
	g_autofree char *prefix = g_strconcat(series, ".", NULL);

	version = version ? version : UNSAID;
	return strcmp(version, series) != 0 && g_str_has_prefix(version, prefix)
		       ? g_strdup(version)
		       : g_strconcat(prefix, version, NULL);
}

int odoo_version_compare(const char *a, const char *b)
{
	g_auto(GStrv) left = g_strsplit(a, ".", -1), right = g_strsplit(b, ".", -1);
	guint i = 0;

	for (; left[i] && right[i]; i++) {
		guint64 x, y;
		bool numbers = g_ascii_string_to_unsigned(left[i], 10, 0, G_MAXUINT64, &x, NULL) &&
			       g_ascii_string_to_unsigned(right[i], 10, 0, G_MAXUINT64, &y, NULL);
		int order = numbers ? (x > y) - (x < y) : strcmp(left[i], right[i]);

		if (order != 0)
			return order;
	}
	return (left[i] != NULL) - (right[i] != NULL);
}
