#ifndef ODR_PG_WAL_H
#define ODR_PG_WAL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* WAL positions, file names and page headers (xlog_internal.h, xlogdefs.h; POSTGRES.md 1.2). */
typedef uint64_t lsn_t;
#define LSN_FORMAT_SIZE 18
bool lsn_parse(const char *text, lsn_t *lsn, GError **error);
const char *lsn_format(lsn_t lsn, char text[LSN_FORMAT_SIZE]);
char *lsn_print(lsn_t lsn); /* g_free */

#define WAL_SEGMENT_NAME_SIZE 25
bool wal_segment_size_valid(uint64_t size); /* power of two, 1 MiB to 1 GiB */
void wal_segment_name(uint32_t timeline, lsn_t lsn, uint32_t segment_size,
		      char name[WAL_SEGMENT_NAME_SIZE]); /* the segment that holds lsn */
bool wal_segment_parse(const char *name, uint32_t segment_size, uint32_t *timeline, lsn_t *start);
/* Number of the segment that holds the byte before an end position. */
uint64_t wal_segment_number_of_end(lsn_t end, uint32_t segment_size);

enum wal_file_kind {
	WAL_FILE_UNKNOWN,
	WAL_FILE_SEGMENT, /* 24 hex digits */
	WAL_FILE_PARTIAL, /* segment.partial */
	WAL_FILE_BACKUP,  /* segment.XXXXXXXX.backup */
	WAL_FILE_HISTORY, /* XXXXXXXX.history */
};
/* Kind of a bare file name; timeline (may be NULL) is set for all known kinds. */
enum wal_file_kind wal_file_kind(const char *name, uint32_t *timeline);

/* What the first page of a segment says. */
struct wal_header {
	uint16_t magic;
	uint16_t info;
	uint32_t timeline; /* may be older than the file name's */
	lsn_t address;
	uint64_t system_identifier;
	uint32_t segment_size;
	uint32_t block_size;
	int major; /* from magic */
};
#define WAL_HEADER_SIZE 40
/* Reads the long header; CORRUPT with the reason. */
bool wal_header_parse(const void *page, size_t size, struct wal_header *header, GError **error);
/* What a segment must be to belong to a cluster: length, identifier, version, sizes, address, timeline.
 * The messages name expected and found. system_identifier 0 or major 0: not compared. */
struct wal_expect {
	const char *name; /* of a segment or .partial file */
	uint64_t file_size;
	uint64_t system_identifier;
	uint32_t segment_size;
	int major;
};
bool wal_header_check(const struct wal_header *header, const struct wal_expect *expect,
		      GError **error);

#endif
