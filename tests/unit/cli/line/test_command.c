#include "cli/line/command.h"

#include "cli/line/help.h"

#include <string.h>

typedef void (*each_option)(const struct command *command, const struct command_option *option);

static void for_each_option(each_option each)
{
	const struct command *command;

	for (const struct command_option *option = global_options; option->name; option++)
		each(NULL, option);
	for (size_t i = 0; (command = command_at(&all_commands, i)); i++) {
		const struct command_option *option = command->options;

		for (; option && option->name; option++)
			each(command, option);
	}
}

static void check_form(const struct command *command, const struct command_option *option)
{
	g_assert_true((option->kind == OPTION_FLAG) == (option->argument == NULL));
	g_assert_true(option->help || !command);
	g_assert_cmpuint(strspn(option->name, "abcdefghijklmnopqrstuvwxyz-"), ==,
			 strlen(option->name));
	g_assert_true(!option->letter || !command);
}

static GHashTable *first_of_name;

/* The parser knows an option before it knows the command. */
static void check_same_kind(const struct command *command, const struct command_option *option)
{
	const struct command_option *first = g_hash_table_lookup(first_of_name, option->name);

	if (first)
		g_assert_cmpint(first->kind, ==, option->kind);
	else
		g_hash_table_insert(first_of_name, (void *)option->name, (void *)option);
	(void)command;
}

static void check_not_global(const struct command *command, const struct command_option *option)
{
	const struct command_option *global = global_options;

	for (; command && global->name; global++)
		g_assert_cmpstr(global->name, !=, option->name);
}

static void test_options_are_well_formed(void)
{
	first_of_name = g_hash_table_new(g_str_hash, g_str_equal);
	for_each_option(check_form);
	for_each_option(check_same_kind);
	for_each_option(check_not_global);
	g_hash_table_unref(first_of_name);
}

static void test_every_command_is_complete(void)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(&all_commands, i)); i++) {
		g_assert_nonnull(command->run);
		g_assert_nonnull(command->help);
		g_assert_nonnull(command->synopsis);
		g_assert_nonnull(command->examples);
		g_assert_true(g_str_has_prefix(command->manual, "odrbackup-"));
		g_assert_cmpuint(command->minimum, <=, command->maximum);
	}
}

/* Every example of the help is a command line that parses, and is of its command. */
static void test_examples_parse(void)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(&all_commands, i)); i++) {
		g_auto(GStrv) lines = g_strsplit(command->examples, "\n", -1);

		for (char **line = lines; *line; line++) {
			g_autofree char *whole = g_strconcat("odrbackup ", *line, NULL);
			g_auto(GStrv) words = NULL;
			g_auto(Arguments) arguments = {0};
			g_autoptr(GError) error = NULL;
			int count;

			g_assert_true(g_shell_parse_argv(whole, &count, &words, &error));
			g_assert_true(
				arguments_parse(&all_commands, count, words, &arguments, &error));
			g_assert_no_error(error);
			g_assert_cmpstr(arguments.command->name, ==, command->name);
		}
	}
}

static char *printed(void (*print)(const struct command_set *set, FILE *to))
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	print(&all_commands, to);
	fclose(to);
	return text;
}

static void test_the_dump_has_four_fields(void)
{
	char *text = printed(help_dump_options);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; **line; line++) {
		g_auto(GStrv) fields = g_strsplit(*line, "\t", -1);

		g_assert_cmpuint(g_strv_length(fields), ==, 4);
		g_assert_true(*fields[1] == '\0' || g_str_has_prefix(fields[1], "--"));
		g_assert_null(strstr(fields[1], "dump-"));
	}
	free(text);
}

static void test_the_completion_is_bash(void)
{
	char *text = printed(help_dump_completion);
	const char *bash[] = {"bash", "-n", "-c", text, NULL};
	g_autoptr(GError) error = NULL;
	int status = -1;

	g_assert_true(g_spawn_sync(NULL, (char **)bash, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
				   NULL, &status, &error));
	g_assert_cmpint(status, ==, 0);
	free(text);
}

/* Runs a script after the completion, and gives what it prints. */
static char *complete(const char *words)
{
	char *text = printed(help_dump_completion);
	g_autofree char *script =
		g_strdup_printf("%s\nCOMP_WORDS=(%s)\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
				"_odrbackup\necho \"${COMPREPLY[*]}\"\n",
				text, words);
	const char *bash[] = {"bash", "-c", script, NULL};
	char *out = NULL;

	g_assert_true(g_spawn_sync(NULL, (char **)bash, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out,
				   NULL, NULL, NULL));
	free(text);
	return g_strchomp(out);
}

static void test_completion_follows_the_table(void)
{
	static const struct {
		const char *words, *reply;
	} cases[] = {
		{"odrbackup ini", "init"},
		{"odrbackup key ''", "new endorse add-recipient list test"},
		{"odrbackup -c x key new ''", "owner identity evidence"},
		{"odrbackup key new owner --ser", "--service"},
		{"odrbackup key endorse b --role ''", "writer keeper"},
		{"odrbackup --progress p", "plain"},
		{"odrbackup config show --vers", "--version"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *reply = complete(cases[i].words);

		g_assert_cmpstr(reply, ==, cases[i].reply);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/command/options-are-well-formed", test_options_are_well_formed);
	g_test_add_func("/command/every-command-is-complete", test_every_command_is_complete);
	g_test_add_func("/command/examples-parse", test_examples_parse);
	g_test_add_func("/command/the-dump-has-four-fields", test_the_dump_has_four_fields);
	g_test_add_func("/command/the-completion-is-bash", test_the_completion_is_bash);
	g_test_add_func("/command/completion-follows-the-table", test_completion_follows_the_table);
	return g_test_run();
}
