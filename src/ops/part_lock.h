#ifndef ODR_OPS_PART_LOCK_H
#define ODR_OPS_PART_LOCK_H

#include "base/clock.h"
#include "base/file.h"

/*
 * One run per service and part at a time: <state>/<part>.lock. Whoever holds several took them in the order
 * database, filestore, config, and the chain's lock last.
 */
#define PART_LOCKS 3

bool part_lock_take(struct file_lock *lock, const char *state, const char *part, usec_t wait,
		    GError **error);

/* Those of all parts: no backup of the service is under way. */
struct part_locks {
	struct file_lock locks[PART_LOCKS];
};
bool part_locks_take(struct part_locks *locks, const char *state, usec_t wait, GError **error);
void part_locks_release(struct part_locks *locks);

#endif
