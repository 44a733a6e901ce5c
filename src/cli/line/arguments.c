#include "cli/line/arguments.h"

#include "base/error.h"
#include "base/suggest.h"

#include <string.h>

#define COMMAND_WORDS_MAX 3

const struct command *command_at(const struct command_set *set, size_t index)
{
	for (const struct command_section *section = set->sections; section->commands; section++) {
		for (const struct command *command = section->commands; command->name; command++) {
			if (index-- == 0)
				return command;
		}
	}
	return NULL;
}

static const struct command_option *option_of(const struct command_option *options,
					      const char *name)
{
	for (; options && options->name; options++) {
		if (strcmp(options->name, name) == 0)
			return options;
	}
	return NULL;
}

/* Before the command is known: options of one name have one kind in all commands (a test says so). */
static const struct command_option *option_by_name(const struct command_set *set, const char *name)
{
	const struct command_option *option = option_of(set->globals, name);
	const struct command *command;

	for (size_t i = 0; !option && (command = command_at(set, i)); i++)
		option = option_of(command->options, name);
	return option;
}

static const struct command_option *option_by_letter(const struct command_set *set, char letter)
{
	for (const struct command_option *option = set->globals; option->name; option++) {
		if (option->letter && option->letter == letter)
			return option;
	}
	return NULL;
}

static void append_names(GPtrArray *names, const struct command_option *options)
{
	for (; options && options->name; options++) {
		if (options->help)
			g_ptr_array_add(names, (void *)options->name);
	}
}

/* command NULL: those of all commands. */
static bool fail_unknown_option(const struct command_set *set, const struct command *command,
				const char *typed, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree char *of = command ? g_strdup_printf(" of '%s'", command->name) : g_strdup("");
	const struct command *each;
	const char *near;

	append_names(names, set->globals);
	if (command)
		append_names(names, command->options);
	for (size_t i = 0; !command && (each = command_at(set, i)); i++)
		append_names(names, each->options);
	g_ptr_array_add(names, NULL);
	near = suggest_name(typed, (const char *const *)names->pdata);
	if (near)
		return odr_fail(error, ODR_ERROR_USAGE,
				"unknown option '--%s'%s; did you mean '--%s'?", typed, of, near);
	return odr_fail(error, ODR_ERROR_USAGE, "unknown option '--%s'%s; -h shows what there is",
			typed, of);
}

/* value: copied; NULL for flags. */
static bool add_value(struct arguments *arguments, const struct command_option *option,
		      const char *value, GError **error)
{
	GPtrArray *values = g_hash_table_lookup(arguments->values, option->name);

	if (values && option->kind == OPTION_TEXT)
		return odr_fail(error, ODR_ERROR_USAGE, "option '--%s' is given twice",
				option->name);
	if (!values) {
		values = g_ptr_array_new_with_free_func(g_free);
		g_hash_table_insert(arguments->values, (void *)option->name, values);
	}
	g_ptr_array_add(values, g_strdup(value ? value : ""));
	return true;
}

struct scan {
	const struct command_set *set;
	struct arguments *arguments;
	char **argv;
	int argc, at;
};

/* text: what stands behind '=' or a letter; NULL: the next argument is the value. */
static bool take_option(struct scan *scan, const struct command_option *option, const char *text,
			GError **error)
{
	if (option->kind == OPTION_FLAG) {
		if (text)
			return odr_fail(error, ODR_ERROR_USAGE, "option '--%s' takes no value",
					option->name);
		return add_value(scan->arguments, option, NULL, error);
	}
	if (!text) {
		text = scan->at + 1 < scan->argc ? scan->argv[++scan->at] : NULL;
		if (!text)
			return odr_fail(error, ODR_ERROR_USAGE, "option '--%s' needs a value: %s",
					option->name, option->argument);
		if (g_str_has_prefix(text, "--"))
			return odr_fail(error, ODR_ERROR_USAGE,
					"option '--%s' needs a value, and '%s' looks like an "
					"option; write --%s=%s if it is meant",
					option->name, text, option->name, text);
	}
	return add_value(scan->arguments, option, text, error);
}

static bool take_long_option(struct scan *scan, GError **error)
{
	const char *typed = scan->argv[scan->at] + 2;
	const char *equals = strchr(typed, '=');
	g_autofree char *name =
		equals ? g_strndup(typed, (gsize)(equals - typed)) : g_strdup(typed);
	const struct command_option *option = option_by_name(scan->set, name);

	if (!option)
		return fail_unknown_option(scan->set, NULL, name, error);
	return take_option(scan, option, equals ? equals + 1 : NULL, error);
}

/* -q, -c FILE, -cFILE; flags may stand together: -qh. */
static bool take_letters(struct scan *scan, GError **error)
{
	for (const char *letter = scan->argv[scan->at] + 1; *letter; letter++) {
		const struct command_option *option = option_by_letter(scan->set, *letter);

		if (!option)
			return odr_fail(error, ODR_ERROR_USAGE,
					"unknown option '%s'; -h shows what there is",
					scan->argv[scan->at]);
		if (option->kind != OPTION_FLAG)
			return take_option(scan, option, letter[1] ? letter + 1 : NULL, error);
		if (!add_value(scan->arguments, option, NULL, error))
			return false;
	}
	return true;
}

