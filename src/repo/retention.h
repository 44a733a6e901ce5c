#ifndef ODR_REPO_RETENTION_H
#define ODR_REPO_RETENTION_H

#include "repo/manifest.h"

/*
 * What expires. Pure: data in, data out. Sets expire by time; a least number is kept; a count never
 * removes (whoever can add sets could flood real ones out). The newest set never expires, nor the newest
 * capture of a part, nor one inside its lock or its own retain-until. One whose time is in the future
 * never expires and counts for nothing.
 */
struct retention_policy {
	usec_t retain;	/* ordinary retention after the next capture of the same parts */
	unsigned least; /* sets kept in any case, at least 1 */
};
struct retention_set {
	const char *set_id;
	usec_t stored_at; /* by the store: orders sets */
	usec_t retain_until, lock_until;
	uint32_t parts; /* bit mask, one bit per part as the caller likes; 0: unknown, it stays */
	/* decision */
	bool expires;
	const char *reason; /* static text: "newest", "kept by the least number", "until …" */
};
/* sets sorted oldest first; fills expires and reason. */
void retention_apply(const struct retention_policy *policy, struct retention_set *sets,
		     size_t count, usec_t now);

/* Ordinary retention, generation and lock dates (DESIGN.md section 5). */
#define GENERATION_SLACK (3 * USEC_PER_DAY)
usec_t retention_lock_until(usec_t generation_start, usec_t generation_length, usec_t retain);

#endif
