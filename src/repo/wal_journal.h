#ifndef ODR_REPO_WAL_JOURNAL_H
#define ODR_REPO_WAL_JOURNAL_H

#include "repo/layout.h"

/*
 * The local record of which WAL files are durable where: files of lines in a folder
 * (<state>/<service>/wal), one per 16 hex digits of segment names (or "other"), appended and fsynced.
 * A torn last line is ignored. Losing it means pushing again.
 */
struct wal_record {
	char *file;
	uint8_t digest[XXH128_SIZE];
	uint64_t size;
	char *repository;
	usec_t stored_at;
};
void wal_record_free(struct wal_record *record);
/* All records of one file. */
bool wal_journal_find(const char *folder, const char *file, GPtrArray **records, GError **error);
/* Durable when true; safe with several processes and threads (O_APPEND, one write per call). */
bool wal_journal_append(const char *folder, const struct wal_record *records, size_t count,
			GError **error);
/* Every record, for the catalog and for manifests; sorted by file. */
bool wal_journal_read_all(const char *folder, GPtrArray **records, GError **error);
/* Drops the journals of segments that lie wholly before this segment (by their last 16 digits). */
bool wal_journal_trim(const char *folder, const char *before_segment, GError **error);

#endif
