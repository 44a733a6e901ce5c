#ifndef ODR_OPS_MATERIALIZE_PLAN_H
#define ODR_OPS_MATERIALIZE_PLAN_H

#include "ops/materialize.h"

/* What is written where, and in which order: by pack and offset, so that each chunk is opened once. */

/* One stretch of one file and the chunk it comes from. */
struct materialize_piece {
	struct chunk_place place;
	uint32_t table, slice, file; /* file: of the plan's targets */
	uint32_t length;
	uint64_t file_offset;
};
struct materialize_target {
	const struct materialize_file *file;
	uint64_t pieces_left; /* atomic */
	uint8_t *digests;     /* of 1 MiB blocks; NULL: read back */
};
struct materialize_job {
	size_t first, count; /* pieces of one pack */
};
struct materialize_plan {
	struct materialize_target *targets;
	size_t count;
	GArray *pieces; /* struct materialize_piece, by table, pack, offset, slice */
	GArray *jobs;	/* struct materialize_job */
};

/* Fails with CORRUPT for an entry that no file can have. Clear it in any case. */
bool materialize_plan_make(struct materialize_plan *plan, const GPtrArray *files,
			   uint64_t digest_seed, GError **error);
void materialize_plan_clear(struct materialize_plan *plan);

/* Inside materialize*.c: 1 MiB blocks of a file of this size; an empty file has one. */
uint64_t materialize_blocks(uint64_t size);
/* The content digest of a file that is read. buffer: CONTENT_BLOCK_SIZE. */
bool materialize_digest(uint64_t seed, int fd, uint64_t size, uint8_t *buffer,
			uint8_t digest[XXH128_SIZE], GError **error);

#endif
