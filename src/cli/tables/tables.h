#ifndef ODR_CLI_TABLES_H
#define ODR_CLI_TABLES_H

#include "cli/line/command.h"

/*
 * Every command with its options, once, in a file for each section of the overview: what parsing, help, completion and the
 * test of the manuals read. A table ends with a NULL name. archive_commands is in command.h: the small program has no other.
 */
extern const struct command setting_up[];
extern const struct command protecting[];
extern const struct command recovering[];
extern const struct command incidents[];
extern const struct command watching[];
extern const struct command drilling[];
extern const struct command reporting[];
extern const struct command proving[];

#endif
