/* The completion script for bash, from the same table as everything else. */
#include "cli/line/help.h"

#include "cli/settings/settings.h"

#include <string.h>

static bool takes_argument(const struct command_option *option)
{
	return option->help && option->kind != OPTION_FLAG;
}

/* What stands for an argument in the script: file, service or other. */
static const char *kind_of(const char *argument)
{
	static const char *const files[] = {"FILE",   "DIR",	      "PUB",	 "OWNER",
					    "OUT",    "KIT",	      "PATH",	 "DEST",
					    "BUNDLE", "IDENTITY|KIT", "PROGRAM", NULL};

	if (g_strv_contains(files, argument))
		return "file";
	return strcmp(argument, "SERVICE") == 0 ? "service" : "other";
}

/* "service file" of "[SERVICE] FILE --owner OWNER [options]": the kinds of the positional arguments. */
static char *places_of(const char *synopsis)
{
	g_auto(GStrv) words = g_strsplit(synopsis, " ", -1);
	g_autoptr(GString) places = g_string_new(NULL);

	for (char **word = words; *word; word++) {
		bool optional = **word == '[';
		g_autofree char *name = g_strdup(*word + optional);

		if (g_str_has_prefix(name, "--")) {
			/* The option's argument, if it has one. */
			if (word[1] && !strchr(*word, ']'))
				word++;
			continue;
		}
		if (!g_ascii_isupper(name[0]))
			continue;
		name[strcspn(name, "]\xe2")] = '\0';
		g_string_append_printf(places, "%s%s", places->len ? " " : "", kind_of(name));
	}
	return g_string_free(g_steal_pointer(&places), FALSE);
}

/* Options by what their argument is, as patterns of a `case`. */
struct patterns {
	GString *files, *services, *others, *choices;
};

static GString *patterns_for(struct patterns *patterns, const struct command_option *option)
{
	const char *kind = kind_of(option->argument);

	if (strcmp(kind, "file") == 0)
		return patterns->files;
	return strcmp(kind, "service") == 0 || strcmp(option->name, "service") == 0
		       ? patterns->services
		       : patterns->others;
}

/* What stands on the line for one option in the `case` of options that take an argument. */
static void add_patterns(GHashTable *seen, struct patterns *patterns,
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

			g_string_append_printf(patterns->choices, "\t%s) words='%s' ;;\n",
					       pattern->str, list);
			continue;
		}
		GString *into = patterns_for(patterns, options);

		g_string_append_printf(into, "%s%s", into->len ? " | " : "", pattern->str);
	}
}

static void print_kind(const char *kind, const GString *patterns, FILE *to)
{
	if (patterns->len)
		fprintf(to, "\t%s) kind='%s' ;;\n", patterns->str, kind);
}

static void print_arguments(const struct command_set *set, FILE *to)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GString) files = g_string_new(NULL);
	g_autoptr(GString) services = g_string_new(NULL);
	g_autoptr(GString) others = g_string_new(NULL);
	g_autoptr(GString) choices = g_string_new(NULL);
	struct patterns patterns = {files, services, others, choices};
	const struct command *command;

	add_patterns(seen, &patterns, set->globals);
	for (size_t i = 0; (command = command_at(set, i)); i++)
		add_patterns(seen, &patterns, command->options);
	fputs("# What may follow this option: kind is none, file, service, other or choice.\n"
	      "_odrbackup_argument() {\n"
	      "\tkind='none' words=''\n"
	      "\tcase $1 in\n",
	      to);
	print_kind("file", files, to);
	print_kind("service", services, to);
	print_kind("other", others, to);
	fprintf(to, "%s\tesac\n\t[ -z \"$words\" ] || kind='choice'\n}\n\n", choices->str);
}

/* Asking the program would take a few times as long, and fail where the file has an error. */
static void print_services(FILE *to)
{
	fputs("# The services of the configuration, or of the kit, that the line names.\n"
	      "_odrbackup_services() {\n"
	      "\tlocal file='" SETTINGS_FILE "' index\n"
	      "\tfor ((index = 2; index < COMP_CWORD; index++)); do\n"
	      "\t\tcase ${COMP_WORDS[index - 1]} in -c | --config | --kit) "
	      "file=${COMP_WORDS[index]} ;; esac\n"
	      "\tdone\n"
	      "\tsed -n 's/^\\[service \\(.*\\)\\] *$/\\1/p' \"$file\" 2>/dev/null || :\n"
	      "}\n\n",
	      to);
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

	g_autofree char *places = command ? places_of(command->synopsis) : g_strdup("");

	fprintf(to, "\t'%s') words='%s' places='%s' ;;\n", prefix, words->len ? words->str + 1 : "",
		places);
}

static void print_words(const struct command_set *set, FILE *to)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const struct command *command;

	fputs("# What may follow these words of a command, and what its arguments are; false: they are none.\n"
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
	print_services(to);
	fprintf(to,
		"_odrbackup() {\n"
		"\tlocal current=${COMP_WORDS[COMP_CWORD]} command='' position=0 index kind words places "
		"place\n"
		"\tfor ((index = 1; index < COMP_CWORD; index++)); do\n"
		"\t\t_odrbackup_argument \"${COMP_WORDS[index - 1]}\"\n"
		"\t\t[ \"$kind\" = none ] || continue\n"
		"\t\tcase ${COMP_WORDS[index]} in -*) continue ;; esac\n"
		"\t\tif [ \"$position\" = 0 ] &&\n"
		"\t\t\t_odrbackup_words \"${command:+$command }${COMP_WORDS[index]}\"; then\n"
		"\t\t\tcommand=${command:+$command }${COMP_WORDS[index]}\n"
		"\t\telse\n"
		"\t\t\tposition=$((position + 1))\n"
		"\t\tfi\n"
		"\tdone\n"
		"\tCOMPREPLY=()\n"
		"\t_odrbackup_argument \"${COMP_WORDS[COMP_CWORD - 1]}\"\n"
		"\tif [ \"$kind\" = none ]; then\n"
		"\t\t_odrbackup_words \"$command\" || words='' places=''\n"
		"\t\tread -ra place <<<\"$places\"\n"
		"\t\tcase $current in\n"
		"\t\t-*) words=\"$words%s\" ;;\n"
		"\t\t*) kind=${place[position]:-none} ;;\n"
		"\t\tesac\n"
		"\tfi\n"
		"\tcase $kind in\n"
		"\tfile)\n"
		"\t\tcompopt -o filenames 2>/dev/null || :\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
		"\t\treturn\n"
		"\t\t;;\n"
		"\tservice) words=\"$words $(_odrbackup_services)\" ;;\n"
		"\tother) return ;;\n"
		"\tesac\n"
		"\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
		"}\n"
		"complete -o default -F _odrbackup odrbackup\n",
		globals->str);
}
