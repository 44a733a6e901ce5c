#include "ops/restore/materialize.h"

#include "base/error.h"
#include "base/file.h"
#include "base/pool.h"
#include "ops/assembly.h"
#include "ops/attributes.h"
#include "ops/content.h"
#include "ops/restore/materialize_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Ranges nearer than this are fetched as one; so much is fetched at once, and by all workers together. */
#define MERGE_GAP     ((uint64_t)256 << 10)
#define FETCH_MAX     ((uint64_t)8 << 20)
#define FETCH_BUFFERS ((uint64_t)96 << 20)
/* Threads to a worker: while one opens chunks and writes, the other waits for the store. */
#define FETCHERS  2
#define NO_TARGET UINT64_MAX

struct materializer {
	struct materialize_settings settings;
	struct materialize_plan plan;
	Assemblies *assemblies;
	uint64_t bytes_done; /* atomic */
};

struct worker {
	struct materializer *all;
	Accounts *accounts; /* NULL: owners stay as they are */
	struct materialize_piece *pieces;
	uint8_t *chunk, *back; /* content of a chunk; of a file read back */
	PackReader *reader;
	uint32_t pack;			  /* of the reader */
	struct materialize_target target; /* the file that is open */
	uint64_t target_number;
	int fd;
};

Materializer *materializer_new(const struct materialize_settings *settings)
{
	Materializer *all = g_new0(Materializer, 1);
	uint64_t packs = 0;

	for (guint i = 0; i < settings->tables->len; i++)
		packs += ((const Table *)settings->tables->pdata[i])->rows->len;
	all->settings = *settings;
	all->assemblies = assemblies_new(settings->digest_seed);
	materialize_plan_init(&all->plan, packs, settings->spool);
	return all;
}

void materializer_free(Materializer *all)
{
	if (!all)
		return;
	materialize_plan_clear(&all->plan);
	assemblies_free(all->assemblies);
	g_free(all);
}

bool materializer_add(Materializer *all, const struct layer_entry *entry, const char *path,
		      GError **error)
{
	return materialize_plan_add(&all->plan, entry, path, error);
}

/* One file. */

static void close_target(struct worker *worker)
{
	if (worker->fd >= 0)
		close(worker->fd);
	worker->fd = -1;
	worker->target_number = NO_TARGET;
	materialize_target_clear(&worker->target);
}

