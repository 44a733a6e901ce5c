#ifndef ODR_PG_WAL_COMMIT_H
#define ODR_PG_WAL_COMMIT_H

#include "base/clock.h"
#include "pg/wal.h"

/*
 * When transactions ended, as their commit and abort records say: these are what a recovery to a moment
 * stops at (xlogrecovery.c, recoveryStopsBefore). Records have the same form from 13 to 18 (xlogrecord.h,
 * xact.h); one counts only when its CRC is right.
 */

/* The latest of those that begin in the first `within` of `size` bytes, which begin with a whole segment
 * and go on behind it, for a record that reaches over its end. Hostile bytes: where they
 * cannot be followed, the search ends. */
struct wal_last {
	usec_t time; /* 0: there is none */
	lsn_t lsn;   /* where the last one begins, or the page header in front of it */
};
struct wal_last wal_last_commit(const void *bytes, size_t size, size_t within);
/* When the first transaction was committed whose record ends behind so many bytes; 0: there is none. */
usec_t wal_first_commit(const void *bytes, size_t size, size_t behind);

#endif
