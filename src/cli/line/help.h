#ifndef ODR_CLI_LINE_HELP_H
#define ODR_CLI_LINE_HELP_H

#include "cli/line/arguments.h"

#include <stdio.h>

/* Everything that is printed from the table. */
void help_overview(const struct command_set *set, FILE *to);
void help_command(const struct command_set *set, const struct command *command, FILE *to);
/* The commands whose first words these are; false if there are none. */
bool help_family(const struct command_set *set, const GPtrArray *words, FILE *to);
/* Lines of command, option, argument and help with tabs between them. A command's own line has no option;
 * what all commands have stands under "-". */
void help_dump_options(const struct command_set *set, FILE *to);
/* A completion script for bash (completion.c). */
void help_dump_completion(const struct command_set *set, FILE *to);

#endif