static bool open_target(struct worker *worker, const struct materialize_piece *piece,
			GError **error)
{
	if (worker->target_number == piece->target)
		return true;
	close_target(worker);
	if (!materialize_plan_target(&worker->all->plan, piece, &worker->target, error))
		return false;
	worker->fd =
		open(worker->target.entry.path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (worker->fd < 0)
		return odr_fail_errno(error, errno, "cannot create '%s'",
				      worker->target.entry.path);
	worker->target_number = piece->target;
	return true;
}

/* digests: of its blocks, or NULL. */
static bool target_digest(const struct worker *worker, const uint8_t *digests,
			  uint8_t digest[XXH128_SIZE], GError **error)
{
	struct content content = {.fd = worker->fd,
				  .size = worker->target.entry.size,
				  .digest_seed = worker->all->settings.digest_seed,
				  .buffer = worker->back};

	if (!digests)
		return content_digest(&content, digest, error) ||
		       odr_context(error, "cannot read '%s' back", worker->target.entry.path);
	content_digest_join(content.digest_seed, digests, content_blocks(content.size), digest);
	return true;
}

/* The last piece is in: length, digest, attributes. */
static bool finish_target(struct worker *worker, const uint8_t *digests, GError **error)
{
	const struct layer_entry *entry = &worker->target.entry;
	uint8_t digest[XXH128_SIZE];

	if (!worker->target.ended && ftruncate(worker->fd, (off_t)entry->size) < 0)
		return odr_fail_errno(error, errno, "cannot size '%s'", entry->path);
	if (!target_digest(worker, digests, digest, error))
		return false;
	if (memcmp(digest, entry->digest, XXH128_SIZE) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"'%s' was put together wrongly: its digest is not that of the "
				"captured content",
				entry->path);
	return attributes_apply(worker->fd, entry->path, entry, worker->accounts, error);
}

/* Counts it, and finishes the file with its last piece. */
static bool note_piece(struct worker *worker, const struct materialize_piece *piece,
		       const uint8_t *data, GError **error)
{
	struct materializer *all = worker->all;
	const struct materialize_target *target = &worker->target;
	g_autofree uint8_t *digests = NULL;
	uint8_t digest[XXH128_SIZE];

	if (target->blocks)
		xxh128(all->settings.digest_seed, data, piece->length, digest);
	if (target->pieces == 1 && !target->zeros)
		return finish_target(worker, target->blocks ? digest : NULL, error);
	return !assemblies_note(all->assemblies, target, piece, digest, &digests) ||
	       finish_target(worker, digests, error);
}

static bool write_piece(struct worker *worker, const struct materialize_piece *piece,
			GError **error)
{
	const uint8_t *data = worker->chunk + piece->slice;

	if (!open_target(worker, piece, error))
		return false;
	if (!file_pwrite(worker->fd, data, piece->length, (off_t)piece->file_offset, error))
		return odr_context(error, "cannot write '%s'", worker->target.entry.path);
	/* Writeback runs beside the work, so that the sync at the end is short. */
	if (worker->target.pieces > 1 || piece->length >= CONTENT_BLOCK_SIZE / 2)
		sync_file_range(worker->fd, (off_t)piece->file_offset, piece->length,
				SYNC_FILE_RANGE_WRITE);
	__atomic_add_fetch(&worker->all->bytes_done, piece->length, __ATOMIC_RELAXED);
	return note_piece(worker, piece, data, error);
}

/* One job: pieces of one pack. */

static bool open_pack(struct worker *worker, uint32_t pack, GError **error)
{
	const struct materialize_settings *settings = &worker->all->settings;

	/* Of a pack of many files several jobs are made: its header is read once. */
	if (worker->reader && worker->pack == pack)
		return true;
	g_clear_pointer(&worker->reader, pack_reader_free);
	worker->pack = pack;
	for (guint i = 0; i < settings->tables->len; i++) {
		const Table *table = settings->tables->pdata[i];

		if (pack < table->rows->len) {
			worker->reader = pack_reader_open(
				settings->repo, settings->identity, table->generation,
				&g_array_index(table->rows, struct pack_row, pack), error);
			return worker->reader != NULL;
		}
		pack -= table->rows->len;
	}
	return odr_fail(error, ODR_ERROR_CORRUPT, "an extent names a pack that is not there");
}

static bool same_chunk(const struct materialize_piece *a, const struct materialize_piece *b)
{
	return a->place.offset == b->place.offset;
}

/* The pieces lie in one range that was fetched. */
static bool write_range(struct worker *worker, const struct materialize_piece *pieces, size_t count,
			GError **error)
{
	for (size_t i = 0; i < count; i++) {
		if ((i == 0 || !same_chunk(&pieces[i], &pieces[i - 1])) &&
		    !pack_reader_chunk(worker->reader, &pieces[i].place, worker->chunk, error))
			return false;
		if (!write_piece(worker, &pieces[i], error))
			return false;
	}
	return true;
}

/* How many of the pieces, from the first of them, one fetch serves; *span is its size. */
static size_t merge_pieces(const struct materializer *all, const struct materialize_piece *pieces,
			   size_t count, size_t *span)
{
	uint64_t limit = MIN(FETCH_MAX, FETCH_BUFFERS / (FETCHERS * all->settings.workers));
	uint64_t from = pieces[0].place.offset, to = from;
	size_t merged = 0;

	for (; merged < count; merged++) {
		const struct chunk_place *place = &pieces[merged].place;
		uint64_t end = place->offset + place->sealed_size;

		if (merged > 0 && (place->offset > to + MERGE_GAP || end > from + limit))
			break;
		to = MAX(to, end);
	}
	*span = (size_t)(to - from);
	return merged;
}

static bool write_hollow(struct worker *worker, const struct materialize_job *job, GError **error)
{
	for (size_t i = 0; i < job->count; i++)
		if (!open_target(worker, &worker->pieces[i], error) ||
		    !finish_target(worker, NULL, error))
			return false;
	return true;
}

static bool worker_run(void *shared, void *context, size_t number, GError **error)
{
	struct materializer *all = shared;
	struct worker *worker = context;
	const struct materialize_piece *pieces = worker->pieces;
	const struct materialize_job *job =
		&g_array_index(all->plan.jobs, struct materialize_job, number);

	if (!materialize_plan_pieces(&all->plan, job, worker->pieces, error))
		return false;
	if (pieces[0].place.pack == MATERIALIZE_NO_PACK)
		return write_hollow(worker, job, error);
	if (!open_pack(worker, pieces[0].place.pack, error))
		return false;
	for (size_t done = 0, merged; done < job->count; done += merged) {
		size_t span;

		merged = merge_pieces(all, &pieces[done], job->count - done, &span);
		if (!pack_reader_fetch(worker->reader, pieces[done].place.offset, span, error) ||
		    !write_range(worker, &pieces[done], merged, error))
			return false;
	}
	return true;
}

/* The pool. */

static bool worker_begin(void *shared, unsigned number, void **context, GError **error)
{
	struct worker *worker = g_new0(struct worker, 1);

	(void)number, (void)error;
	worker->all = shared;
	if (worker->all->settings.set_owner)
		worker->accounts = accounts_new();
	worker->pieces = g_new(struct materialize_piece, MATERIALIZE_JOB_MAX);
	worker->chunk = g_malloc(CHUNK_MAX);
	worker->back = g_malloc(CONTENT_BLOCK_SIZE);
	worker->target_number = NO_TARGET;
	worker->fd = -1;
	*context = worker;
	return true;
}

static bool worker_end(void *shared, void *context, bool finished, GError **error)
{
	struct worker *worker = context;

	(void)shared, (void)finished, (void)error;
	close_target(worker);
	accounts_free(worker->accounts);
	pack_reader_free(worker->reader);
	g_free(worker->pieces);
	g_free(worker->chunk);
	g_free(worker->back);
	g_free(worker);
	return true;
}

static void tick(void *shared)
{
	struct materializer *all = shared;

	if (all->settings.tick)
		all->settings.tick(all->settings.tick_data,
				   __atomic_load_n(&all->bytes_done, __ATOMIC_RELAXED));
}

bool materializer_run(Materializer *all, GError **error)
{
	unsigned workers = FETCHERS * all->settings.workers;

	return materialize_plan_sort(&all->plan, workers, error) &&
	       pool_run(&(struct pool_work){.workers = workers,
					    .jobs = all->plan.jobs->len,
					    .shared = all,
					    .begin = worker_begin,
					    .run = worker_run,
					    .end = worker_end,
					    .tick = tick,
					    .tick_ms = 200},
			error);
}
