#include "cli/line/next_command.h"

static const struct command_option restore_options[] = {
	{"pgdata", 0, OPTION_TEXT, "DIR", "folder"},
	{NULL},
};
static const struct command commands[] = {
	{"restore", "[SERVICE]", "bring back", "restore", "x(1)", 0, 1, restore_options, NULL},
	{NULL},
};
static const struct command_section sections[] = {{"One", commands}, {NULL}};
static const struct command_set set = {sections, global_options};

/* typed: words between bars. */
static char *next_of(const char *typed, const char *const *words)
{
	g_auto(GStrv) argv = g_strsplit(typed, "|", -1);
	g_auto(Arguments) arguments = {0};
	g_autoptr(GError) error = NULL;

	arguments_parse(&set, (int)g_strv_length(argv), argv, &arguments, &error);
	g_assert_no_error(error);
	return next_command(&arguments, words);
}

/* What it takes to find configuration and keys again; nothing else of what was typed. */
static void test_options(void)
{
	static const char *const words[] = {"verify", "filestore", "erp", NULL};
	static const struct {
		const char *typed, *next;
	} cases[] = {
		{"odrbackup|restore|erp|--pgdata|/x|-v", "odrbackup verify filestore erp"},
		{"odrbackup|--kit|/media/my usb/erp.kit|restore|--passphrase-file=/run/p",
		 "odrbackup --kit '/media/my usb/erp.kit' --passphrase-file /run/p verify "
		 "filestore erp"},
		{"odrbackup|-c|/etc/odr.conf|--identity|/media/alice|restore|--repository|far",
		 "odrbackup --config /etc/odr.conf --identity /media/alice verify filestore erp"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *next = next_of(cases[i].typed, words);

		g_assert_cmpstr(next, ==, cases[i].next);
	}
}

static void test_words(void)
{
	static const char *const words[] = {"a", "it's", "", "$(x)", "b;c", "--to=/d", NULL};
	g_autofree char *next = next_of("odrbackup|restore", words);
	g_auto(GStrv) read = NULL;

	g_assert_true(g_shell_parse_argv(next, NULL, &read, NULL));
	g_assert_cmpuint(g_strv_length(read), ==, 7);
	for (size_t i = 0; words[i]; i++)
		g_assert_cmpstr(read[i + 1], ==, words[i]);
	g_assert_true(g_str_has_suffix(next, " --to=/d"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cli/next-command/finds-configuration-and-keys-again", test_options);
	g_test_add_func("/cli/next-command/survives-a-shell", test_words);
	return g_test_run();
}
