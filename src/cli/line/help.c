#include "cli/line/help.h"

#include <string.h>

static void print_examples(const char *examples, FILE *to)
{
	g_auto(GStrv) lines = g_strsplit(examples, "\n", -1);

	fputs("Examples:\n", to);
	for (char **line = lines; *line; line++)
		fprintf(to, "  odrbackup %s\n", *line);
	fputc('\n', to);
}

static void print_options(const char *title, const struct command_option *options, FILE *to)
{
	if (!options || !options->name)
		return;
	fprintf(to, "%s:\n", title);
	for (; options->name; options++) {
		char letter[] = {'-', options->letter, ',', ' ', '\0'};
		g_autofree char *left = g_strdup_printf(
			"%s--%s%s%s", options->letter ? letter : "    ", options->name,
			options->argument ? " " : "", options->argument ? options->argument : "");

		if (options->help)
			fprintf(to, "  %-38s %s%s\n", left, options->help,
				options->kind == OPTION_LIST ? "; may be repeated" : "");
	}
	fputc('\n', to);
}

void help_command(const struct command_set *set, const struct command *command, FILE *to)
{
	print_examples(command->examples, to);
	fprintf(to, "odrbackup %s: %s\n\n", command->name, command->help);
	fprintf(to, "Usage: odrbackup %s %s\n\n", command->name, command->synopsis);
	print_options("Options", command->options, to);
	print_options("Options of every command", set->globals, to);
	fprintf(to, "Manual: %s\n", command->manual);
}

static void print_command_line(const struct command *command, FILE *to)
{
	fprintf(to, "  %-20s %s\n", command->name, command->help);
}

void help_overview(const struct command_set *set, FILE *to)
{
	print_examples("status\n"
		       "backup erp-prod\n"
		       "restore erp-prod --type time --target '2026-11-21 14:30:00+01' "
		       "--pgdata /srv/restored --plan\n"
		       "restore -h",
		       to);
	fputs("Usage: odrbackup COMMAND [SERVICE] [options]\n\n", to);
	for (const struct command_section *section = set->sections; section->commands; section++) {
		if (!section->commands->name)
			continue;
		fprintf(to, "%s:\n", section->title);
		for (const struct command *command = section->commands; command->name; command++)
			print_command_line(command, to);
		fputc('\n', to);
	}
	print_options("Options of every command", set->globals, to);
	fputs("On the bad day: odrbackup-recovery(7). Everything else begins with odrbackup(1).\n",
	      to);
}

bool help_family(const struct command_set *set, const GPtrArray *words, FILE *to)
{
	g_autoptr(GString) prefix = g_string_new(NULL);
	const struct command *command;
	bool found = false;

	for (guint i = 0; i < words->len; i++)
		g_string_append_printf(prefix, "%s ", (char *)words->pdata[i]);
	for (size_t i = 0; (command = command_at(set, i)); i++) {
		if (!g_str_has_prefix(command->name, prefix->str))
			continue;
		if (!found)
			fprintf(to, "Usage: odrbackup %s…\n\n", prefix->str);
		print_command_line(command, to);
		found = true;
	}
	if (found)
		fputs("\nEach has its own -h.\n", to);
	return found;
}

static void dump(const char *command, const struct command_option *options, FILE *to)
{
	for (; options && options->name; options++) {
		if (options->help)
			fprintf(to, "%s\t--%s\t%s\t%s\n", command, options->name,
				options->argument ? options->argument : "", options->help);
	}
}

void help_dump_options(const struct command_set *set, FILE *to)
{
	const struct command *command;

	dump("-", set->globals, to);
	for (size_t i = 0; (command = command_at(set, i)); i++) {
		fprintf(to, "%s\t\t\t%s\n", command->name, command->help);
		dump(command->name, command->options, to);
	}
}
