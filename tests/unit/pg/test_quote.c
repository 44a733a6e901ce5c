#include "pg/quote.h"

#include <glib.h>

static void test_quote(void)
{
	static const struct {
		const char *text, *identifier, *literal;
	} cases[] = {
		{"plain", "\"plain\"", "'plain'"},
		{"", "\"\"", "''"},
		{"it's", "\"it's\"", "'it''s'"},
		{"a\"b", "\"a\"\"b\"", "'a\"b'"},
		{"back\\slash'", "\"back\\slash'\"", "E'back\\\\slash'''"},
		{"\"; DROP TABLE t; --", "\"\"\"; DROP TABLE t; --\"", "'\"; DROP TABLE t; --'"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *identifier = sql_identifier(cases[i].text);
		g_autofree char *literal = sql_literal(cases[i].text);

		g_assert_cmpstr(identifier, ==, cases[i].identifier);
		g_assert_cmpstr(literal, ==, cases[i].literal);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pg/quote/no-way-out-of-the-quotes", test_quote);
	return g_test_run();
}
