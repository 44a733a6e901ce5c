#ifndef ODR_CLI_LINE_COMMAND_H
#define ODR_CLI_LINE_COMMAND_H

#include "cli/line/arguments.h"
#include "cli/settings/settings.h"

#include <glib.h>
#include <stdbool.h>

/* All commands of the tool, in sections, as the overview shows them. */
extern const struct command_set all_commands;
/* archive-push and archive-get, which the small program runs itself (tables/archive.c). */
extern const struct command archive_commands[];
extern const struct command_set archive_set;

/* Parses and runs; returns the exit status. Handles -h, --help, --version, --dump-options,
 * --dump-completion, sets up the log, prints the error (and the exit_error document with --json). */
int command_main(int argc, char **argv);

#endif
