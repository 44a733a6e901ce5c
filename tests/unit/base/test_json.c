#include "base/json.h"

#include "base/error.h"

#include <string.h>

static json_t *parse(const char *text)
{
	g_autoptr(GError) error = NULL;
	json_t *value = NULL;

	g_assert_true(json_parse(text, strlen(text), "the test", &value, &error));
	g_assert_no_error(error);
	return value;
}

static void test_parse(void)
{
	static const char *const wrong[] = {
		"", "{", "{} x", "{\"a\":1,\"a\":2}", "{\"a\":\"\xff\"}", "{'a':1}", "[1e999]",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) error = NULL;
		json_t *value = NULL;

		g_assert_false(json_parse(wrong[i], strlen(wrong[i]), "layer 7", &value, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
		g_assert_true(g_str_has_prefix(error->message, "layer 7 is not JSON: "));
		g_assert_null(value);
	}
}

static void test_depth(void)
{
	g_autofree char *deep = g_strnfill(100000, '[');
	g_autoptr(GError) error = NULL;
	json_t *value = NULL;

	g_assert_false(json_parse(deep, 100000, "it", &value, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
}

static void test_print(void)
{
	g_autoptr(JsonValue) value =
		parse("{\"b\": [1, true, null], \"a\" : {\"d\":1,\"c\":\"\\u00e9\"}}");
	g_autofree char *text = json_print(value);
	g_autofree char *pretty = json_print_pretty(value);
	g_autoptr(JsonValue) again = parse(pretty);

	g_assert_cmpstr(text, ==, "{\"a\":{\"c\":\"é\",\"d\":1},\"b\":[1,true,null]}");
	g_assert_true(json_equal(value, again));
}

static void test_members(void)
{
	g_autoptr(JsonValue) value =
		parse("{\"s\":\"x\",\"i\":-5,\"b\":true,\"a\":[],\"o\":{},\"n\":null}");
	const char *string = NULL;
	int64_t integer = 0;
	bool boolean = false;
	json_t *array = NULL, *object = NULL;

	g_assert_true(json_string_member(value, "it", "s", &string, NULL));
	g_assert_cmpstr(string, ==, "x");
	g_assert_true(json_int_member(value, "it", "i", &integer, NULL));
	g_assert_cmpint(integer, ==, -5);
	g_assert_true(json_bool_member(value, "it", "b", &boolean, NULL));
	g_assert_true(boolean);
	g_assert_true(json_array_member(value, "it", "a", &array, NULL));
	g_assert_true(json_is_array(array));
	g_assert_true(json_object_member(value, "it", "o", &object, NULL));
	g_assert_true(json_is_object(object));
	g_assert_true(json_string_optional(value, "it", "n", &string, NULL));
	g_assert_true(json_string_optional(value, "it", "none", &string, NULL));
	g_assert_cmpstr(string, ==, "x");
	g_assert_true(json_int_optional(value, "it", "none", &integer, NULL));
	g_assert_cmpint(integer, ==, -5);
}

static void assert_wrong(bool result, GError **error, const char *message)
{
	g_assert_false(result);
	g_assert_error(*error, ODR_ERROR, ODR_ERROR_CORRUPT);
	g_assert_cmpstr((*error)->message, ==, message);
	g_clear_error(error);
}

static void test_wrong_members(void)
{
	g_autoptr(JsonValue) value = parse("{\"s\":\"x\",\"i\":1}");
	GError *error = NULL;
	const char *string;
	int64_t integer;
	bool boolean;
	json_t *inner;

	assert_wrong(json_string_member(value, "set 1", "i", &string, &error), &error,
		     "set 1: member 'i' is missing or not a string");
	assert_wrong(json_int_member(value, "set 1", "s", &integer, &error), &error,
		     "set 1: member 's' is missing or not an integer");
	assert_wrong(json_bool_member(value, "set 1", "s", &boolean, &error), &error,
		     "set 1: member 's' is missing or not true or false");
	assert_wrong(json_array_member(value, "set 1", "s", &inner, &error), &error,
		     "set 1: member 's' is missing or not an array");
	assert_wrong(json_object_member(value, "set 1", "none", &inner, &error), &error,
		     "set 1: member 'none' is missing or not an object");
	assert_wrong(json_string_optional(value, "set 1", "i", &string, &error), &error,
		     "set 1: member 'i' is missing or not a string");
	assert_wrong(json_int_optional(value, "set 1", "s", &integer, &error), &error,
		     "set 1: member 's' is missing or not an integer");
}

static void test_set(void)
{
	g_autoptr(JsonValue) object = json_object();
	g_autofree char *text = NULL;

	json_set_string(object, "null", NULL);
	json_set_string(object, "text", "é");
	json_set_string(object, "name", "a\xff");
	json_set_int(object, "int", INT64_MIN);
	json_set_bool(object, "bool", true);
	json_set_time(object, "epoch", 0);
	json_set_time(object, "never", -1);
	json_set(object, "array", json_array());
	text = json_print(object);
	g_assert_cmpstr(text, ==,
			"{\"array\":[],\"bool\":true,\"epoch\":\"1970-01-01T00:00:00Z\","
			"\"int\":-9223372036854775808,\"name_hex\":\"61ff\",\"never\":null,"
			"\"null\":null,\"text\":\"é\"}");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/json/parse/refuses-what-is-not-exactly-one-document", test_parse);
	g_test_add_func("/json/parse/refuses-depth-without-end", test_depth);
	g_test_add_func("/json/print/gives-one-document-the-same-bytes", test_print);
	g_test_add_func("/json/member/is-of-the-wanted-type", test_members);
	g_test_add_func("/json/member/names-what-is-missing-or-wrong", test_wrong_members);
	g_test_add_func("/json/set/writes-null-hex-and-times", test_set);
	return g_test_run();
}
