#include "ops/materialize.h"

#include "base/error.h"
#include "base/file.h"
#include "base/pool.h"
#include "ops/attributes.h"
#include "ops/materialize_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Ranges nearer than this are fetched as one; so much is fetched at once. */
#define MERGE_GAP ((uint64_t)256 << 10)
#define FETCH_MAX ((uint64_t)8 << 20)

struct materializer {
	const struct materialize_settings *settings;
	struct materialize_plan plan;
	uint64_t bytes_done; /* atomic */
};

struct worker {
	struct materializer *all;
	uint8_t *chunk, *back; /* content of a chunk; of a file read back */
	PackReader *reader;
	int fd;
	uint32_t fd_file;
};

void materialize_file_free(struct materialize_file *file)
{
	g_free(file->path);
	g_free(file);
}

/* The last piece is in: length, digest, attributes. */
static bool finish_file(struct materializer *all, struct materialize_target *target, int fd,
			uint8_t *buffer, GError **error)
{
	const struct layer_entry *entry = target->file->entry;
	uint64_t seed = all->settings->digest_seed;
	uint8_t digest[XXH128_SIZE];

	if (entry->extents->len == 0 ||
	    g_array_index(entry->extents, struct extent, entry->extents->len - 1).kind !=
		    EXTENT_DATA) {
		if (ftruncate(fd, (off_t)entry->size) < 0)
			return odr_fail_errno(error, errno, "cannot size '%s'", target->file->path);
	}
	if (target->digests)
		content_digest_join(seed, target->digests, materialize_blocks(entry->size), digest);
	else if (!materialize_digest(seed, fd, entry->size, buffer, digest, error))
		return odr_context(error, "cannot read '%s' back", target->file->path);
	if (memcmp(digest, entry->digest, XXH128_SIZE) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"'%s' was put together wrongly: its digest is not that of the "
				"captured content",
				target->file->path);
	g_clear_pointer(&target->digests, g_free);
	return attributes_apply(fd, target->file->path, entry, all->settings->set_owner, error);
}

