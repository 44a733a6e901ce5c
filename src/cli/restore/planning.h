#ifndef ODR_CLI_RESTORE_PLANNING_H
#define ODR_CLI_RESTORE_PLANNING_H

#include "cli/site/context.h"
#include "ops/filestore/choice.h"
#include "ops/restore/restore.h"

/* Which set and which WAL lead to the moment that is wanted, and in which repository they lie. */
struct restore_planning {
	const Context *context; /* with identity and repositories */
	struct restore_target target;
	bool current_timeline; /* as restore_target_parse says */
	/* What restore_planning_make finds: */
	Repo *repo; /* one of the context's */
	struct restore_holdings holdings;
	struct restore_plan plan; /* refers to the holdings */
};
/* From the first repository that reaches the target; warns of those that do not. */
bool restore_planning_make(struct restore_planning *planning, GError **error);
/* Where the database will be: a time is exact; else it is between the end of the set and now, or, of the set alone,
 * while that was made. */
struct filestore_span restore_planning_span(const struct restore_planning *planning);
/* What the audit chain is told of it. */
void restore_planning_tell(const struct restore_planning *planning, json_t *facts);
void restore_planning_clear(struct restore_planning *planning);

#endif
