#ifndef ODR_BASE_POOL_H
#define ODR_BASE_POOL_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * A pool of threads over a list of jobs. Each worker owns its context; jobs are taken in order; the
 * first error stops the others at their next job, and is returned. A stop request ends the run
 * between jobs with ODR_ERROR_STOPPED. Without a tick the calling thread is one of the workers.
 */
struct pool_work {
	unsigned workers;
	size_t jobs; /* numbered 0 … jobs-1 */
	void *shared;
	/* All run in the worker's thread. begin and end may be NULL. end is called exactly for
	 * workers whose begin succeeded; finished tells whether to complete or to abandon. */
	bool (*begin)(void *shared, unsigned worker, void **context, GError **error);
	bool (*run)(void *shared, void *context, size_t job, GError **error);
	/* NULL, or called after run by the same worker, in the order of jobs and never by two at once:
	 * each waits for its turn. Not called when a job failed, whichever it was. */
	bool (*in_turn)(void *shared, void *context, size_t job, GError **error);
	bool (*end)(void *shared, void *context, bool finished, GError **error);
	/* Called in the calling thread about every tick_ms while the workers run, or NULL. */
	void (*tick)(void *shared);
	unsigned tick_ms;
};
bool pool_run(const struct pool_work *work, GError **error);

/* A plain mutex for what workers share (never held across I/O). */
struct mutex;
struct mutex *mutex_new(void);
void mutex_free(struct mutex *mutex);
void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

/* Waiting for what another thread changes under the mutex, which is held before and after. It may
 * return for nothing: ask again whether it is so. */
struct condition;
struct condition *condition_new(void);
void condition_free(struct condition *condition);
void condition_wait(struct condition *condition, struct mutex *mutex);
void condition_tell(struct condition *condition); /* wakes all */

/* CPUs this process may use, at least 1. */
unsigned pool_cpus(void);

#endif
