#ifndef ODR_ODOO_FENCE_H
#define ODR_ODOO_FENCE_H

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>

/*
 * Keeps Odoo from collecting unused files of one database while its filestore is listed and read. The
 * collector is run once a day by the job base.autovacuum_job, which Odoo leaves alone while its row is
 * locked, and tries again a minute later: nobody notices. The lock is held by a transaction of its own, which
 * holds back vacuum, and so is to be short.
 *
 * Where that right is missing, the next best is tried: a lock on the table of attachments, before which
 * older collectors give up (but behind which writers queue while they wait), if that is allowed; else the
 * job is watched: when it last ran is compared at the end.
 */
enum fence_kind {
	FENCE_NONE,	  /* nothing could be done, and nothing is known */
	FENCE_NOT_NEEDED, /* there is no such job: not a database of Odoo's */
	FENCE_WATCHED,
	FENCE_TABLE,
	FENCE_JOB,
};
struct fence_settings {
	const char *conninfo, *database, *run_id;
	bool may_lock_job, may_lock_table;
	usec_t wait; /* for a collector that is running, or whoever else has its locks */
};
typedef struct fence Fence;
/* Never fails, but may come out weaker, and then knows why. A stop request ends the waiting. */
Fence *fence_take(const struct fence_settings *settings);
void fence_free(Fence *fence); /* lets go */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fence, fence_free)
enum fence_kind fence_kind(const Fence *fence);
/* Somebody held the lock on the job all the time. */
bool fence_busy(const Fence *fence);
/* Why it is not the strongest; a sentence, or NULL. */
const char *fence_reason(const Fence *fence);

/* Lets go, and tells what can be said of the time since it was taken. */
enum fence_outcome {
	FENCE_HELD,	 /* nothing was collected */
	FENCE_COLLECTED, /* something was, or may have been: repeat */
	FENCE_UNKNOWN,	 /* there is nothing to tell by */
};
enum fence_outcome fence_end(Fence *fence);

/* For facts and messages: "job locked", "watched", … */
const char *fence_kind_name(enum fence_kind kind);

#endif
