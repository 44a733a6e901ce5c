#ifndef ODR_CLI_VIEWS_HOLD_H
#define ODR_CLI_VIEWS_HOLD_H

#include "base/json.h"
#include "cli/line/arguments.h"
#include "repo/hold.h"

/* How holds are shown: struct hold; one that several repositories have is shown once. */
void hold_view_list(const struct arguments *arguments, const char *service, const GPtrArray *holds);
/* "until 2027-01-01 00:00:00Z: lawsuit (alice@db1)"; g_free. */
char *hold_view_words(const struct hold *hold);
/* Of all, or of one set. New reference. */
json_t *hold_view_json(const GPtrArray *holds, const char *set_id);

#endif
