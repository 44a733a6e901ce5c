#ifndef ODR_CLI_VIEWS_CHECK_H
#define ODR_CLI_VIEWS_CHECK_H

#include "ops/check/check.h"

#include <jansson.h>

/* How a check is shown: each repository's steps and what it protects against, then what else was found. */
void check_print(const GPtrArray *stores, const struct check_result *result);
/* Only what is wrong. */
void check_print_wrong(const struct check_result *result);
json_t *check_stores_json(const GPtrArray *stores);

#endif
