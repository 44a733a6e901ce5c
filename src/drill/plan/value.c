#include "base/error.h"
#include "base/suggest.h"
#include "drill/plan/reading.h"

#include <stdarg.h>
#include <string.h>

bool plan_fail(const struct plan_reading *reading, const char *group, const char *key,
	       GError **error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	return keyfile_fail(reading->keyfile, keyfile_line(reading->keyfile, group, key), error,
			    "%s", message);
}

bool plan_fail_with(const struct plan_reading *reading, const char *group, const char *key,
		    GError *cause, GError **error)
{
	return plan_fail(reading, group, key, error, "%s: %s", key, cause->message);
}

char **plan_value_items(const char *text)
{
	g_autoptr(GKeyFile) parser = g_key_file_new();
	g_autoptr(GPtrArray) items = g_ptr_array_new();
	g_auto(GStrv) parts = NULL;

	/* \; is no end of an item. */
	g_key_file_set_value(parser, "list", "list", text);
	parts = g_key_file_get_string_list(parser, "list", "list", NULL, NULL);
	for (char **part = parts; part && *part; part++)
		if (*g_strstrip(*part))
			g_ptr_array_add(items, g_strdup(*part));
	g_ptr_array_add(items, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&items), false);
}

static bool fail(const struct plan_place *place, GError **error, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static bool fail(const struct plan_place *place, GError **error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	return keyfile_fail(place->reading->keyfile, place->line, error, "%s", message);
}

static void *at(const struct plan_place *place)
{
	return (char *)place->target + place->key->offset;
}

static void set_text(const struct plan_place *place, char *text)
{
	char **where = at(place);

	g_free(*where);
	*where = text;
}

static void set_list(const struct plan_place *place, char **list)
{
	char ***where = at(place);

	g_strfreev(*where);
	*where = list;
}

static bool store_path(const struct plan_place *place, const char *text, GError **error)
{
	if (!g_path_is_absolute(text))
		return fail(place, error, "%s is an absolute path, not '%s'; begin it with '/'",
			    place->key->name, text);
	set_text(place, g_strdup(text));
	return true;
}

static bool store_choice(const struct plan_place *place, const char *text, GError **error)
{
	g_auto(GStrv) choices = g_strsplit(place->key->choices, ";", -1);

	for (int i = 0; choices[i]; i++) {
		if (strcmp(choices[i], text) == 0) {
			*(int *)at(place) = i;
			return true;
		}
	}

	g_autofree char *list = suggest_list((const char *const *)choices);
	g_autofree char *near = suggest_phrase(text, (const char *const *)choices);

	return *near ? fail(place, error, "%s cannot be '%s'%s", place->key->name, text, near)
		     : fail(place, error, "%s cannot be '%s'; there is %s", place->key->name, text,
			    list);
}

static bool store_bool(const struct plan_place *place, const char *text, GError **error)
{
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return fail(place, error, "%s is true or false, not '%s'", place->key->name, text);
	*(bool *)at(place) = strcmp(text, "true") == 0;
	return true;
}

static bool store_count(const struct plan_place *place, const char *text, GError **error)
{
	const struct plan_key *key = place->key;
	guint64 value;

	if (!g_ascii_string_to_unsigned(text, 10, (guint64)key->minimum, (guint64)key->maximum,
					&value, NULL)) {
		if (key->minimum == key->maximum)
			return fail(place, error, "%s is %" G_GINT64_FORMAT ", not '%s'", key->name,
				    key->minimum, text);
		return fail(place, error,
			    "%s is a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
			    ", not '%s'",
			    key->name, key->minimum, key->maximum, text);
	}
	*(unsigned *)at(place) = (unsigned)value;
	return true;
}

static bool store_duration(const struct plan_place *place, const char *text, GError **error)
{
	const struct plan_key *key = place->key;
	g_autoptr(GError) cause = NULL;
	usec_t value;

	if (!duration_parse(text, &value, &cause))
		return fail(place, error, "%s: %s", key->name, cause->message);
	if (value < key->minimum || value > key->maximum) {
		g_autofree char *minimum = duration_format(key->minimum);
		g_autofree char *maximum = duration_format(key->maximum);

		return fail(place, error, "%s is from %s to %s, not '%s'", key->name, minimum,
			    maximum, text);
	}
	*(usec_t *)at(place) = value;
	return true;
}

static bool store_size(const struct plan_place *place, const char *text, GError **error)
{
	const struct plan_key *key = place->key;
	g_autoptr(GError) cause = NULL;
	uint64_t value;

	if (!size_parse(text, &value, &cause))
		return fail(place, error, "%s: %s", key->name, cause->message);
	if (value < (uint64_t)key->minimum || value > (uint64_t)key->maximum) {
		g_autofree char *minimum = size_format((uint64_t)key->minimum);
		g_autofree char *maximum = size_format((uint64_t)key->maximum);

		return fail(place, error, "%s is from %s to %s, not '%s'", key->name, minimum,
			    maximum, text);
	}
	*(uint64_t *)at(place) = value;
	return true;
}

static bool store_regexes(const struct plan_place *place, const char *text, GError **error)
{
	g_auto(GStrv) items = plan_value_items(text);

	for (char **item = items; *item; item++) {
		g_autoptr(GError) cause = NULL;
		g_autoptr(GRegex) regex = g_regex_new(*item, 0, 0, &cause);

		if (!regex)
			return fail(place, error, "%s: '%s' is no regular expression: %s",
				    place->key->name, *item, cause->message);
	}
	set_list(place, g_steal_pointer(&items));
	return true;
}

static const char *suffix_of(const struct plan_key *key)
{
	return key->type == PLAN_SQL || key->type == PLAN_SQLS ? ".sql"
	       : key->type == PLAN_SCENARIO		       ? ".scenario"
							       : NULL;
}

static bool store_file(const struct plan_place *place, const char *text, GError **error)
{
	g_autoptr(GError) cause = NULL;
	char *name = plan_file_name(text, suffix_of(place->key), &cause);

	if (!name)
		return fail(place, error, "%s: %s", place->key->name, cause->message);
	set_text(place, name);
	return true;
}

static bool store_files(const struct plan_place *place, const char *text, GError **error)
{
	g_auto(GStrv) items = plan_value_items(text);
	g_autoptr(GError) cause = NULL;

	for (char **item = items; *item; item++) {
		char *name = plan_file_name(*item, ".sql", &cause);

		if (!name)
			return fail(place, error, "%s: %s", place->key->name, cause->message);
		g_free(*item);
		*item = name;
	}
	set_list(place, g_steal_pointer(&items));
	return true;
}

bool plan_value_store(const struct plan_place *place, const char *text, GError **error)
{
	switch (place->key->type) {
	case PLAN_TEXT:
		set_text(place, g_strdup(text));
		return true;
	case PLAN_LIST:
		set_list(place, plan_value_items(text));
		return true;
	case PLAN_PATH:
		return store_path(place, text, error);
	case PLAN_CHOICE:
		return store_choice(place, text, error);
	case PLAN_BOOL:
		return store_bool(place, text, error);
	case PLAN_COUNT:
		return store_count(place, text, error);
	case PLAN_DURATION:
		return store_duration(place, text, error);
	case PLAN_SIZE:
		return store_size(place, text, error);
	case PLAN_REGEXES:
		return store_regexes(place, text, error);
	case PLAN_SQLS:
		return store_files(place, text, error);
	case PLAN_FILE:
		if (strcmp(place->key->group, "odoo") == 0 && strcmp(text, "captured") == 0)
			return true;
		return store_file(place, text, error);
	case PLAN_SQL:
	case PLAN_SCENARIO:
		return store_file(place, text, error);
	case PLAN_STEPS: /* they are read together (meaning.c) */
		return true;
	}
	return true;
}
