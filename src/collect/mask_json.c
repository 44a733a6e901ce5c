/* Secret values in JSON documents. */
#include "collect/mask.h"

#include <string.h>

static unsigned mask_member(const struct mask *mask, json_t *object, const char *name,
			    json_t *value, bool secret);

static json_t *masked_scalar(const struct mask *mask, const json_t *value)
{
	g_autofree char *text =
		json_is_string(value) ? g_strdup(json_string_value(value)) : json_print(value);
	g_autofree char *masked = mask_value(mask, text, strlen(text));

	return json_string(masked);
}

/* {"name": "DB_PASSWORD", "value": "…"} */
static bool names_secret(const struct mask *mask, json_t *object)
{
	const char *name = json_string_value(json_object_get(object, "name"));

	return name && json_object_get(object, "value") && mask_is_secret_name(mask, name);
}

static unsigned mask_object(const struct mask *mask, json_t *object, bool secret)
{
	bool named = names_secret(mask, object);
	unsigned count = 0;
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(object, next, name, value)
	{
		bool hidden = secret || (named && strcmp(name, "value") == 0);

		count += mask_member(mask, object, name, value, hidden);
	}
	return count;
}

/* Texts within a value that is not secret by its name. */
static char *mask_inside(const struct mask *mask, const char *text, unsigned *count)
{
	return strchr(text, '\n') || strchr(text, '=') || strchr(text, ':')
		       ? mask_text(mask, text, strlen(text), count)
		       : mask_forms(mask, text, strlen(text), count);
}

static json_t *masked_text(const struct mask *mask, const json_t *value, unsigned *count)
{
	g_autofree char *text = mask_inside(mask, json_string_value(value), count);

	return text ? json_string(text) : NULL;
}

static unsigned mask_array(const struct mask *mask, json_t *array, bool secret)
{
	unsigned count = 0;
	json_t *value;
	size_t i;

	json_array_foreach(array, i, value)
	{
		json_t *masked = NULL;
		unsigned found = 0;

		if (json_is_object(value)) {
			found = mask_object(mask, value, secret);
		} else if (json_is_array(value)) {
			found = mask_array(mask, value, secret);
		} else if (secret && !json_is_null(value) && !json_is_boolean(value)) {
			masked = masked_scalar(mask, value);
			found = 1;
		} else if (json_is_string(value)) {
			masked = masked_text(mask, value, &found);
		}
		if (masked)
			json_array_set_new(array, i, masked);
		count += found;
	}
	return count;
}

static unsigned mask_member(const struct mask *mask, json_t *object, const char *name,
			    json_t *value, bool secret)
{
	bool hidden = secret || mask_is_secret_name(mask, name);
	json_t *masked = NULL;
	unsigned count = 0;

	if (json_is_object(value))
		return mask_object(mask, value, hidden);
	if (json_is_array(value))
		return mask_array(mask, value, hidden);
	if (json_is_null(value) || json_is_boolean(value))
		return 0;
	if (hidden) {
		g_autofree char *text = json_is_string(value) ? g_strdup(json_string_value(value))
							      : json_print(value);

		if (mask_is_plain_value(name, text, strlen(text)))
			return 0;
		masked = masked_scalar(mask, value);
		count = 1;
	} else if (json_is_string(value)) {
		masked = masked_text(mask, value, &count);
	}
	if (masked)
		json_object_set_new(object, name, masked);
	return count;
}

unsigned mask_json(const struct mask *mask, json_t *value)
{
	if (json_is_object(value))
		return mask_object(mask, value, false);
	return json_is_array(value) ? mask_array(mask, value, false) : 0;
}
