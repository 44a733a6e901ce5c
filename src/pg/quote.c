#include "pg/quote.h"

#include <glib.h>
#include <string.h>

static void append_doubled(GString *sql, const char *text, const char *doubled)
{
	for (; *text; text++) {
		if (strchr(doubled, *text))
			g_string_append_c(sql, *text);
		g_string_append_c(sql, *text);
	}
}

char *sql_identifier(const char *name)
{
	GString *sql = g_string_new("\"");

	append_doubled(sql, name, "\"");
	g_string_append_c(sql, '"');
	return g_string_free(sql, FALSE);
}

char *sql_literal(const char *text)
{
	GString *sql = g_string_new(strchr(text, '\\') ? "E'" : "'");

	append_doubled(sql, text, "'\\");
	g_string_append_c(sql, '\'');
	return g_string_free(sql, FALSE);
}
