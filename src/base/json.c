#include "base/json.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

bool json_parse(const char *text, size_t size, const char *what, json_t **value, GError **error)
{
	json_error_t trouble;
	json_t *parsed = json_loadb(text, size, JSON_REJECT_DUPLICATES, &trouble);

	if (!parsed)
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s is not JSON: %s (line %d, column %d)",
				what, trouble.text, trouble.line, trouble.column);
	*value = parsed;
	return true;
}

static char *print(const json_t *value, size_t flags)
{
	char *text = json_dumps(value, flags | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	char *copy = g_strdup(text);

	free(text);
	return copy;
}

char *json_print(const json_t *value)
{
	return print(value, JSON_COMPACT);
}

char *json_print_pretty(const json_t *value)
{
	return print(value, JSON_INDENT(2));
}

static bool wrong(const char *what, const char *name, const char *type, GError **error)
{
	return odr_fail(error, ODR_ERROR_CORRUPT, "%s: member '%s' is missing or not %s", what,
			name, type);
}

bool json_string_member(json_t *object, const char *what, const char *name, const char **value,
			GError **error)
{
	json_t *member = json_object_get(object, name);

	if (!json_is_string(member) ||
	    strlen(json_string_value(member)) != json_string_length(member))
		return wrong(what, name, "a string", error);
	*value = json_string_value(member);
	return true;
}

bool json_int_member(json_t *object, const char *what, const char *name, int64_t *value,
		     GError **error)
{
	json_t *member = json_object_get(object, name);

	if (!json_is_integer(member))
		return wrong(what, name, "an integer", error);
	*value = json_integer_value(member);
	return true;
}

bool json_bool_member(json_t *object, const char *what, const char *name, bool *value,
		      GError **error)
{
	json_t *member = json_object_get(object, name);

	if (!json_is_boolean(member))
		return wrong(what, name, "true or false", error);
	*value = json_is_true(member);
	return true;
}

bool json_array_member(json_t *object, const char *what, const char *name, json_t **value,
		       GError **error)
{
	json_t *member = json_object_get(object, name);

	if (!json_is_array(member))
		return wrong(what, name, "an array", error);
	*value = member;
	return true;
}

bool json_object_member(json_t *object, const char *what, const char *name, json_t **value,
			GError **error)
{
	json_t *member = json_object_get(object, name);

	if (!json_is_object(member))
		return wrong(what, name, "an object", error);
	*value = member;
	return true;
}

static bool is_absent(json_t *object, const char *name)
{
	json_t *member = json_object_get(object, name);

	return !member || json_is_null(member);
}

bool json_string_optional(json_t *object, const char *what, const char *name, const char **value,
			  GError **error)
{
	return is_absent(object, name) || json_string_member(object, what, name, value, error);
}

bool json_int_optional(json_t *object, const char *what, const char *name, int64_t *value,
		       GError **error)
{
	return is_absent(object, name) || json_int_member(object, what, name, value, error);
}

void json_set(json_t *object, const char *name, json_t *value)
{
	json_object_set_new(object, name, value);
}

void json_set_string(json_t *object, const char *name, const char *value)
{
	if (!value) {
		json_set(object, name, json_null());
	} else if (g_utf8_validate(value, -1, NULL)) {
		json_set(object, name, json_string(value));
	} else {
		g_autofree char *hex_name = g_strconcat(name, "_hex", NULL);
		g_autofree char *hex = hex_encode(value, strlen(value));

		json_set(object, hex_name, json_string(hex));
	}
}

void json_set_int(json_t *object, const char *name, int64_t value)
{
	json_set(object, name, json_integer(value));
}

void json_set_bool(json_t *object, const char *name, bool value)
{
	json_set(object, name, json_boolean(value));
}

void json_set_known(json_t *object, const char *name, int64_t value)
{
	json_set(object, name, value < 0 ? json_null() : json_integer(value));
}

void json_set_known_time(json_t *object, const char *name, int64_t time_us)
{
	json_set_time(object, name, time_us > 0 ? time_us : -1);
}

json_t *json_strings(const GPtrArray *texts)
{
	json_t *array = json_array();

	for (guint i = 0; texts && i < texts->len; i++)
		json_array_append_new(array, json_string(texts->pdata[i]));
	return array;
}

void json_set_time(json_t *object, const char *name, int64_t time_us)
{
	g_autofree char *text = time_us < 0 ? NULL : clock_format(time_us);

	json_set_string(object, name, text);
}
