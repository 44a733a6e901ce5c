#ifndef ODR_OPS_ARCHIVE_TAKEN_H
#define ODR_OPS_ARCHIVE_TAKEN_H

#include "ops/wal_source.h"

/*
 * Segments that a push took along, kept beside the journal for the calls in which PostgreSQL asks for
 * them: to read and digest them again would cost as much as to start the program. A file is the one that
 * was read as long as its inode, size and times are the same. Only ever a hint, and never synced: what is
 * durable, the journal says.
 */

/* A line about a source that is durable everywhere, g_free; NULL where its times could not tell a change
 * that comes yet. */
char *archive_taken_line(const WalSource *source);
/* These lines instead of those that are there; those that are NULL are left out. */
void archive_taken_save(const char *journal, const GPtrArray *lines);
/* The digest of folder/name as it is now; false: read it. */
bool archive_taken_find(const char *journal, const char *folder, const char *name,
			uint8_t digest[XXH128_SIZE]);

#endif
