#include "base/text.h"

#include <glib.h>
#include <stdlib.h>

static void test_hostile_text_is_escaped(void)
{
	static const struct {
		const char *text, *escaped;
	} cases[] = {
		{"erp-prod", "erp-prod"},	    {"Größe 大", "Größe 大"},
		{"a\x1b[2Jb\n", "a\\x1b[2Jb\\x0a"}, {"\x7f\t", "\\x7f\\x09"},
		{"x\xc2\x9by", "x\\u{9b}y"},	    {"x\xe2\x80\xaey", "x\\u{202e}y"},
		{"bad \xff end", "bad \\xff end"},  {"cut \xe2\x80", "cut \\xe2\\x80"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *escaped = text_escape(cases[i].text);

		g_assert_cmpstr(escaped, ==, cases[i].escaped);
	}
}

/* By bytes, whatever the locale; and what is sorted is what the pointers lead to. */
static void test_compared_bytewise(void)
{
	static const char *const due[] = {"", "B", "a", "a0", "b", "\xc3\xa4"};
	const char *texts[] = {"b", "\xc3\xa4", "a0", "", "B", "a"};

	qsort(texts, G_N_ELEMENTS(texts), sizeof(*texts), text_compare);
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		g_assert_cmpstr(texts[i], ==, due[i]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/text/hostile-text-is-escaped", test_hostile_text_is_escaped);
	g_test_add_func("/text/compared-bytewise", test_compared_bytewise);
	return g_test_run();
}
