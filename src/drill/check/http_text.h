#ifndef ODR_DRILL_CHECK_HTTP_TEXT_H
#define ODR_DRILL_CHECK_HTTP_TEXT_H

#include <glib.h>
#include <stdbool.h>

/*
 * What a step of a check sends: texts of the plan in which ${name} stands for a value, which comes from the drill or was
 * captured from an answer, and so is hostile: wherever it stands, it stays one value. Pure.
 */
enum http_place {
	HTTP_PLACE_TEXT,   /* an operand: as it is */
	HTTP_PLACE_PATH,   /* percent-encoded */
	HTTP_PLACE_HEADER, /* refused if it has control characters */
	HTTP_PLACE_JSON, /* within quotes a part of that string; elsewhere a number, true, false or null */
};
/* values: name → value, both char *. USAGE for a name that has none, CORRUPT for a value that cannot stand there. g_free. */
char *http_text_expand(const char *text, enum http_place place, GHashTable *values, GError **error);
/* Lines NAME=VALUE, as application/x-www-form-urlencoded; g_free. */
char *http_text_form(const char *text, GHashTable *values, GError **error);

/* The text without a secret, where that is in it; g_free. */
char *http_text_redact(const char *text, const char *secret);
/* As much of it as people read, valid and in one line; g_free. */
char *http_text_excerpt(const char *text, size_t size);

#endif
