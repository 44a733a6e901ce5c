#ifndef ODR_CLI_COMMAND_H
#define ODR_CLI_COMMAND_H

#include "cli/settings.h"

#include <glib.h>
#include <stdbool.h>

/*
 * Every command and option stands once, in command.c's table: parsing, -h, completion, manual tests
 * read it. Options may stand anywhere; no abbreviations; typos get a suggestion.
 */
struct arguments;
typedef bool (*command_run)(const struct arguments *arguments, GError **error);

enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_LIST /* may be repeated */ };
struct command_option {
	const char *name;     /* "pgdata" */
	char letter;          /* 0: none */
	enum option_kind kind;
	const char *argument; /* "DIR"; NULL for flags */
	const char *help;
};
struct command {
	const char *name;      /* "restore", or two words: "key new" */
	const char *synopsis;  /* "[SERVICE] --pgdata DIR [options]" */
	const char *help;      /* one line */
	const char *examples;  /* shown first by -h */
	const char *manual;    /* page: "odrbackup-restore(1)" */
	unsigned minimum, maximum; /* positional arguments */
	const struct command_option *options; /* ends with a NULL name */
	command_run run;
};
extern const struct command commands[]; /* ends with a NULL name */
extern const struct command_option global_options[];

struct arguments {
	const struct command *command;
	GPtrArray *positional;
	GHashTable *values; /* option name → GPtrArray of char * */
	const char *program_path; /* absolute path of the odrbackup to write into restore_command */
};
bool arguments_flag(const struct arguments *arguments, const char *name);
const char *arguments_text(const struct arguments *arguments, const char *name); /* NULL: not given */
const GPtrArray *arguments_list(const struct arguments *arguments, const char *name); /* NULL: none */
const char *arguments_positional(const struct arguments *arguments, unsigned index);

/* Parses and runs; returns the exit status. Handles -h, --help, --version, --dump-options,
 * --dump-completion, sets up the log, prints the error (and the exit_error document with --json). */
int command_main(int argc, char **argv);

#endif
