#include "base/text.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

/* What moves the cursor, or the order in which text is shown. */
static bool is_harmful(gunichar character)
{
	GUnicodeType type = g_unichar_type(character);

	return type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT ||
	       type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_PARAGRAPH_SEPARATOR ||
	       type == G_UNICODE_SURROGATE;
}

char *text_escape(const char *text)
{
	GString *escaped = g_string_new(NULL);

	while (*text) {
		gunichar character = g_utf8_get_char_validated(text, -1);

		if (character == (gunichar)-1 || character == (gunichar)-2) {
			g_string_append_printf(escaped, "\\x%02x", (unsigned char)*text++);
			continue;
		}
		if (is_harmful(character))
			g_string_append_printf(escaped, character < 0x80 ? "\\x%02x" : "\\u{%x}",
					       (unsigned)character);
		else
			g_string_append_unichar(escaped, character);
		text = g_utf8_next_char(text);
	}
	return g_string_free(escaped, FALSE);
}

int text_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}
