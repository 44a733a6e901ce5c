#ifndef ODR_OPS_ARCHIVE_SPOOL_H
#define ODR_OPS_ARCHIVE_SPOOL_H

#include "crypto/keys.h"
#include "pg/wal.h"
#include "store/store.h"

/*
 * Segments fetched ahead of recovery, in a folder: each durable and complete under its own name, so
 * that what lies there after a crash is as good as the archive. One process at a time fills it.
 */

/* Moves a segment to path, if it is there; false: fetch it. What is no good is removed. */
bool spool_take(const char *spool, const char *file, const char *path, uint32_t *segment_size);

struct spool_refill {
	const struct store_settings *repositories;
	size_t repository_count;
	const Identity *identity;
	const char *spool;
	const char *state; /* as in struct archive_get_request */
	const char *file;  /* the segment before the first to fetch */
	uint32_t segment_size;
	unsigned batch, workers;
};
/* If less than half of the batch is there, leaves a process in the background that removes what lies
 * before the file and fetches what follows. It keeps no descriptor, session or folder of the caller. */
void spool_refill_start(const struct spool_refill *refill);
/* What that process does: fetches until one is missing or something is wrong. BUSY: another is at it. */
bool spool_refill_run(const struct spool_refill *refill, GError **error);

#endif
