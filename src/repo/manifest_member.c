#include "repo/manifest_member.h"

#include "base/bytes.h"
#include "base/error.h"

#include <string.h>

void member_set_hex(json_t *object, const char *name, const void *data, size_t size)
{
	g_autofree char *hex = hex_encode(data, size);

	json_set_string(object, name, hex);
}

void member_set_lsn(json_t *object, const char *name, lsn_t lsn)
{
	char text[LSN_FORMAT_SIZE];

	json_set_string(object, name, lsn_format(lsn, text));
}

bool member_int(json_t *object, const char *what, const char *name, int64_t least, int64_t most,
		int64_t *value, GError **error)
{
	int64_t found;

	if (!json_int_member(object, what, name, &found, error))
		return false;
	if (found < least || found > most)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"%s: \"%s\" is %" G_GINT64_FORMAT ", which is out of range", what,
				name, found);
	*value = found;
	return true;
}

bool member_time(json_t *object, const char *what, const char *name, usec_t *value, GError **error)
{
	return member_int(object, what, name, 0, INT64_MAX, value, error);
}

bool member_count(json_t *object, const char *what, const char *name, uint64_t *value,
		  GError **error)
{
	int64_t found = 0;

	if (!member_int(object, what, name, 0, INT64_MAX, &found, error))
		return false;
	*value = found;
	return true;
}

bool member_hex(json_t *object, const char *what, const char *name, uint8_t *data, size_t size,
		GError **error)
{
	const char *text;

	if (!json_string_member(object, what, name, &text, error))
		return false;
	if (!hex_decode(text, data, size))
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s: \"%s\" is not %zu hex digits", what,
				name, 2 * size);
	return true;
}

bool member_lsn(json_t *object, const char *what, const char *name, lsn_t *lsn, GError **error)
{
	const char *text;

	if (!json_string_member(object, what, name, &text, error))
		return false;
	if (!lsn_parse(text, lsn, NULL))
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s: \"%s\" is not a position in WAL",
				what, name);
	return true;
}

static char *text_from_hex(const char *hex)
{
	size_t length = strlen(hex);
	g_autofree char *text = NULL;

	if (length % 2 != 0)
		return NULL;
	text = g_malloc0(length / 2 + 1);
	if (!hex_decode(hex, text, length / 2) || strlen(text) != length / 2)
		return NULL;
	return g_steal_pointer(&text);
}

bool member_text(json_t *object, const char *what, const char *name, char **value, GError **error)
{
	g_autofree char *hex_name = g_strconcat(name, "_hex", NULL);
	g_autofree char *decoded = NULL;
	const char *text = NULL, *hex = NULL;

	if (!json_string_optional(object, what, name, &text, error) ||
	    !json_string_optional(object, what, hex_name, &hex, error))
		return false;
	if (hex && (text || !(decoded = text_from_hex(hex))))
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s: \"%s\" is not text in hex", what,
				hex_name);
	g_free(*value);
	*value = hex ? g_steal_pointer(&decoded) : g_strdup(text);
	return true;
}

bool member_document(const char *text, size_t size, const char *what, json_t **object,
		     GError **error)
{
	if (!json_parse(text, size, what, object, error))
		return false;
	if (!json_is_object(*object))
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s is not an object", what);
	return true;
}