static bool scan_words(struct scan *scan, GError **error)
{
	bool only_words = false;

	for (scan->at = 1; scan->at < scan->argc; scan->at++) {
		const char *word = scan->argv[scan->at];

		if (only_words || word[0] != '-' || word[1] == '\0') {
			g_ptr_array_add(scan->arguments->positional, g_strdup(word));
		} else if (strcmp(word, "--") == 0) {
			only_words = true;
		} else if (word[1] == '-' ? !take_long_option(scan, error)
					  : !take_letters(scan, error)) {
			return false;
		}
	}
	return true;
}

static char *join_words(const GPtrArray *words, unsigned count)
{
	GString *joined = g_string_new(NULL);

	for (unsigned i = 0; i < count; i++)
		g_string_append_printf(joined, "%s%s", i ? " " : "", (char *)words->pdata[i]);
	return g_string_free(joined, FALSE);
}

static unsigned count_words(const char *name)
{
	unsigned count = 1;

	for (; *name; name++)
		count += *name == ' ';
	return count;
}

/* Takes the command's words off the positional ones; the longest name wins. */
static void find_command(const struct command_set *set, struct arguments *arguments)
{
	const struct command *command;

	for (unsigned count = MIN(arguments->positional->len, COMMAND_WORDS_MAX); count > 0;
	     count--) {
		g_autofree char *name = join_words(arguments->positional, count);

		for (size_t i = 0; (command = command_at(set, i)); i++) {
			if (strcmp(command->name, name) != 0)
				continue;
			arguments->command = command;
			g_ptr_array_remove_range(arguments->positional, 0, count);
			return;
		}
	}
}

/* The commands that begin with this word, without it. */
static GPtrArray *family_of(const struct command_set *set, const char *word)
{
	g_autofree char *prefix = g_strconcat(word, " ", NULL);
	GPtrArray *names = g_ptr_array_new();
	const struct command *command;

	for (size_t i = 0; (command = command_at(set, i)); i++) {
		if (g_str_has_prefix(command->name, prefix))
			g_ptr_array_add(names, (void *)(command->name + strlen(prefix)));
	}
	g_ptr_array_add(names, NULL);
	return names;
}

/* A name of as many words as were typed that is near, or NULL. */
static const char *near_command(const struct command_set *set, const GPtrArray *words,
				unsigned count)
{
	g_autofree char *typed = join_words(words, count);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const struct command *command;

	for (size_t i = 0; (command = command_at(set, i)); i++) {
		if (count_words(command->name) == count)
			g_ptr_array_add(names, (void *)command->name);
	}
	g_ptr_array_add(names, NULL);
	return suggest_name(typed, (const char *const *)names->pdata);
}

static bool fail_unknown_command(const struct command_set *set, const GPtrArray *words,
				 GError **error)
{
	const char *first = words->len > 0 ? words->pdata[0] : NULL;
	const char *near = NULL;

	if (!first)
		return odr_fail(error, ODR_ERROR_USAGE, "no command is given; -h shows all");
	for (unsigned count = MIN(words->len, COMMAND_WORDS_MAX); count > 0 && !near; count--)
		near = near_command(set, words, count);

	g_autoptr(GPtrArray) family = family_of(set, first);

	if (near) {
		g_autofree char *typed = join_words(words, MIN(words->len, count_words(near)));

		return odr_fail(error, ODR_ERROR_USAGE, "unknown command '%s'; did you mean '%s'?",
				typed, near);
	}
	if (family->len > 1) {
		g_autofree char *list = suggest_list((const char *const *)family->pdata);

		return odr_fail(error, ODR_ERROR_USAGE, "'%s' is followed by %s%s", first,
				family->len > 2 ? "one of " : "", list);
	}
	return odr_fail(error, ODR_ERROR_USAGE, "unknown command '%s'; -h shows all", first);
}

static bool check_options(const struct command_set *set, const struct arguments *arguments,
			  GError **error)
{
	GHashTableIter iterator;
	void *name;

	g_hash_table_iter_init(&iterator, arguments->values);
	while (g_hash_table_iter_next(&iterator, &name, NULL)) {
		if (!option_of(set->globals, name) && !option_of(arguments->command->options, name))
			return fail_unknown_option(set, arguments->command, name, error);
	}
	return true;
}

/* An argument written "a|b|c" names what there is. */
static bool check_choice(const struct command_option *option, const char *value, GError **error)
{
	if (!option->argument || !strchr(option->argument, '|'))
		return true;

	g_auto(GStrv) choices = g_strsplit(option->argument, "|", -1);

	if (g_strv_contains((const char *const *)choices, value))
		return true;

	g_autofree char *phrase = suggest_phrase(value, (const char *const *)choices);
	g_autofree char *list = suggest_list((const char *const *)choices);

	return odr_fail(error, ODR_ERROR_USAGE, "--%s cannot be '%s'; there are %s%s", option->name,
			value, list, phrase);
}

