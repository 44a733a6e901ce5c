#ifndef ODR_CLI_RUN_MAKING_H
#define ODR_CLI_RUN_MAKING_H

#include "cli/run/run.h"
#include "ops/mark.h"

/* What commands that make marks have in common. */

/* Names that the catalog knows, for a writer that may only put: char *. */
GPtrArray *making_known(const Run *run);
/* With all but the name. Its strings are those of context, run and known. */
struct mark_request making_request(Context *context, const Run *run, const GPtrArray *known);
/* In the catalog, with a warning where that fails; and tells the notes of the result. */
void making_record(const Run *run, const struct mark_result *result);

#endif
