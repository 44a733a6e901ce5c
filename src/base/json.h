#ifndef ODR_BASE_JSON_H
#define ODR_BASE_JSON_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * jansson with our errors. Readers get a member of the wanted type or fail with a message that
 * names `what` and the member. Optional members: the _optional forms leave *value untouched when the
 * member is absent or null.
 */
typedef json_t JsonValue;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JsonValue, json_decref)

/* Rejects duplicates, depth beyond jansson's limit, trailing text. New reference. */
bool json_parse(const char *text, size_t size, const char *what, json_t **value, GError **error);
/* Compact, keys sorted: the same document has the same bytes. g_free. */
char *json_print(const json_t *value);
char *json_print_pretty(const json_t *value);

/* Strings, arrays and objects found are owned by the object. */
bool json_string_member(json_t *object, const char *what, const char *name, const char **value,
			GError **error);
bool json_int_member(json_t *object, const char *what, const char *name, int64_t *value,
		     GError **error);
bool json_bool_member(json_t *object, const char *what, const char *name, bool *value,
		      GError **error);
bool json_array_member(json_t *object, const char *what, const char *name, json_t **value,
		       GError **error);
bool json_object_member(json_t *object, const char *what, const char *name, json_t **value,
			GError **error);
bool json_string_optional(json_t *object, const char *what, const char *name, const char **value,
			  GError **error);
bool json_int_optional(json_t *object, const char *what, const char *name, int64_t *value,
		       GError **error);

/* Set members; a NULL string or a negative time becomes null. Text that is not UTF-8 is replaced
 * by its hex form under the key name + "_hex". */
void json_set_string(json_t *object, const char *name, const char *value);
void json_set_int(json_t *object, const char *name, int64_t value);
void json_set_bool(json_t *object, const char *name, bool value);
void json_set_time(json_t *object, const char *name, int64_t time_us); /* RFC 3339 */
/* Not known where it is negative: null. */
void json_set_known(json_t *object, const char *name, int64_t value);
/* … or 0: of a time. */
void json_set_known_time(json_t *object, const char *name, int64_t time_us);
void json_set(json_t *object, const char *name, json_t *value); /* takes the reference */
/* An array of them; NULL: an empty one. */
json_t *json_strings(const GPtrArray *texts);

#endif
