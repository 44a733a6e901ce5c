#include "drill/report/escape.h"

#include "base/text.h"

#include <stdbool.h>
#include <string.h>

/* Lines and tabulators are harmless, all other control characters become visible. */
static char *visible(const char *text, const char *newline)
{
	g_autoptr(GString) all = g_string_new(NULL);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++) {
		g_auto(GStrv) fields = g_strsplit(*line, "\t", -1);

		if (line > lines)
			g_string_append(all, newline);
		for (char **field = fields; *field; field++) {
			size_t length = strlen(*field);

			if (field > fields)
				g_string_append_c(all, ' ');
			if (!field[1] && length > 0 && (*field)[length - 1] == '\r')
				(*field)[length - 1] = '\0';

			g_autofree char *safe = text_escape(*field);

			g_string_append(all, safe);
		}
	}
	return g_string_free(g_steal_pointer(&all), FALSE);
}

void escape_xml(GString *out, const char *text)
{
	g_autofree char *safe = visible(text, "\n");

	for (const char *at = safe; *at; at++) {
		switch (*at) {
		case '&':
			g_string_append(out, "&amp;");
			break;
		case '<':
			g_string_append(out, "&lt;");
			break;
		case '>':
			g_string_append(out, "&gt;");
			break;
		case '"':
			g_string_append(out, "&quot;");
			break;
		case '\'':
			g_string_append(out, "&#39;");
			break;
		default:
			g_string_append_c(out, *at);
		}
	}
}

/* "1." and "1)" at the start of a line begin a list. */
static bool begins_list(const char *start, const char *at)
{
	if ((*at != '.' && *at != ')') || (at[1] && at[1] != ' '))
		return false;
	while (start < at && g_ascii_isdigit(*start))
		start++;
	return start == at;
}

void escape_markdown(GString *out, const char *text)
{
	g_autofree char *safe = visible(text, " ");

	for (const char *at = safe; *at; at++) {
		bool first = at == safe;

		if (*at == '&')
			g_string_append(out, "&amp;");
		else if (*at == '<')
			g_string_append(out, "&lt;");
		else if (*at == '>')
			g_string_append(out, "&gt;");
		else if (strchr("\\`*_{}[]#|~!@$", *at) || (first && strchr("-+=", *at)) ||
			 (!first && begins_list(safe, at)) || g_str_has_prefix(at, "://") ||
			 (*at == '.' && at - safe >= 3 &&
			  g_ascii_strncasecmp(at - 3, "www", 3) == 0))
			g_string_append_printf(out, "\\%c", *at);
		else
			g_string_append_c(out, *at);
	}
}

/* The fence is longer than any run of backticks inside. */
void escape_code(GString *out, const char *text)
{
	g_autofree char *safe = visible(text, " ");
	g_autofree char *fence = NULL;
	size_t longest = 0, run = 0;
	bool padded = safe[0] == '`' || g_str_has_suffix(safe, "`");

	for (const char *at = safe; *at; at++) {
		run = *at == '`' ? run + 1 : 0;
		longest = MAX(longest, run);
	}
	fence = g_strnfill(longest + 1, '`');
	g_string_append_printf(out, "%s%s", fence, padded ? " " : "");
	/* A table is cut at its pipes before code is looked for. */
	for (const char *at = safe; *at; at++)
		g_string_append_printf(out, *at == '|' ? "\\%c" : "%c", *at);
	g_string_append_printf(out, "%s%s", padded ? " " : "", fence);
}

void escape_csv(GString *out, const char *text)
{
	g_autofree char *safe = visible(text, "\n");
	bool formula = safe[0] && strchr("=+-@", safe[0]);
	bool quoted = strpbrk(safe, "\",\r\n") || safe[0] == ' ' || g_str_has_suffix(safe, " ");

	g_string_append_printf(out, "%s%s", quoted ? "\"" : "", formula ? "'" : "");
	for (const char *at = safe; *at; at++)
		g_string_append(out, *at == '"'	   ? "\"\""
				     : *at == '\n' ? "\r\n"
						   : (const char[]){*at, '\0'});
	if (quoted)
		g_string_append_c(out, '"');
}
