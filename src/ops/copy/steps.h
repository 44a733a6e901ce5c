#ifndef ODR_OPS_COPY_STEPS_H
#define ODR_OPS_COPY_STEPS_H

#include "base/sorter.h"
#include "ops/accounts.h"
#include "ops/copy/copy.h"
#include "ops/copy/jobs.h"
#include "ops/copy/pages.h"

/* What the files of a copy share: copy.c lists and concludes, copy_worker.c reads. */
struct copy {
	struct copy_settings settings;
	const GPtrArray *files; /* struct pgdata_file */
	GArray *order;		/* guint: files to copy, as jobs want them */
	GArray *jobs;
	Sorter *kept; /* what was copied, by path */
	Accounts *accounts;
	uint64_t bytes_total;
	uint64_t bytes_done; /* atomic */
	GError *tick_error;  /* of the calling thread */
	int cancelled;	     /* atomic: tick_error is set */
};

/* One file on its way: what it will be in the layer, what was found in its pages. */
struct copy_file {
	struct layer_entry *entry;
	struct page_findings findings;
};
void copy_file_init(struct copy_file *file, const struct pgdata_file *listed, Accounts *accounts);
void copy_file_clear(struct copy_file *file);
/* It is complete: remembers it. Thread-safe. */
bool copy_keep(struct copy *copy, const struct copy_file *file, GError **error);

/* copy_worker.c: one worker of the pool; its jobs are those of the copy. */
bool copy_worker_begin(void *shared, unsigned number, void **context, GError **error);
bool copy_worker_run(void *shared, void *context, size_t number, GError **error);
bool copy_worker_end(void *shared, void *context, bool finished, GError **error);

#endif
