#include "drill/check/http_judge.h"

#include <string.h>

static void test_find(void)
{
	/* RFC 6901, section 5, and what is nowhere. */
	static const char document[] =
		"{\"foo\": [\"bar\", \"baz\"], \"\": 0, \"a/b\": 1, \"c%d\": 2, \"m~n\": 8, "
		"\"~1\": 9, \"deep\": {\"x\": null, \"y\": true, \"z\": 1.50}}";
	static const struct {
		const char *pointer, *expected;
	} cases[] = {
		{"/foo/0", "bar"},   {"/foo/1", "baz"},	 {"/", "0"},	    {"/a~1b", "1"},
		{"/c%d", "2"},	     {"/m~0n", "8"},	 {"/~01", "9"},	    {"/deep/x", "null"},
		{"/deep/y", "true"}, {"/deep/z", "1.5"}, {"", NULL},	    {"/foo", NULL},
		{"/foo/2", NULL},    {"/foo/01", NULL},	 {"/foo/-", NULL},  {"/foo/0/0", NULL},
		{"/nothing", NULL},  {"foo", NULL},	 {"/deep/x/", NULL}};
	g_autoptr(JsonValue) value = json_loads(document, 0, NULL);

	g_assert_nonnull(value);
	g_assert_true(http_judge_find(value, "") == value);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = http_judge_text(http_judge_find(value, cases[i].pointer));

		g_test_message("%s", cases[i].pointer);
		g_assert_cmpstr(text, ==, cases[i].expected);
	}
}

static void test_compare(void)
{
	static const struct {
		const char *found, *op, *wanted;
		bool holds;
	} cases[] = {
		{"2", "gt", "0", true},
		{"0", "gt", "0", false},
		{"20700.0", "eq", "20700.00", true},
		{"9", "lt", "10", true},
		{"10", "le", "10.0", true},
		{"1e3", "ge", "1000", true},
		{"9007199254740993", "ne", "9007199254740992", true},
		{"null", "gt", "0", false},
		{"null", "lt", "0", false},
		{"null", "eq", "null", true},
		{"odoo", "eq", "odoo", true},
		{"odoo", "ne", "odoo", false},
		{"odoo", "ne", "other", true},
		{"b", "gt", "a", false},
		{"nan", "eq", "nan", true},
		{"nan", "ge", "0", false},
		{"", "eq", "", true},
		{"", "eq", "0", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		enum http_operator op = HTTP_EQ;

		while (strcmp(http_operator_name(op), cases[i].op) != 0)
			op++;
		g_test_message("'%s' %s '%s'", cases[i].found, cases[i].op, cases[i].wanted);
		g_assert_cmpint(http_judge_compare(cases[i].found, op, cases[i].wanted), ==,
				cases[i].holds);
	}
}

static void test_input(void)
{
	static const struct {
		const char *html, *expected;
	} cases[] = {
		{"<form><input type=\"hidden\" name=\"csrf\" value=\"a&amp;b&#39;\"/></form>",
		 "a&b'"},
		{"<INPUT VALUE='v' NAME=csrf>", "v"},
		{"<input name=\"other\" value=\"1\"><input name=\"csrf\" value=\"2\">", "2"},
		{"<input name = \"csrf\" title=\"a > b\" value = x >", "x"},
		{"<input name=\"csrf\" disabled value=\"\">", ""},
		{"<input name=\"csrf\">", NULL},
		{"<input data-name=\"csrf\" value=\"1\">", NULL},
		{"<inputs name=\"csrf\" value=\"1\">", NULL},
		{"<input name=\"csrf\" value=\"1\"", NULL},
		{"<input name=\"csrf", NULL},
		{"<input", NULL},
		{"<input =\"=\" name=csrf value=1>", "1"},
		{"", NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		/* Of that size, so that a reader beyond it is noticed. */
		size_t size = strlen(cases[i].html);
		g_autofree char *html = g_memdup2(cases[i].html, size);
		g_autofree char *value = http_judge_input(html ? html : "", size, "csrf");

		g_test_message("%s", cases[i].html);
		g_assert_cmpstr(value, ==, cases[i].expected);
	}
}

static void test_cookies(void)
{
	static const char *const lines[] = {"session_id=first; Path=/; HttpOnly",
					    "lang=en_US",
					    "session_id=second",
					    "gone=1",
					    "gone=; Max-Age=0",
					    "no cookie",
					    "=nameless",
					    "bad=a\001b",
					    "quoted=\"x=y\""};
	g_autoptr(GHashTable) cookies = http_cookies_new();
	g_autofree char *none = http_cookies_header(cookies);
	g_autofree char *header = NULL;
	g_autofree char *much = g_strdup_printf("much=%*d", 5000, 0);

	g_assert_null(none);
	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
		http_cookies_take(cookies, lines[i]);
	http_cookies_take(cookies, much);
	header = http_cookies_header(cookies);
	g_assert_cmpstr(header, ==, "lang=en_US; quoted=\"x=y\"; session_id=second");
	for (int i = 0; i < 1000; i++) {
		g_autofree char *line = g_strdup_printf("c%d=1", i);

		http_cookies_take(cookies, line);
	}
	g_assert_cmpuint(g_hash_table_size(cookies), ==, 50);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/drill/http/judge/finds-by-pointer", test_find);
	g_test_add_func("/drill/http/judge/compares", test_compare);
	g_test_add_func("/drill/http/judge/reads-inputs-of-forms", test_input);
	g_test_add_func("/drill/http/judge/keeps-cookies-within-limits", test_cookies);
	return g_test_run();
}
