#ifndef ODR_CLI_REPORT_METRICS_H
#define ODR_CLI_REPORT_METRICS_H

#include "cli/line/arguments.h"

/* The metrics of all services of a configuration, and metrics-file= of it (NULL: none); g_free both. */
bool metrics_gather(const struct arguments *arguments, char **text, char **file, GError **error);
/* Writes them there, where there is one: aside, then renamed. */
bool metrics_write(const struct arguments *arguments, GError **error);

#endif
