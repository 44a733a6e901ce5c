#ifndef ODR_OPS_COPY_STEPS_H
#define ODR_OPS_COPY_STEPS_H

#include "ops/copy.h"
#include "ops/copy_jobs.h"
#include "ops/copy_pages.h"

/* What the files of a copy share: copy.c lists and concludes, copy_worker.c reads. */

/* One file on its way: what it was listed as, what became of it. */
struct copy_file {
	const struct pgdata_file *listed;
	struct layer_entry *entry; /* NULL: vanished, or not a file */
	struct page_findings findings;
};

struct copy {
	struct copy_settings settings;
	struct copy_file *files;
	size_t count;
	GArray *order; /* guint: files to copy, as jobs want them */
	GArray *jobs;
	uint64_t bytes_total;
	uint64_t bytes_done; /* atomic */
	GPtrArray *outside;  /* struct layer_entry */
	GHashTable *owners, *groups;
	GError *tick_error; /* of the calling thread */
	int cancelled;	    /* atomic: tick_error is set */
};

/* copy_worker.c: one worker of the pool; its jobs are those of the copy. */
bool copy_worker_begin(void *shared, unsigned number, void **context, GError **error);
bool copy_worker_run(void *shared, void *context, size_t number, GError **error);
bool copy_worker_end(void *shared, void *context, bool finished, GError **error);

#endif
