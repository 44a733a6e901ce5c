#ifndef ODR_CLI_VIEWS_BACKUP_H
#define ODR_CLI_VIEWS_BACKUP_H

#include "cli/line/arguments.h"
#include "ops/backup/backup.h"

/* What a backup that made a set tells: damage as warnings, and a sentence or the summary of --json. */
void backup_view_print(const struct arguments *arguments, const struct backup_result *result,
		       usec_t elapsed);

#endif
