#include "cli/line/output.h"

#include <stdlib.h>

static void test_tables_are_aligned(void)
{
	static const char *const headings[] = {"SET", ">SIZE", "NOTE", NULL};
	TableOut *table = table_out_new(headings);
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	table_out_row(table, "a", "1.4 GiB", "first");
	table_out_row(table, "大きい", "9 B", NULL);
	table_out_row(table, "\x1b[2J", "", "");
	table_out_print(table, to);
	fclose(to);
	g_assert_cmpstr(text, ==,
			"SET         SIZE  NOTE\n"
			"a        1.4 GiB  first\n"
			"大きい       9 B  -\n"
			"\\x1b[2J        -  -\n");
	free(text);
}

static void test_colour_is_for_terminals_that_want_it(void)
{
	static const struct {
		bool terminal, no_color;
		const char *variable, *term;
		bool colored;
	} cases[] = {
		{true, false, NULL, "xterm", true},   {true, false, "", "xterm", true},
		{true, false, "1", "xterm", false},   {true, true, NULL, "xterm", false},
		{true, false, NULL, "dumb", false},   {true, false, NULL, NULL, false},
		{false, false, NULL, "xterm", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(output_wants_color(cases[i].terminal, cases[i].no_color,
						   cases[i].variable, cases[i].term),
				==, cases[i].colored);

	g_autofree char *plain = output_tint("ok", TINT_OK);

	g_assert_cmpstr(plain, ==, "ok");
}

static void test_progress_modes(void)
{
	enum progress_mode mode = PROGRESS_AUTO;

	g_assert_true(progress_mode_parse("plain", &mode));
	g_assert_cmpint(mode, ==, PROGRESS_PLAIN);
	g_assert_false(progress_mode_parse("fancy", &mode));
	g_assert_cmpint(mode, ==, PROGRESS_PLAIN);
}

static void test_progress_without_a_beginning_is_silent(void)
{
	progress_update(1, 2, "x");
	progress_end();
	progress_begin(PROGRESS_NONE, "copying");
	progress_update(1, 2, "x");
	progress_end();
	progress_end();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/output/tables-are-aligned", test_tables_are_aligned);
	g_test_add_func("/output/colour-is-for-terminals-that-want-it",
			test_colour_is_for_terminals_that_want_it);
	g_test_add_func("/output/progress/modes", test_progress_modes);
	g_test_add_func("/output/progress/without-a-beginning-is-silent",
			test_progress_without_a_beginning_is_silent);
	return g_test_run();
}
