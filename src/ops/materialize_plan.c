#include "ops/materialize_plan.h"

#include "base/error.h"

/* A larger file is not what a file system of ours holds: its size is damaged, or a lie. */
#define FILE_SIZE_MAX ((uint64_t)16 << 40)

uint64_t materialize_blocks(uint64_t size)
{
	return size == 0 ? 1 : (size + CONTENT_BLOCK_SIZE - 1) / CONTENT_BLOCK_SIZE;
}

static bool is_block(uint64_t offset, uint64_t length, uint64_t size)
{
	return offset % CONTENT_BLOCK_SIZE == 0 &&
	       (length == CONTENT_BLOCK_SIZE ||
		(length < CONTENT_BLOCK_SIZE && offset + length == size));
}

static void zero_digests(uint64_t seed, struct materialize_target *target, uint64_t offset,
			 uint64_t length)
{
	static const uint8_t zeros[CONTENT_BLOCK_SIZE];
	uint64_t end = offset + length;

	for (; offset < end; offset += CONTENT_BLOCK_SIZE)
		xxh128(seed, zeros, (size_t)MIN(CONTENT_BLOCK_SIZE, end - offset),
		       target->digests + offset / CONTENT_BLOCK_SIZE * XXH128_SIZE);
}

/* Extents become pieces; block digests are collected where extents and blocks agree. */
static bool plan_target(struct materialize_plan *plan, uint32_t number, uint64_t seed,
			GError **error)
{
	struct materialize_target *target = &plan->targets[number];
	const struct layer_entry *entry = target->file->entry;
	uint64_t offset = 0;
	bool aligned = true;

	if (entry->size > FILE_SIZE_MAX)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"'%s' cannot have %" G_GUINT64_FORMAT " bytes", entry->path,
				entry->size);
	for (guint i = 0; i < entry->extents->len; i++) {
		const struct extent *extent = &g_array_index(entry->extents, struct extent, i);
		uint64_t end = offset + extent->length;

		if (extent->kind == EXTENT_DATA) {
			struct materialize_piece piece = {.place = extent->place,
							  .table = target->file->table,
							  .slice = extent->slice,
							  .file = number,
							  .length = (uint32_t)extent->length,
							  .file_offset = offset};

			g_array_append_val(plan->pieces, piece);
			target->pieces_left++;
			aligned = aligned && is_block(offset, extent->length, entry->size);
		} else if (extent->kind == EXTENT_ZERO) {
			aligned = aligned && offset % CONTENT_BLOCK_SIZE == 0 &&
				  (end % CONTENT_BLOCK_SIZE == 0 || end == entry->size);
		} else {
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"'%s' inherits content from a layer that is not there",
					entry->path);
		}
		offset = end;
	}
	if (!aligned)
		return true;
	target->digests = g_malloc0(materialize_blocks(entry->size) * XXH128_SIZE);
	offset = 0;
	for (guint i = 0; i < entry->extents->len; i++) {
		const struct extent *extent = &g_array_index(entry->extents, struct extent, i);

		if (extent->kind == EXTENT_ZERO)
			zero_digests(seed, target, offset, extent->length);
		offset += extent->length;
	}
	if (entry->size == 0)
		xxh128(seed, "", 0, target->digests);
	return true;
}

static int compare_pieces(const void *a, const void *b)
{
	const struct materialize_piece *x = a, *y = b;

	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	if (x->place.pack != y->place.pack)
		return x->place.pack < y->place.pack ? -1 : 1;
	if (x->place.offset != y->place.offset)
		return x->place.offset < y->place.offset ? -1 : 1;
	return x->slice < y->slice ? -1 : x->slice > y->slice;
}

static bool same_pack(const struct materialize_piece *a, const struct materialize_piece *b)
{
	return a->table == b->table && a->place.pack == b->place.pack;
}

static const struct materialize_piece *piece_at(const struct materialize_plan *plan, size_t index)
{
	return &g_array_index(plan->pieces, struct materialize_piece, index);
}

static void plan_jobs(struct materialize_plan *plan)
{
	g_array_sort(plan->pieces, compare_pieces);
	for (size_t i = 0; i < plan->pieces->len;) {
		struct materialize_job job = {.first = i};

		while (i < plan->pieces->len &&
		       same_pack(piece_at(plan, job.first), piece_at(plan, i)))
			i++;
		job.count = i - job.first;
		g_array_append_val(plan->jobs, job);
	}
}

bool materialize_plan_make(struct materialize_plan *plan, const GPtrArray *files,
			   uint64_t digest_seed, GError **error)
{
	*plan = (struct materialize_plan){
		.targets = g_new0(struct materialize_target, files->len),
		.count = files->len,
		.pieces = g_array_new(false, false, sizeof(struct materialize_piece)),
		.jobs = g_array_new(false, false, sizeof(struct materialize_job)),
	};
	for (uint32_t i = 0; i < plan->count; i++) {
		plan->targets[i].file = files->pdata[i];
		if (!plan_target(plan, i, digest_seed, error))
			return false;
	}
	plan_jobs(plan);
	return true;
}

void materialize_plan_clear(struct materialize_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		g_free(plan->targets[i].digests);
	g_free(plan->targets);
	g_array_unref(plan->pieces);
	g_array_unref(plan->jobs);
}
