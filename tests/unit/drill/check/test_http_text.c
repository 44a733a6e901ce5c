#include "drill/check/http_text.h"

#include "base/error.h"

static GHashTable *values_new(void)
{
	static const char *const pairs[][2] = {{"id", "7"},
					       {"name", "INV/2026 \"a\\b\""},
					       {"lines", "a\r\nX: y"},
					       {"none", ""},
					       {"list", "1], [2"},
					       {"nested", "${id}"}};
	GHashTable *values = g_hash_table_new(g_str_hash, g_str_equal);

	for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++)
		g_hash_table_insert(values, (void *)pairs[i][0], (void *)pairs[i][1]);
	return values;
}

static void test_expand(void)
{
	static const struct {
		enum http_place place;
		const char *text, *expected; /* or the message */
	} cases[] = {
		{HTTP_PLACE_TEXT, "", ""},
		{HTTP_PLACE_TEXT, "no $variable {here}", "no $variable {here}"},
		{HTTP_PLACE_TEXT, "${id}${id}", "77"},
		{HTTP_PLACE_TEXT, "${nested}", "${id}"},
		{HTTP_PLACE_TEXT, "${other}", "${other} has no value here"},
		{HTTP_PLACE_PATH, "/web/${id}?x=1", "/web/7?x=1"},
		{HTTP_PLACE_PATH, "/web/${name}", "/web/INV%2F2026%20%22a%5Cb%22"},
		{HTTP_PLACE_PATH, "/web/${lines}", "/web/a%0D%0AX%3A%20y"},
		{HTTP_PLACE_HEADER, "b ${id}", "b 7"},
		{HTTP_PLACE_HEADER, "${lines}",
		 "${lines} cannot stand here: it has a control character, which no header can "
		 "have"},
		{HTTP_PLACE_JSON, "{\"a\": \"${name}\"}", "{\"a\": \"INV/2026 \\\"a\\\\b\\\"\"}"},
		{HTTP_PLACE_JSON, "{\"a\\\"\": \"${lines}\"}",
		 "{\"a\\\"\": \"a\\u000d\\u000aX: y\"}"},
		{HTTP_PLACE_JSON, "[\"\", ${id}]", "[\"\", 7]"},
		{HTTP_PLACE_JSON, "[${list}]",
		 "${list} cannot stand here: it is no number, and stands outside of quotes"},
		{HTTP_PLACE_JSON, "[${none}]",
		 "${none} cannot stand here: it is no number, and stands outside of quotes"},
	};
	g_autoptr(GHashTable) values = values_new();

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *text =
			http_text_expand(cases[i].text, cases[i].place, values, &error);

		g_assert_cmpstr(text ? text : error->message, ==, cases[i].expected);
	}
}

/* As JSON has them, and nothing else. */
static void test_words(void)
{
	static const struct {
		const char *word;
		bool good;
	} cases[] = {{"0", true},    {"-1.5e+3", true}, {"true", true}, {"null", true},
		     {"01", false},  {"+1", false},	{"1e", false},	{"1-", false},
		     {"nan", false}, {"1e999", false},	{"1 ", false},	{"\"a\"", false}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GHashTable) values = g_hash_table_new(g_str_hash, g_str_equal);
		g_autofree char *text = NULL;

		g_test_message("%s", cases[i].word);
		g_hash_table_insert(values, (void *)"x", (void *)cases[i].word);
		text = http_text_expand("${x}", HTTP_PLACE_JSON, values, NULL);
		g_assert_cmpstr(text, ==, cases[i].good ? cases[i].word : NULL);
	}
}

static void test_form(void)
{
	g_autoptr(GHashTable) values = values_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *text =
		http_text_form("login=a&b\r\n\ncsrf token=${name}\nempty=\n", values, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(text, ==, "login=a%26b&csrf%20token=INV%2F2026%20%22a%5Cb%22&empty=");
	g_assert_null(http_text_form("a=1\nb\n", values, &error));
	g_assert_cmpstr(error->message, ==, "line 2 is no NAME=VALUE");
}

static void test_redact(void)
{
	g_autofree char *text = http_text_redact("a secret, the secret", "secret");
	g_autofree char *same = http_text_redact("a secret", NULL);

	g_assert_cmpstr(text, ==, "a ***, the ***");
	g_assert_cmpstr(same, ==, "a secret");
}

static void test_excerpt(void)
{
	g_autofree char *much = g_strnfill(1000, 'a');
	g_autofree char *cut = http_text_excerpt(much, 1000);
	g_autofree char *lines = http_text_excerpt("a\nb\0c", 5);

	g_assert_cmpuint(strlen(cut), ==, 200 + strlen("…"));
	g_assert_cmpstr(lines, ==, "a b\357\277\275c");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/drill/http/text/expands-for-where-it-stands", test_expand);
	g_test_add_func("/drill/http/text/only-words-of-json-go-without-quotes", test_words);
	g_test_add_func("/drill/http/text/encodes-forms", test_form);
	g_test_add_func("/drill/http/text/redacts", test_redact);
	g_test_add_func("/drill/http/text/excerpts", test_excerpt);
	return g_test_run();
}
