#ifndef ODR_CLI_PROGRAM_PROGRAM_H
#define ODR_CLI_PROGRAM_PROGRAM_H

#include "cli/line/arguments.h"

/*
 * What all programs do around a command. PostgreSQL waits for the start of the one that it calls, so there are three:
 *   odrbackup          archive-push and archive-get, of repositories that are folders (front.c)
 *   odrbackup-archive  the same two, of repositories of any type (front.c, with curl)
 *   odrbackup-main     everything (command.c)
 */
#define PROGRAM_ARCHIVE "odrbackup-archive"
#define PROGRAM_MAIN	"odrbackup-main"

/* Opens the log as the global options say, and installs the stop flag. */
bool program_begin(const struct arguments *arguments, GError **error);
/* Runs the command; the error, if any, is logged here, once. Returns the exit status. */
int program_run(struct arguments *arguments, GError **error);
/* The status of a failure before or in the command. */
int program_failure_status(const struct arguments *arguments, const GError *error);
/* Becomes another program; returns, with a status and after a message, only where that fails. */
int program_hand_over(const char *program, char **argv);
/* Where odrbackup itself lies, seen from any of them; g_free. */
char *program_path(void);
/* The shipped checks of drills; g_free. */
char *program_checks_folder(void);

#endif
