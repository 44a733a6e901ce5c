/* The completion script for bash, from the same table as everything else. */
#include "cli/help.h"

#include <string.h>

static bool takes_argument(const struct command_option *option)
{
	return option->help && option->kind != OPTION_FLAG;
}

static bool names_file(const char *argument)
{
	static const char *const files[] = {"FILE", "DIR", "PUB", "OWNER", NULL};

	return g_strv_contains(files, argument);
}

/* What stands on the line for one option in the `case` of options that take an argument. */
static void add_patterns(GHashTable *seen, GString *files, GString *others, GString *choices,
			 const struct command_option *options)
{
	for (; options && options->name; options++) {
		g_autoptr(GString) pattern = g_string_new(NULL);

		if (!takes_argument(options) || !g_hash_table_add(seen, (void *)options->name))
			continue;
		if (options->letter)
			g_string_append_printf(pattern, "-%c | ", options->letter);
		g_string_append_printf(pattern, "--%s", options->name);
		if (strchr(options->argument, '|')) {
			g_auto(GStrv) words = g_strsplit(options->argument, "|", -1);
			g_autofree char *list = g_strjoinv(" ", words);

			g_string_append_printf(choices, "\t%s) words='%s' ;;\n", pattern->str,
					       list);
			continue;
		}
		GString *into = names_file(options->argument) ? files : others;

		g_string_append_printf(into, "%s%s", into->len ? " | " : "", pattern->str);
	}
}

static void print_arguments(const struct command_set *set, FILE *to)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GString) files = g_string_new(NULL);
	g_autoptr(GString) others = g_string_new(NULL);
	g_autoptr(GString) choices = g_string_new(NULL);
	const struct command *command;

	add_patterns(seen, files, others, choices, set->globals);
	for (size_t i = 0; (command = command_at(set, i)); i++)
		add_patterns(seen, files, others, choices, command->options);
	fprintf(to,
		"# What may follow this option: kind is none, file, other or choice.\n"
		"_odrbackup_argument() {\n"
		"\tkind=none words=\n"
		"\tcase $1 in\n"
		"\t%s) kind=file ;;\n",
		files->str);
	if (others->len)
		fprintf(to, "\t%s) kind=other ;;\n", others->str);
	fprintf(to, "%s\tesac\n\t[ -z \"$words\" ] || kind=choice\n}\n\n", choices->str);
}

static void append_options(GString *words, const struct command_option *options)
{
	for (; options && options->name; options++) {
		if (options->help)
			g_string_append_printf(words, " --%s", options->name);
	}
}

/* Next words behind a prefix of command words ("" or "key "), each once, in order. */
static void append_next_words(GString *words, const struct command_set *set, const char *prefix)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const struct command *command;

	for (size_t i = 0; (command = command_at(set, i)); i++) {
		if (!g_str_has_prefix(command->name, prefix))
			continue;

		const char *rest = command->name + strlen(prefix);
		char *word = g_strndup(rest, strcspn(rest, " "));

		if (*word && !g_hash_table_contains(seen, word))
			g_string_append_printf(words, " %s", word);
		g_hash_table_add(seen, word);
	}
}

static void print_prefix(const struct command_set *set, GHashTable *seen, const char *prefix,
			 const struct command *command, FILE *to)
{
	g_autoptr(GString) words = g_string_new(NULL);
	g_autofree char *behind = *prefix ? g_strconcat(prefix, " ", NULL) : g_strdup("");

	if (g_hash_table_contains(seen, prefix))
		return;
	g_hash_table_add(seen, g_strdup(prefix));
	append_next_words(words, set, behind);
	if (command)
		append_options(words, command->options);
	fprintf(to, "\t'%s') words='%s' ;;\n", prefix, words->len ? words->str + 1 : "");
}

static void print_words(const struct command_set *set, FILE *to)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const struct command *command;

	fputs("# What may follow these words of a command; false: they are none.\n"
	      "_odrbackup_words() {\n"
	      "\tcase $1 in\n",
	      to);
	print_prefix(set, seen, "", NULL, to);
	for (size_t i = 0; (command = command_at(set, i)); i++) {
		for (const char *blank = strchr(command->name, ' '); blank;
		     blank = strchr(blank + 1, ' ')) {
			g_autofree char *prefix =
				g_strndup(command->name, (gsize)(blank - command->name));

			print_prefix(set, seen, prefix, NULL, to);
		}
		print_prefix(set, seen, command->name, command, to);
	}
	fputs("\t*) return 1 ;;\n\tesac\n}\n\n", to);
}

void help_dump_completion(const struct command_set *set, FILE *to)
{
	g_autoptr(GString) globals = g_string_new(NULL);

	append_options(globals, set->globals);
	fputs("# bash completion for odrbackup, made by odrbackup --dump-completion\n", to);
	fputs("# shellcheck shell=bash\n\n", to);
	print_arguments(set, to);
	print_words(set, to);
	fprintf(to,
		"_odrbackup() {\n"
		"\tlocal current=${COMP_WORDS[COMP_CWORD]} command='' index kind words\n"
		"\tfor ((index = 1; index < COMP_CWORD; index++)); do\n"
		"\t\t_odrbackup_argument \"${COMP_WORDS[index - 1]}\"\n"
		"\t\t[ \"$kind\" = none ] || continue\n"
		"\t\tcase ${COMP_WORDS[index]} in -*) continue ;; esac\n"
		"\t\t_odrbackup_words \"${command:+$command }${COMP_WORDS[index]}\" || break\n"
		"\t\tcommand=${command:+$command }${COMP_WORDS[index]}\n"
		"\tdone\n"
		"\tCOMPREPLY=()\n"
		"\t_odrbackup_argument \"${COMP_WORDS[COMP_CWORD - 1]}\"\n"
		"\tcase $kind in\n"
		"\tfile) mapfile -t COMPREPLY < <(compgen -f -- \"$current\") ;;\n"
		"\tchoice) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\") ;;\n"
		"\tnone)\n"
		"\t\t_odrbackup_words \"$command\" || words=\n"
		"\t\tcase $current in -*) words=\"$words%s\" ;; esac\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
		"\t\t;;\n"
		"\tesac\n"
		"}\n"
		"complete -o default -F _odrbackup odrbackup\n",
		globals->str);
}
