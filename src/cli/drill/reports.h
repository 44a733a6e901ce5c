#ifndef ODR_CLI_DRILL_REPORTS_H
#define ODR_CLI_DRILL_REPORTS_H

#include "cli/line/arguments.h"

#include <glib.h>
#include <stdbool.h>

/*
 * Reports that a drill leaves where its command line says: --junit FILE, and --report FILE in the form that its name has.
 */
/* USAGE where a name tells no form. What lies there is of another drill, and removed. */
bool drill_reports_begin(const struct arguments *arguments, GError **error);
/* Of the record in the folder. What cannot be written is a warning: it changes nothing of the drill. */
void drill_reports_write(const struct arguments *arguments, const char *folder);

#endif
