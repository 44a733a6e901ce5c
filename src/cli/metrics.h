#ifndef ODR_CLI_METRICS_H
#define ODR_CLI_METRICS_H

#include "cli/context.h"

/* The metrics of all services of a configuration, as text; g_free. contexts: Context, one a service. */
char *metrics_gather(const GPtrArray *contexts, GError **error);
/* Writes them to metrics-file= of the configuration, where there is one: aside, then renamed. */
bool metrics_write(const struct arguments *arguments, GError **error);

#endif
