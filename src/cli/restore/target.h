#ifndef ODR_CLI_RESTORE_TARGET_H
#define ODR_CLI_RESTORE_TARGET_H

#include "cli/line/arguments.h"
#include "ops/restore/restore.h"

/*
 * The moment that is wanted, from --type, --target, --target-exclusive, --target-timeline and --set. The strings
 * are those of the arguments. *current_timeline: the timeline of whatever set the plan will choose. USAGE.
 */
bool restore_target_parse(const struct arguments *arguments, struct restore_target *target,
			  bool *current_timeline, GError **error);
/* Of a part that knows no WAL a mark is a time: that of the one that is named, where one is. NOT_FOUND. */
bool restore_target_find(struct restore_target *target, Repo *repo, const Identity *identity,
			 GError **error);

#endif
