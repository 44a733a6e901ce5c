#include "cli/line/arguments.h"

#include "base/error.h"

#include <string.h>

static const struct command_option restore_options[] = {
	{"pgdata", 0, OPTION_TEXT, "DIR", "folder"},
	{"type", 0, OPTION_TEXT, "time|lsn", "what to recover to"},
	{"map", 0, OPTION_LIST, "OID=DIR", "tablespace"},
	{"jobs", 'j', OPTION_TEXT, "N", "threads"},
	{"delta", 0, OPTION_FLAG, NULL, "keep"},
	{NULL},
};
static const struct command commands[] = {
	{"restore", "[SERVICE]", "bring back", "restore", "x(1)", 0, 1, restore_options, NULL},
	{"key new owner", "FILE", "make a key", "key new owner x", "x(1)", 1, 1, NULL, NULL},
	{"key list", "FILE…", "list keys", "key list x", "x(1)", 1, G_MAXUINT, NULL, NULL},
	{"key", "", "all keys", "key", "x(1)", 0, 0, NULL, NULL},
	{NULL},
};
static const struct command more[] = {
	{"backup", "[SERVICE]", "capture", "backup", "x(1)", 0, 1, NULL, NULL},
	{NULL},
};
static const struct command_section sections[] = {{"One", commands}, {"Two", more}, {NULL}};
static const struct command_set set = {sections, global_options};

/* A command line in words separated by single blanks. */
static bool parse(const char *line, struct arguments *arguments, GError **error)
{
	g_autofree char *whole = g_strconcat("odrbackup ", line, NULL);
	g_auto(GStrv) words = g_strsplit(*line ? whole : "odrbackup", " ", -1);

	return arguments_parse(&set, (int)g_strv_length(words), words, arguments, error);
}

static void test_options_stand_anywhere(void)
{
	static const char *const lines[] = {
		"restore erp --pgdata /x --delta -v",
		"--pgdata /x -v restore --delta erp",
		"--pgdata=/x restore -v --delta -- erp",
		"-v restore erp --delta --pgdata=/x",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_auto(Arguments) arguments = {0};
		g_autoptr(GError) error = NULL;

		g_assert_true(parse(lines[i], &arguments, &error));
		g_assert_no_error(error);
		g_assert_cmpstr(arguments.command->name, ==, "restore");
		g_assert_cmpstr(arguments_text(&arguments, "pgdata"), ==, "/x");
		g_assert_true(arguments_flag(&arguments, "delta"));
		g_assert_true(arguments_flag(&arguments, "verbose"));
		g_assert_false(arguments_flag(&arguments, "quiet"));
		g_assert_cmpstr(arguments_positional(&arguments, 0), ==, "erp");
		g_assert_null(arguments_positional(&arguments, 1));
		g_assert_null(arguments_text(&arguments, "type"));
	}
}

static void test_commands_of_several_words(void)
{
	static const struct {
		const char *line, *command;
		unsigned positional;
	} cases[] = {
		{"key new owner file", "key new owner", 1},
		{"key list a b c", "key list", 3},
		{"key", "key", 0},
		{"backup", "backup", 0},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(Arguments) arguments = {0};
		g_autoptr(GError) error = NULL;

		g_assert_true(parse(cases[i].line, &arguments, &error));
		g_assert_cmpstr(arguments.command->name, ==, cases[i].command);
		g_assert_cmpuint(arguments.positional->len, ==, cases[i].positional);
	}
}

static void test_values(void)
{
	g_auto(Arguments) arguments = {0};
	g_autoptr(GError) error = NULL;
	const GPtrArray *map;
	unsigned jobs = 1;
	usec_t wait = 5;

	g_assert_true(parse("restore --map 1=/a --map=2=/b --pgdata= --jobs 7 -c- --lock-wait 2min "
			    "--type=lsn",
			    &arguments, &error));
	map = arguments_list(&arguments, "map");
	g_assert_cmpuint(map->len, ==, 2);
	g_assert_cmpstr(map->pdata[0], ==, "1=/a");
	g_assert_cmpstr(map->pdata[1], ==, "2=/b");
	g_assert_cmpstr(arguments_text(&arguments, "pgdata"), ==, "");
	g_assert_cmpstr(arguments_text(&arguments, "config"), ==, "-");
	g_assert_true(arguments_count(&arguments, "jobs", 64, &jobs, &error));
	g_assert_cmpuint(jobs, ==, 7);
	g_assert_true(arguments_duration(&arguments, "lock-wait", &wait, &error));
	g_assert_cmpint(wait, ==, 2 * USEC_PER_MIN);
	g_assert_true(arguments_duration(&arguments, "valid-for", &wait, &error));
	g_assert_cmpint(wait, ==, 2 * USEC_PER_MIN);
	g_assert_false(arguments_count(&arguments, "jobs", 4, &jobs, &error));
	g_assert_cmpstr(error->message, ==, "--jobs is a number from 1 to 4, not '7'");
	g_assert_cmpuint(jobs, ==, 7);
}