static int open_target(const struct materialize_target *target, GError **error)
{
	int fd = open(target->file->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		odr_fail_errno(error, errno, "cannot create '%s'", target->file->path);
	return fd;
}

static const struct materialize_piece *piece_at(const struct materializer *all, size_t index)
{
	return &g_array_index(all->plan.pieces, struct materialize_piece, index);
}

static bool worker_begin(void *shared, unsigned number, void **context, GError **error)
{
	struct worker *worker = g_new0(struct worker, 1);

	(void)number, (void)error;
	worker->all = shared;
	worker->chunk = g_malloc(CHUNK_MAX);
	worker->back = g_malloc(CONTENT_BLOCK_SIZE);
	worker->fd = -1;
	*context = worker;
	return true;
}

static void close_file(struct worker *worker)
{
	if (worker->fd >= 0)
		close(worker->fd);
	worker->fd = -1;
}

static bool worker_end(void *shared, void *context, bool finished, GError **error)
{
	struct worker *worker = context;

	(void)shared, (void)finished, (void)error;
	close_file(worker);
	g_clear_pointer(&worker->reader, pack_reader_free);
	g_free(worker->chunk);
	g_free(worker->back);
	g_free(worker);
	return true;
}

static bool write_piece(struct worker *worker, const struct materialize_piece *piece,
			GError **error)
{
	struct materializer *all = worker->all;
	struct materialize_target *target = &all->plan.targets[piece->file];
	const uint8_t *data = worker->chunk + piece->slice;
	bool whole = piece->length == target->file->entry->size;

	if ((uint64_t)piece->slice + piece->length > piece->place.plain_size)
		return odr_fail(error, ODR_ERROR_CORRUPT, "an extent of '%s' leaves its chunk",
				target->file->entry->path);
	if (worker->fd < 0 || worker->fd_file != piece->file) {
		close_file(worker);
		worker->fd = open_target(target, error);
		worker->fd_file = piece->file;
		if (worker->fd < 0)
			return false;
	}
	if (!file_pwrite(worker->fd, data, piece->length, (off_t)piece->file_offset, error))
		return odr_context(error, "cannot write '%s'", target->file->path);
	/* Writeback runs beside the work, so that the sync at the end is short. */
	if (!whole || piece->length >= CONTENT_BLOCK_SIZE / 2)
		sync_file_range(worker->fd, (off_t)piece->file_offset, piece->length,
				SYNC_FILE_RANGE_WRITE);
	if (target->digests)
		xxh128(all->settings->digest_seed, data, piece->length,
		       target->digests + piece->file_offset / CONTENT_BLOCK_SIZE * XXH128_SIZE);
	__atomic_add_fetch(&all->bytes_done, piece->length, __ATOMIC_RELAXED);
	if (__atomic_sub_fetch(&target->pieces_left, 1, __ATOMIC_ACQ_REL) == 0)
		return finish_file(all, target, worker->fd, worker->back, error);
	return true;
}

static bool same_chunk(const struct materialize_piece *a, const struct materialize_piece *b)
{
	return a->place.offset == b->place.offset;
}

/* Pieces [first, end) lie in one range that was fetched. */
static bool write_range(struct worker *worker, size_t first, size_t end, GError **error)
{
	struct materializer *all = worker->all;

	for (size_t i = first; i < end; i++) {
		const struct materialize_piece *piece = piece_at(all, i);

		if ((i == first || !same_chunk(piece, piece_at(all, i - 1))) &&
		    !pack_reader_chunk(worker->reader, &piece->place, worker->chunk, error))
			return false;
		if (!write_piece(worker, piece, error))
			return false;
	}
	return true;
}

static bool worker_run(void *shared, void *context, size_t number, GError **error)
{
	struct materializer *all = shared;
	struct worker *worker = context;
	const struct materialize_job *job =
		&g_array_index(all->plan.jobs, struct materialize_job, number);
	const struct materialize_piece *head = piece_at(all, job->first);
	const Table *table = all->settings->tables->pdata[head->table];

	if (head->place.pack >= table->rows->len)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"an extent names a pack that is not there");
	g_clear_pointer(&worker->reader, pack_reader_free);
	worker->reader = pack_reader_open(
		all->settings->repo, all->settings->identity, table->generation,
		&g_array_index(table->rows, struct pack_row, head->place.pack), error);
	if (!worker->reader)
		return false;
	for (size_t i = job->first, end; i < job->first + job->count; i = end) {
		uint64_t from = piece_at(all, i)->place.offset, to = from;

		for (end = i; end < job->first + job->count; end++) {
			const struct chunk_place *place = &piece_at(all, end)->place;

			if (place->offset > to + MERGE_GAP ||
			    (end > i && place->offset + place->sealed_size > from + FETCH_MAX))
				break;
			to = MAX(to, place->offset + place->sealed_size);
		}
		if (!pack_reader_fetch(worker->reader, from, (size_t)(to - from), error) ||
		    !write_range(worker, i, end, error))
			return false;
	}
	return true;
}

static void tick(void *shared)
{
	struct materializer *all = shared;

	if (all->settings->tick)
		all->settings->tick(all->settings->tick_data,
				    __atomic_load_n(&all->bytes_done, __ATOMIC_RELAXED));
}

/* Files without any data extent: empty, or zero throughout. */
static bool write_hollow(struct materializer *all, GError **error)
{
	g_autofree uint8_t *buffer = g_malloc(CONTENT_BLOCK_SIZE);

	for (size_t i = 0; i < all->plan.count; i++) {
		struct materialize_target *target = &all->plan.targets[i];

		if (target->pieces_left > 0)
			continue;
		int fd = open_target(target, error);

		if (fd < 0)
			return false;
		bool done = finish_file(all, target, fd, buffer, error);

		close(fd);
		if (!done)
			return false;
	}
	return true;
}

bool materialize(const struct materialize_settings *settings, const GPtrArray *files,
		 GError **error)
{
	struct materializer all = {.settings = settings};
	bool done = materialize_plan_make(&all.plan, files, settings->digest_seed, error) &&
		    write_hollow(&all, error) &&
		    pool_run(&(struct pool_work){.workers = settings->workers,
						 .jobs = all.plan.jobs->len,
						 .shared = &all,
						 .begin = worker_begin,
						 .run = worker_run,
						 .end = worker_end,
						 .tick = tick,
						 .tick_ms = 200},
			     error);

	materialize_plan_clear(&all.plan);
	return done;
}
