#include "ops/restore/materialize_plan.h"

#include "base/bytes.h"
#include "base/error.h"

#include <string.h>

/* A larger file is not what a file system of ours holds: its size is damaged, or a lie. */
#define FILE_SIZE_MAX ((uint64_t)16 << 40)
#define JOBS_EACH     2
#define JOB_LEAST     512
#define ORDER_SIZE    16 /* big-endian: u32 pack · u64 offset · u32 slice */

enum { ZEROS = 1 << 0, ENDED = 1 << 1, BLOCKS = 1 << 2 };

void materialize_target_clear(struct materialize_target *target)
{
	g_clear_pointer(&target->entry.path, g_free);
	g_clear_pointer(&target->entry.owner, g_free);
	g_clear_pointer(&target->entry.group, g_free);
}

void materialize_plan_init(struct materialize_plan *plan, uint64_t packs, const char *spool)
{
	plan->packs = packs;
	plan->targets = spool_new(spool);
	plan->sorter = sorter_new(spool);
	plan->pieces = spool_new(spool);
	plan->jobs = g_array_new(false, false, sizeof(struct materialize_job));
}

void materialize_plan_clear(struct materialize_plan *plan)
{
	spool_free(plan->targets);
	sorter_free(plan->sorter);
	spool_free(plan->pieces);
	g_array_unref(plan->jobs);
}

/* Targets. */

/* Data longer than a block is in several; zeros are any number of whole ones. */
static bool is_blocks(uint64_t offset, const struct extent *extent, uint64_t size)
{
	uint64_t end = offset + extent->length;

	return offset % CONTENT_BLOCK_SIZE == 0 && (end % CONTENT_BLOCK_SIZE == 0 || end == size) &&
	       (extent->kind == EXTENT_ZERO || extent->length <= CONTENT_BLOCK_SIZE);
}

static bool check_extent(const struct materialize_plan *plan, const struct layer_entry *entry,
			 const struct extent *extent, GError **error)
{
	const struct chunk_place *place = &extent->place;

	if (extent->kind == EXTENT_INHERITED)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"'%s' inherits content from a layer that is not there",
				entry->path);
	if (extent->kind != EXTENT_DATA)
		return true;
	if (place->pack >= plan->packs)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"an extent of '%s' names a pack that is not there", entry->path);
	if (extent->slice + extent->length > place->plain_size)
		return odr_fail(error, ODR_ERROR_CORRUPT, "an extent of '%s' leaves its chunk",
				entry->path);
	return true;
}

/* What the extents make of the file. */
static bool judge(const struct materialize_plan *plan, const struct layer_entry *entry,
		  struct materialize_target *target, GError **error)
{
	uint64_t offset = 0;

	if (entry->size > FILE_SIZE_MAX)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"'%s' cannot have %" G_GUINT64_FORMAT " bytes", entry->path,
				entry->size);
	*target = (struct materialize_target){.entry = *entry, .blocks = true};
	for (guint i = 0; i < entry->extents->len; i++) {
		const struct extent *extent = &g_array_index(entry->extents, struct extent, i);

		if (!check_extent(plan, entry, extent, error))
			return false;
		target->ended = extent->kind == EXTENT_DATA;
		target->pieces += target->ended;
		target->zeros |= !target->ended;
		target->blocks &= is_blocks(offset, extent, entry->size);
		offset += extent->length;
	}
	return true;
}

static void put_text(GByteArray *out, const char *text)
{
	size_t length = text ? strlen(text) : 0;

	bytes_put_u16(out, (uint16_t)length);
	bytes_put(out, text, length);
}

static char *get_text(struct bytes_reader *reader)
{
	size_t length = bytes_get_u16(reader);

	return g_strndup((const char *)bytes_get(reader, length), length);
}

static void target_encode(const struct materialize_target *target, GByteArray *out)
{
	const struct layer_entry *entry = &target->entry;

	bytes_put_u8(out, (target->zeros ? ZEROS : 0) | (target->ended ? ENDED : 0) |
				  (target->blocks ? BLOCKS : 0));
	bytes_put_u32(out, target->pieces);
	bytes_put_u64(out, entry->size);
	bytes_put_u64(out, (uint64_t)entry->mtime_ns);
	bytes_put_u32(out, entry->mode);
	bytes_put_u32(out, entry->uid);
	bytes_put_u32(out, entry->gid);
	bytes_put(out, entry->digest, XXH128_SIZE);
	put_text(out, entry->path);
	put_text(out, entry->owner);
	put_text(out, entry->group);
}

