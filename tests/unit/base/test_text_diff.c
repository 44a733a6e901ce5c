#include "base/text_diff.h"

#include <stdbool.h>
#include <string.h>

static char *diff(const char *before, const char *after)
{
	return text_diff(before, strlen(before), after, strlen(after));
}

static const struct {
	const char *before, *after, *shown;
} cases[] = {
	{"", "", NULL},
	{"a\nb\n", "a\nb\n", NULL},
	{"", "a\n", "@@ -0,0 +1 @@\n+a\n"},
	{"a\n", "", "@@ -1 +0,0 @@\n-a\n"},
	{"a\n", "b\n", "@@ -1 +1 @@\n-a\n+b\n"},
	{"a\nb\nc\n", "a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"},
	{"a\nb", "a\nb\n", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n"},
	{"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n5\n6\n7\n8\n9\n",
	 "@@ -2,6 +2,7 @@\n 2\n 3\n 4\n+x\n 5\n 6\n 7\n"},
	/* Six lines between two changes: one hunk; seven: two. */
	{"a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
	 "@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n"},
	{"a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
	 "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n"},
	{"a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n",
	 "@@ -1,7 +1,6 @@\n-a\n-b\n c\n+b\n a\n b\n-b\n a\n+c\n"},
};

static void test_cases(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *shown = diff(cases[i].before, cases[i].after);

		g_assert_cmpstr(shown, ==, cases[i].shown);
	}
}

/* What patch does: the lines of the hunks put onto the text, every one checked. */
static char *apply(const char *before, const char *diff)
{
	g_auto(GStrv) lines = g_strsplit(before, "\n", -1);
	g_auto(GStrv) changes = g_strsplit(diff, "\n", -1);
	GString *after = g_string_new(NULL);
	size_t at = 0;

	for (char **change = changes; *change && **change; change++) {
		if (**change == '@') {
			size_t start = (size_t)g_ascii_strtoull(*change + strlen("@@ -"), NULL, 10);
			bool empty = strstr(*change, ",0 +") != NULL;

			for (; at + 1 < start + empty; at++)
				g_string_append_printf(after, "%s\n", lines[at]);
		} else if (**change == '+') {
			g_string_append_printf(after, "%s\n", *change + 1);
		} else {
			g_assert_cmpstr(lines[at], ==, *change + 1);
			if (**change == ' ')
				g_string_append_printf(after, "%s\n", lines[at]);
			at++;
		}
	}
	for (; lines[at] && lines[at + 1]; at++)
		g_string_append_printf(after, "%s\n", lines[at]);
	return g_string_free(after, false);
}

static char *random_text(guint most, guint alphabet)
{
	GString *text = g_string_new(NULL);

	for (gint i = g_test_rand_int_range(0, (gint)most + 1); i > 0; i--)
		g_string_append_printf(text, "%d\n", g_test_rand_int_range(0, (gint)alphabet));
	return g_string_free(text, false);
}

/* Whatever the texts, the second comes out of the first. */
static void test_random(void)
{
	for (unsigned i = 0; i < 3000; i++) {
		g_autofree char *before = random_text(1 + i % 40, 1 + i % 7);
		g_autofree char *after = random_text(1 + i % 40, 1 + i % 7);
		g_autofree char *shown = diff(before, after);
		g_autofree char *made = shown ? apply(before, shown) : g_strdup(before);

		g_assert_cmpstr(made, ==, after);
	}
}

/* Nothing in common, and too much of it to look for more. */
static void test_large(void)
{
	g_autoptr(GString) before = g_string_new("same\n"), after = g_string_new("same\n");

	for (unsigned i = 0; i < 3000; i++) {
		g_string_append_printf(before, "a%u\n", i);
		g_string_append_printf(after, "b%u\n", i);
	}
	g_autofree char *shown = diff(before->str, after->str);
	g_autofree char *made = apply(before->str, shown);

	g_assert_true(g_str_has_prefix(shown, "@@ -1,3001 +1,3001 @@\n same\n-a0\n"));
	g_assert_cmpstr(made, ==, after->str);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/text-diff/as-diff-writes-it", test_cases);
	g_test_add_func("/text-diff/leads-from-one-text-to-the-other", test_random);
	g_test_add_func("/text-diff/of-texts-with-nothing-in-common", test_large);
	return g_test_run();
}
