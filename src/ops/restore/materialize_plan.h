#ifndef ODR_OPS_RESTORE_MATERIALIZE_PLAN_H
#define ODR_OPS_RESTORE_MATERIALIZE_PLAN_H

#include "base/sorter.h"
#include "base/spool.h"
#include "ops/restore/materialize.h"

/* What is written where, and in which order: by pack and offset, so that each chunk is opened once. */

/* A file to be written. */
struct materialize_target {
	struct layer_entry entry; /* its path is where the file goes; its extents are the pieces */
	uint32_t pieces;
	bool zeros;  /* some of it is in no piece */
	bool ended;  /* its end is that of a piece */
	bool blocks; /* each piece is one block of the content digest: that needs no reading back */
};
void materialize_target_clear(struct materialize_target *target);

/* One stretch of a file and the chunk it comes from. A file without content has one piece, of no length. */
struct materialize_piece {
	struct chunk_place place;
	uint32_t slice, length;
	uint64_t file_offset;
	uint64_t target; /* where it stands in the plan's list of targets */
	uint32_t target_size;
};
struct materialize_job {
	uint64_t first; /* piece */
	size_t count;	/* of one pack */
};
struct materialize_plan {
	uint64_t packs; /* numbered from 0 */
	Spool *targets;
	Sorter *sorter; /* of pieces; NULL when they are in order */
	uint64_t added; /* pieces */
	Spool *pieces;	/* struct materialize_piece, by pack, offset and slice */
	GArray *jobs;	/* struct materialize_job */
};
#define MATERIALIZE_JOB_MAX ((size_t)8192) /* pieces */
#define MATERIALIZE_NO_PACK UINT32_MAX	   /* of a piece without length */

void materialize_plan_init(struct materialize_plan *plan, uint64_t packs, const char *spool);
void materialize_plan_clear(struct materialize_plan *plan);
bool materialize_plan_add(struct materialize_plan *plan, const struct layer_entry *entry,
			  const char *path, GError **error);
/* When all files were added: the jobs, small enough that so many workers have some each. */
bool materialize_plan_sort(struct materialize_plan *plan, unsigned workers, GError **error);
/* By the workers: the pieces of a job; the target of a piece, to be cleared. */
bool materialize_plan_pieces(const struct materialize_plan *plan, const struct materialize_job *job,
			     struct materialize_piece pieces[MATERIALIZE_JOB_MAX], GError **error);
bool materialize_plan_target(const struct materialize_plan *plan,
			     const struct materialize_piece *piece,
			     struct materialize_target *target, GError **error);

#endif
