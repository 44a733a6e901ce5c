#ifndef ODR_OPS_BACKUP_CONFIG_H
#define ODR_OPS_BACKUP_CONFIG_H

#include "collect/collect.h"
#include "ops/backup/part.h"

/*
 * The part config: what collectors find, always in full, in a generation of its own. A required collector
 * that fails fails the part; others that fail, and whatever collectors note, are notes of the run.
 */
struct backup_config {
	const GPtrArray *collectors; /* struct collect_settings */
	struct collect_host host;    /* run_id and digest_secret are set by the run */
	uint64_t limit;		     /* bytes of all items */
};
BackupPart *backup_config_new(const struct backup_config *settings);

#endif
