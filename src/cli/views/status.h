#ifndef ODR_CLI_VIEWS_STATUS_H
#define ODR_CLI_VIEWS_STATUS_H

#include "ops/status.h"

#include <jansson.h>

/* How a status is shown: what can be recovered, then what ran, then what is wrong and what to type. */
void status_print(const struct status *status);
json_t *status_json(const struct status *status);

/* Findings, the worst last, each with its advice on a line of its own. */
void findings_print(const GPtrArray *findings, bool with_ok);
json_t *findings_json(const GPtrArray *findings);

#endif
