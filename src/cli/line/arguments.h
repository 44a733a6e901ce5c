#ifndef ODR_CLI_LINE_ARGUMENTS_H
#define ODR_CLI_LINE_ARGUMENTS_H

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>

/*
 * The command line, by tables: every command and option stands once. Parsing, -h, completion and the
 * test of the manuals read them. Options may stand anywhere; no abbreviations; typos get a suggestion.
 * `--option=value` and `--option value` are the same; behind `--` nothing is an option.
 */
struct arguments;
/* True: success. The error's code gives the exit status; see arguments.exit_status for others. */
typedef bool (*command_run)(const struct arguments *arguments, GError **error);

enum option_kind {
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_LIST /* may be repeated */
};
struct command_option {
	const char *name; /* "pgdata" */
	char letter;	  /* 0: none */
	enum option_kind kind;
	const char *argument; /* "DIR", "a|b" for one of these; NULL for flags */
	const char *help;     /* NULL: hidden */
};
struct command {
	const char *name;     /* "restore"; up to three words: "key new owner" */
	const char *synopsis; /* "[SERVICE] --pgdata DIR [options]" */
	const char *help;     /* one line */
	const char *examples; /* command lines without "odrbackup", one a line; shown first by -h */
	const char *manual;   /* page: "odrbackup-restore(1)" */
	unsigned minimum, maximum;	      /* positional arguments */
	const struct command_option *options; /* ends with a NULL name; may be NULL */
	command_run run;
	int (*failure_status)(const GError *error); /* NULL: odr_error_exit_status */
};
struct command_section {
	const char *title;
	const struct command *commands; /* ends with a NULL name */
};
struct command_set {
	const struct command_section *sections; /* ends with NULL commands */
	const struct command_option *globals;
};
const struct command *command_at(const struct command_set *set, size_t index); /* NULL: no more */
extern const struct command_option global_options[];

typedef struct arguments Arguments;
struct arguments {
	const struct command *command; /* NULL only where help or the version is asked for */
	GPtrArray *positional;	       /* char *, without the command's words */
	GHashTable *values;	       /* option name → GPtrArray of char * */
	char **argv;		       /* the whole command line */
	char *program_path; /* absolute path of the odrbackup to write into restore_command */
	int *exit_status;   /* 0 unless run sets it; counts when run returns true */
};
/* USAGE errors. Clear also what failed. */
bool arguments_parse(const struct command_set *set, int argc, char **argv,
		     struct arguments *arguments, GError **error);
void arguments_clear(struct arguments *arguments);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Arguments, arguments_clear)

/* The first word of the command, even where the rest of the line is wrong; NULL: none. */
const char *arguments_command_word(const struct command_set *set, int argc, char **argv);

/* Options that the command does not have are not given. */
bool arguments_flag(const struct arguments *arguments, const char *name);
const char *arguments_text(const struct arguments *arguments, const char *name);      /* or NULL */
const GPtrArray *arguments_list(const struct arguments *arguments, const char *name); /* or NULL */
const char *arguments_positional(const struct arguments *arguments, unsigned index);  /* or NULL */
/* USAGE where it is not given. */
bool arguments_require(const struct arguments *arguments, const char *name, const char **value,
		       GError **error);
/* These leave *value untouched when the option is not given. USAGE errors name the option. */
bool arguments_duration(const struct arguments *arguments, const char *name, usec_t *value,
			GError **error);
bool arguments_count(const struct arguments *arguments, const char *name, unsigned maximum,
		     unsigned *value, GError **error);
/* The file as an absolute path; g_free; NULL when not given. */
char *arguments_path(const struct arguments *arguments, const char *name);

#endif