static bool check_choices(const struct command_set *set, const struct arguments *arguments,
			  GError **error)
{
	GHashTableIter iterator;
	void *name, *values;

	g_hash_table_iter_init(&iterator, arguments->values);
	while (g_hash_table_iter_next(&iterator, &name, &values)) {
		const struct command_option *option = option_of(set->globals, name);
		const GPtrArray *list = values;

		if (!option)
			option = option_of(arguments->command->options, name);
		for (guint i = 0; i < list->len; i++) {
			if (!check_choice(option, list->pdata[i], error))
				return false;
		}
	}
	return true;
}

static bool check_count(const struct arguments *arguments, GError **error)
{
	const struct command *command = arguments->command;
	guint count = arguments->positional->len;

	if (count > command->maximum)
		return odr_fail(error, ODR_ERROR_USAGE,
				"'%s' is one argument too many; usage: odrbackup %s %s",
				(char *)arguments->positional->pdata[command->maximum],
				command->name, command->synopsis);
	if (count < command->minimum)
		return odr_fail(error, ODR_ERROR_USAGE,
				"an argument is missing; usage: odrbackup %s %s", command->name,
				command->synopsis);
	return true;
}

static bool asks_only(const struct arguments *arguments)
{
	static const char *const questions[] = {"help", "version", "dump-options",
						"dump-completion"};

	for (size_t i = 0; i < G_N_ELEMENTS(questions); i++) {
		if (arguments_flag(arguments, questions[i]))
			return true;
	}
	return false;
}

static void values_free(void *values)
{
	g_ptr_array_unref(values);
}

bool arguments_parse(const struct command_set *set, int argc, char **argv,
		     struct arguments *arguments, GError **error)
{
	struct scan scan = {set, arguments, argv, argc, 0};

	*arguments = (struct arguments){.argv = argv};
	arguments->positional = g_ptr_array_new_with_free_func(g_free);
	arguments->values = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, values_free);
	if (!scan_words(&scan, error))
		return false;
	find_command(set, arguments);
	if (asks_only(arguments))
		return true;
	if (!arguments->command)
		return fail_unknown_command(set, arguments->positional, error);
	return check_options(set, arguments, error) && check_choices(set, arguments, error) &&
	       check_count(arguments, error);
}

void arguments_clear(struct arguments *arguments)
{
	if (arguments->positional)
		g_ptr_array_unref(arguments->positional);
	if (arguments->values)
		g_hash_table_unref(arguments->values);
	g_free(arguments->program_path);
	*arguments = (struct arguments){0};
}

/* True if this option takes the argument behind it. */
static bool takes_next(const struct command_set *set, const char *word)
{
	const struct command_option *option;

	if (word[1] == '-')
		option = option_by_name(set, word + 2);
	else
		option = word[2] == '\0' ? option_by_letter(set, word[1]) : NULL;
	return option && option->kind != OPTION_FLAG;
}

const char *arguments_command_word(const struct command_set *set, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			return i + 1 < argc ? argv[i + 1] : NULL;
		if (argv[i][0] != '-' || argv[i][1] == '\0')
			return argv[i];
		if (takes_next(set, argv[i]))
			i++;
	}
	return NULL;
}

bool arguments_flag(const struct arguments *arguments, const char *name)
{
	return g_hash_table_contains(arguments->values, name);
}

const GPtrArray *arguments_list(const struct arguments *arguments, const char *name)
{
	return g_hash_table_lookup(arguments->values, name);
}

const char *arguments_text(const struct arguments *arguments, const char *name)
{
	const GPtrArray *values = arguments_list(arguments, name);

	return values ? values->pdata[0] : NULL;
}

const char *arguments_positional(const struct arguments *arguments, unsigned index)
{
	return index < arguments->positional->len ? arguments->positional->pdata[index] : NULL;
}

bool arguments_require(const struct arguments *arguments, const char *option, const char **value,
		       GError **error)
{
	*value = arguments_text(arguments, option);
	if (*value)
		return true;
	return odr_fail(error, ODR_ERROR_USAGE, "--%s is missing; usage: odrbackup %s %s", option,
			arguments->command->name, arguments->command->synopsis);
}

bool arguments_duration(const struct arguments *arguments, const char *name, usec_t *value,
			GError **error)
{
	const char *text = arguments_text(arguments, name);

	if (!text || duration_parse(text, value, error))
		return true;
	return odr_context(error, "--%s", name);
}

bool arguments_count(const struct arguments *arguments, const char *name, unsigned maximum,
		     unsigned *value, GError **error)
{
	const char *text = arguments_text(arguments, name);
	guint64 count;

	if (!text)
		return true;
	if (!g_ascii_string_to_unsigned(text, 10, 1, maximum, &count, NULL))
		return odr_fail(error, ODR_ERROR_USAGE, "--%s is a number from 1 to %u, not '%s'",
				name, maximum, text);
	*value = (unsigned)count;
	return true;
}

char *arguments_path(const struct arguments *arguments, const char *name)
{
	const char *text = arguments_text(arguments, name);

	return text ? g_canonicalize_filename(text, NULL) : NULL;
}
