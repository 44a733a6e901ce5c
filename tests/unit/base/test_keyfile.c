#include "base/keyfile.h"

#include "base/error.h"

#include <string.h>

static Keyfile *parse(const char *text, GError **error)
{
	return keyfile_parse(text, strlen(text), "test.conf", error);
}

static void test_reads_groups_keys_and_lines(void)
{
	static const char text[] = "# a comment\n"
				   "[odrbackup]\r\n"
				   "state = /srv/state  \n"
				   "\n"
				   "[tier gold]\n"
				   "rpo=\n"
				   "name=a\\sb\\\\c";
	g_autoptr(GError) error = NULL;
	g_autoptr(Keyfile) keyfile = parse(text, &error);
	g_autofree char *state = NULL, *empty = NULL, *name = NULL, *absent = NULL;

	g_assert_no_error(error);
	g_assert_true(keyfile_value(keyfile, "odrbackup", "state", &state, &error));
	g_assert_cmpstr(state, ==, "/srv/state");
	g_assert_true(keyfile_value(keyfile, "tier gold", "rpo", &empty, &error));
	g_assert_null(empty);
	g_assert_true(keyfile_value(keyfile, "tier gold", "name", &name, &error));
	g_assert_cmpstr(name, ==, "a b\\c");
	g_assert_true(keyfile_value(keyfile, "tier gold", "rto", &absent, &error));
	g_assert_null(absent);
	g_assert_cmpuint(keyfile_line(keyfile, "odrbackup", "state"), ==, 3);
	g_assert_cmpuint(keyfile_line(keyfile, "tier gold", "name"), ==, 7);
	g_assert_cmpuint(keyfile_line(keyfile, "tier gold", "rto"), ==, 5);
	g_assert_cmpuint(keyfile_line(keyfile, "nothing", "rto"), ==, 0);
	g_assert_cmpuint(keyfile->warnings->len, ==, 0);
}

static void test_refuses_with_line_numbers(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"[a]\nx=1\nx=2\n", "test.conf:3: key 'x' is there already, in line 2; drop one"},
		{"[a]\n[b]\n[a]\n",
		 "test.conf:3: group [a] is there already, in line 1; join the two"},
		{"x=1\n", "test.conf:1: a key before the first group; which one is it of?"},
		{"[a]\n; x\n", "test.conf:2: a comment begins with '#', not with ';'"},
		{"[a]\nx=1\n  2\n",
		 "test.conf:3: this line begins with a blank; a line cannot be continued"},
		{"[a]\nx=1\\\n2\n",
		 "test.conf:2: a value ends on its line; a line cannot be continued"},
		{"[a]\nx=\\d\n", "test.conf:2: unknown escape '\\d'; a backslash is written \\\\"},
		{"[a]\nx=a\\;b\\q\n",
		 "test.conf:2: unknown escape '\\q'; a backslash is written \\\\"},
		{"[a]\nword\n", "test.conf:2: this is neither key=value nor [group] nor # comment"},
		{"[a]\n=1\n", "test.conf:2: this is neither key=value nor [group] nor # comment"},
		{"[a]\nX=1\n", "test.conf:2: 'X' is no key; keys are of a-z, 0-9 and '-'"},
		{"[a]\nx[de]=1\n", "test.conf:2: 'x[de]' is no key; keys are of a-z, 0-9 and '-'"},
		{"[a\nx=1\n", "test.conf:1: this is no group; a group is written [name] on a line"},
		{"[]\n", "test.conf:1: this is no group; a group is written [name] on a line"},
		{"[a] b\n", "test.conf:1: this is no group; a group is written [name] on a line"},
		{"\xEF\xBB\xBF[a]\n",
		 "test.conf:1: the file begins with a byte order mark; save it as plain UTF-8"},
		{"[a]\nx=\xff\n", "test.conf:2: this line is not UTF-8"},
		{"[a]\nx=\x1b[0m\n", "test.conf:2: a control character in this line"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Keyfile) keyfile = parse(cases[i].text, &error);

		g_assert_null(keyfile);
		g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
		g_assert_cmpstr(error->message, ==, cases[i].message);
	}
}

static void test_refuses_nul_and_large_input(void)
{
	static const char nul[] = "[a]\nx=1\0y=2\n";
	g_autofree char *long_line = g_strnfill(KEYFILE_LINE_MAX + 1, 'x');
	g_autofree char *long_file = g_strnfill(KEYFILE_SIZE_MAX + 1, '\n');
	g_autoptr(GError) error = NULL;

	g_assert_null(keyfile_parse(nul, sizeof(nul) - 1, "test.conf", &error));
	g_assert_cmpstr(error->message, ==, "test.conf:2: a NUL byte in this line");
	g_clear_error(&error);
	g_assert_null(parse(long_line, &error));
	g_assert_cmpstr(error->message, ==, "test.conf:1: this line is over 4096 bytes long");
	g_clear_error(&error);
	g_assert_null(parse(long_file, &error));
	g_assert_cmpstr(error->message, ==, "test.conf: the file is over 1024 KiB long");
}

static void test_warns_of_comments_behind_values(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Keyfile) keyfile = parse("[a]\nx=1 # one\n", &error);
	g_autofree char *value = NULL;

	g_assert_no_error(error);
	g_assert_true(keyfile_value(keyfile, "a", "x", &value, &error));
	g_assert_cmpstr(value, ==, "1 # one");
	g_assert_cmpuint(keyfile->warnings->len, ==, 1);
	g_assert_cmpstr(keyfile->warnings->pdata[0], ==,
			"test.conf:2: the value of 'x' has a '#' in it; a comment needs a line of "
			"its own");
}

static void test_an_empty_file_has_no_groups(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Keyfile) keyfile = keyfile_parse("", 0, "test.conf", &error);

	g_assert_no_error(error);
	g_assert_cmpuint(keyfile->groups->len, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/keyfile/reads-groups-keys-and-lines", test_reads_groups_keys_and_lines);
	g_test_add_func("/keyfile/refuses-with-line-numbers", test_refuses_with_line_numbers);
	g_test_add_func("/keyfile/refuses-nul-and-large-input", test_refuses_nul_and_large_input);
	g_test_add_func("/keyfile/warns-of-comments-behind-values",
			test_warns_of_comments_behind_values);
	g_test_add_func("/keyfile/an-empty-file-has-no-groups", test_an_empty_file_has_no_groups);
	return g_test_run();
}