static void test_refuses_by_name(void)
{
	static const struct {
		const char *line, *message;
	} cases[] = {
		{"", "no command is given; -h shows all"},
		{"bakcup", "unknown command 'bakcup'; did you mean 'backup'?"},
		{"key nwe owner", "'nwe' is one argument too many; usage: odrbackup key "},
		{"frobnicate", "unknown command 'frobnicate'; -h shows all"},
		{"restore --pgdta /x", "unknown option '--pgdta'; did you mean '--pgdata'?"},
		{"restore --pg /x", "unknown option '--pg'; -h shows what there is"},
		{"backup --pgdata /x",
		 "unknown option '--pgdata' of 'backup'; -h shows what there is"},
		{"backup -x", "unknown option '-x'; -h shows what there is"},
		{"restore --pgdata", "option '--pgdata' needs a value: DIR"},
		{"restore --pgdata --delta",
		 "option '--pgdata' needs a value, and '--delta' looks like an option; write "
		 "--pgdata=--delta if it is meant"},
		{"restore --delta=yes", "option '--delta' takes no value"},
		{"restore --pgdata /x --pgdata /y", "option '--pgdata' is given twice"},
		{"restore --type tmie",
		 "--type cannot be 'tmie'; there are time and lsn; did you mean 'time'?"},
		{"restore a b", "'b' is one argument too many; usage: odrbackup restore [SERVICE]"},
		{"key new owner", "an argument is missing; usage: odrbackup key new owner FILE"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(Arguments) arguments = {0};
		g_autoptr(GError) error = NULL;

		g_assert_false(parse(cases[i].line, &arguments, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
		g_assert_cmpstr(error->message, ==, cases[i].message);
	}
}

static void test_help_is_answered_even_if_the_rest_is_missing(void)
{
	static const char *const lines[] = {"-h", "key new owner -h", "restore a b c --help",
					    "--version"};

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_auto(Arguments) arguments = {0};
		g_autoptr(GError) error = NULL;

		g_assert_true(parse(lines[i], &arguments, &error));
		g_assert_no_error(error);
	}
}

static void test_the_command_word_is_found_in_wrong_lines(void)
{
	static const struct {
		const char *line, *word;
	} cases[] = {
		{"restore", "restore"},
		{"-c x restore y", "restore"},
		{"-cx restore", "restore"},
		{"--config x --pgdata y restore", "restore"},
		{"--unknown restore", "restore"},
		{"--config=x -- restore", "restore"},
		{"--config", NULL},
		{"-", "-"},
		{"", NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *whole = g_strconcat("odrbackup ", cases[i].line, NULL);
		g_auto(GStrv) words = g_strsplit(*cases[i].line ? whole : "odrbackup", " ", -1);

		g_assert_cmpstr(arguments_command_word(&set, (int)g_strv_length(words), words), ==,
				cases[i].word);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/arguments/options-stand-anywhere", test_options_stand_anywhere);
	g_test_add_func("/arguments/commands-of-several-words", test_commands_of_several_words);
	g_test_add_func("/arguments/values", test_values);
	g_test_add_func("/arguments/refuses-by-name", test_refuses_by_name);
	g_test_add_func("/arguments/help-is-answered-even-if-the-rest-is-missing",
			test_help_is_answered_even_if_the_rest_is_missing);
	g_test_add_func("/arguments/the-command-word-is-found-in-wrong-lines",
			test_the_command_word_is_found_in_wrong_lines);
	return g_test_run();
}
