#ifndef ODR_CLI_PROGRAM_H
#define ODR_CLI_PROGRAM_H

#include "cli/arguments.h"

/* What both programs do around a command: the small one (front.c) and the big one (command.c). */

/* Opens the log as the global options say, and installs the stop flag. */
bool program_begin(const struct arguments *arguments, GError **error);
/* Runs the command; the error, if any, is logged here, once. Returns the exit status. */
int program_run(struct arguments *arguments, GError **error);
/* The status of a failure before or in the command. */
int program_failure_status(const struct arguments *arguments, const GError *error);
/* Becomes the big program; returns, with a status and after a message, only where that fails. */
int program_hand_over(char **argv);
/* Where odrbackup itself lies, seen from either program; g_free. */
char *program_path(void);
/* The shipped checks of drills; g_free. */
char *program_checks_folder(void);

#endif