static bool target_decode(const uint8_t *bytes, size_t size, struct materialize_target *target,
			  GError **error)
{
	struct layer_entry *entry = &target->entry;
	struct bytes_reader reader;
	const uint8_t *digest;
	uint8_t flags;

	bytes_reader_init(&reader, bytes, size);
	flags = bytes_get_u8(&reader);
	*target = (struct materialize_target){.zeros = flags & ZEROS,
					      .ended = flags & ENDED,
					      .blocks = flags & BLOCKS,
					      .pieces = bytes_get_u32(&reader)};
	entry->kind = ENTRY_FILE;
	entry->size = bytes_get_u64(&reader);
	entry->mtime_ns = (int64_t)bytes_get_u64(&reader);
	entry->mode = bytes_get_u32(&reader);
	entry->uid = bytes_get_u32(&reader);
	entry->gid = bytes_get_u32(&reader);
	digest = bytes_get(&reader, XXH128_SIZE);
	if (digest)
		memcpy(entry->digest, digest, XXH128_SIZE);
	entry->path = get_text(&reader);
	entry->owner = get_text(&reader);
	entry->group = get_text(&reader);
	if (bytes_reader_ok(&reader) && bytes_reader_left(&reader) == 0)
		return true;
	materialize_target_clear(target);
	return odr_fail(error, ODR_ERROR_SYSTEM, "the list of files was damaged");
}

/* Pieces. */

static bool add_piece(struct materialize_plan *plan, const struct materialize_piece *piece,
		      GError **error)
{
	const struct chunk_place *place = &piece->place;
	uint32_t pack = GUINT32_TO_BE(place->pack), slice = GUINT32_TO_BE(piece->slice);
	uint64_t offset = GUINT64_TO_BE(place->offset);
	uint8_t key[ORDER_SIZE];

	memcpy(key, &pack, sizeof(pack));
	memcpy(key + 4, &offset, sizeof(offset));
	memcpy(key + 12, &slice, sizeof(slice));
	plan->added++;
	return sorter_add(plan->sorter,
			  &(struct sorter_record){.key = key,
						  .key_size = sizeof(key),
						  .value = piece,
						  .value_size = sizeof(*piece)},
			  error);
}

static bool add_pieces(struct materialize_plan *plan, const struct layer_entry *entry,
		       struct materialize_piece *piece, GError **error)
{
	uint64_t offset = 0;

	for (guint i = 0; i < entry->extents->len; i++) {
		const struct extent *extent = &g_array_index(entry->extents, struct extent, i);

		piece->place = extent->place;
		piece->slice = extent->slice;
		piece->length = (uint32_t)extent->length;
		piece->file_offset = offset;
		if (extent->kind == EXTENT_DATA && !add_piece(plan, piece, error))
			return false;
		offset += extent->length;
	}
	return true;
}

bool materialize_plan_add(struct materialize_plan *plan, const struct layer_entry *entry,
			  const char *path, GError **error)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	struct materialize_piece piece = {.place.pack = MATERIALIZE_NO_PACK,
					  .target = spool_size(plan->targets)};
	struct materialize_target target;

	if (!judge(plan, entry, &target, error))
		return false;
	target.entry.path = (char *)path;
	target_encode(&target, bytes);
	piece.target_size = bytes->len;
	if (!spool_append(plan->targets, bytes->data, bytes->len, error))
		return false;
	return target.pieces > 0 ? add_pieces(plan, entry, &piece, error)
				 : add_piece(plan, &piece, error);
}

/* Jobs. */

/* Whoever has the last job works alone: of small files, where a job is many, each worker has several. */
static size_t job_limit(const struct materialize_plan *plan, unsigned workers)
{
	return CLAMP(plan->added / ((uint64_t)workers * JOBS_EACH), JOB_LEAST, MATERIALIZE_JOB_MAX);
}

static void note_piece(struct materialize_plan *plan, const struct materialize_piece *piece,
		       uint64_t number, size_t limit, uint32_t *pack)
{
	GArray *jobs = plan->jobs;
	struct materialize_job *last =
		jobs->len ? &g_array_index(jobs, struct materialize_job, jobs->len - 1) : NULL;
	struct materialize_job job = {.first = number, .count = 1};

	if (last && *pack == piece->place.pack && last->count < limit)
		last->count++;
	else
		g_array_append_val(jobs, job);
	*pack = piece->place.pack;
}

bool materialize_plan_sort(struct materialize_plan *plan, unsigned workers, GError **error)
{
	size_t limit = job_limit(plan, workers);
	struct sorter_record record;
	uint32_t pack = 0;

	if (!sorter_sort(plan->sorter, error))
		return false;
	for (uint64_t number = 0;; number++) {
		struct materialize_piece piece;

		if (!sorter_next(plan->sorter, &record, error))
			return false;
		if (!record.key)
			break;
		memcpy(&piece, record.value, sizeof(piece));
		note_piece(plan, &piece, number, limit, &pack);
		if (!spool_append(plan->pieces, &piece, sizeof(piece), error))
			return false;
	}
	g_clear_pointer(&plan->sorter, sorter_free);
	return true;
}

bool materialize_plan_pieces(const struct materialize_plan *plan, const struct materialize_job *job,
			     struct materialize_piece pieces[MATERIALIZE_JOB_MAX], GError **error)
{
	return spool_read(plan->pieces, job->first * sizeof(*pieces), pieces,
			  job->count * sizeof(*pieces), error);
}

bool materialize_plan_target(const struct materialize_plan *plan,
			     const struct materialize_piece *piece,
			     struct materialize_target *target, GError **error)
{
	g_autofree uint8_t *bytes = g_malloc(piece->target_size);

	return spool_read(plan->targets, piece->target, bytes, piece->target_size, error) &&
	       target_decode(bytes, piece->target_size, target, error);
}
