#ifndef ODR_CLI_VIEWS_RESTORE_H
#define ODR_CLI_VIEWS_RESTORE_H

#include "ops/restore/restore.h"

#include <jansson.h>

/* How a restore's plan is shown. Rate: bytes per second, 0 when none was measured. */
struct restore_view {
	const struct restore_plan *plan;
	const struct restore_target *target;
	const GPtrArray *troubles; /* char *: what did not verify */
	const char *repository, *pgdata;
	uint64_t rate;
};
void restore_view_print(const struct restore_view *view);
json_t *restore_view_json(const struct restore_view *view); /* new reference */

#endif
