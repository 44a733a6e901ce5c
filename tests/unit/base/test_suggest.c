#include "base/suggest.h"

static const char *const names[] = {"restore", "retain", "retain-least", "rpo", "rto", NULL};

static void test_typos_are_understood(void)
{
	static const struct {
		const char *typed, *name;
	} cases[] = {
		{"retian", "retain"},
		{"restroe", "restore"},
		{"retain", "retain"},
		{"rop", "rpo"},
		{"retainleast", "retain-least"},
		{"colour", NULL},
		{"x", NULL},
		{"", NULL},
	};
	g_autofree char *endless = g_strnfill(100000, 'r');

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpstr(suggest_name(cases[i].typed, names), ==, cases[i].name);
	g_assert_null(suggest_name(endless, names));
}

static void test_phrases(void)
{
	static const char *const one[] = {"a", NULL}, *const two[] = {"a", "b", NULL};
	g_autofree char *none = suggest_phrase("colour", names);
	g_autofree char *near = suggest_phrase("retian", names);
	g_autofree char *list = suggest_list(names);
	g_autofree char *list_one = suggest_list(one), *list_two = suggest_list(two);

	g_assert_cmpstr(none, ==, "");
	g_assert_cmpstr(near, ==, "; did you mean 'retain'?");
	g_assert_cmpstr(list, ==, "restore, retain, retain-least, rpo and rto");
	g_assert_cmpstr(list_one, ==, "a");
	g_assert_cmpstr(list_two, ==, "a and b");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/suggest/typos-are-understood", test_typos_are_understood);
	g_test_add_func("/suggest/phrases", test_phrases);
	return g_test_run();
}
