#ifndef ODR_OPS_COPY_JOBS_H
#define ODR_OPS_COPY_JOBS_H

#include "pg/pgdata.h"

/* Who copies what: one large file is a job, and so are small ones of one database that fill a chunk
 * together. Large files first, the largest of all at the start, so that workers end together. Pure. */
#define COPY_SMALL_FILE ((uint64_t)512 << 10)
struct copy_job {
	size_t first, count; /* in the order */
	uint64_t bytes;
};
/* files: struct pgdata_file. order (guint) gets the numbers of those to copy; *bytes their size. Files
 * that are copied last are left out. */
GArray *copy_jobs_plan(const GPtrArray *files, GArray *order, uint64_t *bytes);

#endif
