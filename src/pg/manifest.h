#ifndef ODR_PG_MANIFEST_H
#define ODR_PG_MANIFEST_H

#include "pg/wal.h"

/* PostgreSQL's own backup_manifest, version 1, which every major's pg_verifybackup reads
 * (POSTGRES.md 5.2). Files in any order, then one call of finish. */
typedef struct pg_manifest PgManifest;
PgManifest *pg_manifest_new(void);
void pg_manifest_free(PgManifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PgManifest, pg_manifest_free)
/* crc32c as digest.h's value. mtime in seconds. The path is a byte string relative to PGDATA. */
void pg_manifest_add(PgManifest *manifest, const char *path, uint64_t size, int64_t mtime,
		     uint32_t crc32c);
char *pg_manifest_finish(PgManifest *manifest, uint32_t timeline, lsn_t start,
			 lsn_t stop); /* g_free */

#endif
