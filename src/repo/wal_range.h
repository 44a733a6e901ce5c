#ifndef ODR_REPO_WAL_RANGE_H
#define ODR_REPO_WAL_RANGE_H

#include "base/clock.h"
#include "pg/timeline.h"

/* Which unbroken stretches of WAL a list of segments makes. Pure. */
struct wal_range {
	uint32_t timeline;
	lsn_t start, end; /* end is exclusive */
	usec_t first_stored, last_stored;
	usec_t last_written; /* its last segment; 0: not known */
};
struct wal_stored {
	const char *file;	      /* others than segments are ignored */
	usec_t stored_at, written_at; /* written_at: by the server; 0: not known */
};
/* Ranges ascending by timeline and start. */
GArray *wal_ranges(const struct wal_stored *files, size_t count, uint32_t segment_size);
/* The end of gap-free WAL from start on the given history (timeline switches followed), and the first
 * missing segment's name. start's own segment must be there, else end == start. */
lsn_t wal_ranges_end(const GArray *ranges, const TimelineHistory *history, lsn_t start,
		     uint32_t segment_size, char missing[WAL_SEGMENT_NAME_SIZE]);

#endif
