#include "ops/materialize.h"

#include "base/error.h"
#include "base/file.h"
#include "base/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Ranges nearer than this are fetched as one; so much is fetched at once. */
#define MERGE_GAP ((uint64_t)256 << 10)
#define FETCH_MAX ((uint64_t)8 << 20)
/* A larger file is not what a file system of ours holds: its size is damaged, or a lie. */
#define FILE_SIZE_MAX ((uint64_t)16 << 40)

/* One stretch of one file and the chunk it comes from. */
struct piece {
	struct chunk_place place;
	uint32_t table, slice, file;
	uint32_t length;
	uint64_t file_offset;
};

struct target {
	const struct materialize_file *file;
	uint64_t pieces_left; /* atomic */
	uint8_t *digests;     /* of 1 MiB blocks; NULL: read back */
};

struct job {
	size_t first, count; /* pieces of one pack */
};

struct materializer {
	const struct materialize_settings *settings;
	struct target *targets;
	size_t count;
	GArray *pieces, *jobs;
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

static uint64_t block_count(uint64_t size)
{
	return size == 0 ? 1 : (size + CONTENT_BLOCK_SIZE - 1) / CONTENT_BLOCK_SIZE;
}

static bool is_block(uint64_t offset, uint64_t length, uint64_t size)
{
	return offset % CONTENT_BLOCK_SIZE == 0 &&
	       (length == CONTENT_BLOCK_SIZE ||
		(length < CONTENT_BLOCK_SIZE && offset + length == size));
}

static void zero_digests(const struct materializer *all, struct target *target, uint64_t offset,
			 uint64_t length)
{
	static const uint8_t zeros[CONTENT_BLOCK_SIZE];
	uint64_t end = offset + length;

	for (; offset < end; offset += CONTENT_BLOCK_SIZE)
		xxh128(all->settings->digest_seed, zeros,
		       (size_t)MIN(CONTENT_BLOCK_SIZE, end - offset),
		       target->digests + offset / CONTENT_BLOCK_SIZE * XXH128_SIZE);
}

/* Extents become pieces; block digests are collected where extents and blocks agree. */
static bool plan_target(struct materializer *all, uint32_t number, GError **error)
{
	struct target *target = &all->targets[number];
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
			struct piece piece = {.place = extent->place,
					      .table = target->file->table,
					      .slice = extent->slice,
					      .file = number,
					      .length = (uint32_t)extent->length,
					      .file_offset = offset};

			g_array_append_val(all->pieces, piece);
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
	target->digests = g_malloc0(block_count(entry->size) * XXH128_SIZE);
	offset = 0;
	for (guint i = 0; i < entry->extents->len; i++) {
		const struct extent *extent = &g_array_index(entry->extents, struct extent, i);

		if (extent->kind == EXTENT_ZERO)
			zero_digests(all, target, offset, extent->length);
		offset += extent->length;
	}
	if (entry->size == 0)
		xxh128(all->settings->digest_seed, "", 0, target->digests);
	return true;
}

static int compare_pieces(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	if (x->place.pack != y->place.pack)
		return x->place.pack < y->place.pack ? -1 : 1;
	if (x->place.offset != y->place.offset)
		return x->place.offset < y->place.offset ? -1 : 1;
	return x->slice < y->slice ? -1 : x->slice > y->slice;
}

static bool same_pack(const struct piece *a, const struct piece *b)
{
	return a->table == b->table && a->place.pack == b->place.pack;
}

static const struct piece *piece_at(const struct materializer *all, size_t index)
{
	return &g_array_index(all->pieces, struct piece, index);
}

static void plan_jobs(struct materializer *all)
{
	g_array_sort(all->pieces, compare_pieces);
	for (size_t i = 0; i < all->pieces->len;) {
		struct job job = {.first = i};

		while (i < all->pieces->len &&
		       same_pack(piece_at(all, job.first), piece_at(all, i)))
			i++;
		job.count = i - job.first;
		g_array_append_val(all->jobs, job);
	}
}

static uid_t owner_of(const struct layer_entry *entry)
{
	struct passwd account, *found = NULL;
	char buffer[4096];

	if (entry->owner && entry->owner[0])
		getpwnam_r(entry->owner, &account, buffer, sizeof(buffer), &found);
	return found ? found->pw_uid : entry->uid;
}

static gid_t group_of(const struct layer_entry *entry)
{
	struct group account, *found = NULL;
	char buffer[4096];

	if (entry->group && entry->group[0])
		getgrnam_r(entry->group, &account, buffer, sizeof(buffer), &found);
	return found ? found->gr_gid : entry->gid;
}

bool materialize_attributes(int fd, const char *path, const struct layer_entry *entry,
			    bool set_owner, GError **error)
{
	struct timespec times[2] = {
		{.tv_nsec = UTIME_OMIT},
		{.tv_sec = entry->mtime_ns / 1000000000, .tv_nsec = entry->mtime_ns % 1000000000}};

	if (times[1].tv_nsec < 0) {
		times[1].tv_sec--;
		times[1].tv_nsec += 1000000000;
	}
	if (set_owner && fchown(fd, owner_of(entry), group_of(entry)) < 0)
		return odr_fail_errno(error, errno, "cannot set the owner of '%s'", path);
	/* No server needs a file that runs as its owner; whoever made the set may want one of root's. */
	if (fchmod(fd, entry->mode & (entry->kind == ENTRY_FILE ? 0777 : 03777)) < 0)
		return odr_fail_errno(error, errno, "cannot set the mode of '%s'", path);
	if (futimens(fd, times) < 0)
		return odr_fail_errno(error, errno, "cannot set the time of '%s'", path);
	return true;
}

static bool digest_of_file(uint64_t seed, int fd, uint64_t size, uint8_t *buffer,
			   uint8_t digest[XXH128_SIZE], GError **error)
{
	g_autofree uint8_t *digests = g_malloc(block_count(size) * XXH128_SIZE);

	for (uint64_t offset = 0, block = 0; offset < size || block == 0;
	     offset += CONTENT_BLOCK_SIZE, block++) {
		ssize_t got = file_pread(fd, buffer, (size_t)MIN(CONTENT_BLOCK_SIZE, size - offset),
					 (off_t)offset, error);

		if (got < 0)
			return false;
		xxh128(seed, buffer, (size_t)got, digests + block * XXH128_SIZE);
	}
	content_digest_join(seed, digests, block_count(size), digest);
	return true;
}

/* The last piece is in: length, digest, attributes. */
static bool finish_file(struct materializer *all, struct target *target, int fd, uint8_t *buffer,
			GError **error)
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
		content_digest_join(seed, target->digests, block_count(entry->size), digest);
	else if (!digest_of_file(seed, fd, entry->size, buffer, digest, error))
		return odr_context(error, "cannot read '%s' back", target->file->path);
	if (memcmp(digest, entry->digest, XXH128_SIZE) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"'%s' was put together wrongly: its digest is not that of the "
				"captured content",
				target->file->path);
	g_clear_pointer(&target->digests, g_free);
	return materialize_attributes(fd, target->file->path, entry, all->settings->set_owner,
				      error);
}

static int open_target(const struct target *target, GError **error)
{
	int fd = open(target->file->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		odr_fail_errno(error, errno, "cannot create '%s'", target->file->path);
	return fd;
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

static bool write_piece(struct worker *worker, const struct piece *piece, GError **error)
{
	struct materializer *all = worker->all;
	struct target *target = &all->targets[piece->file];
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

static bool same_chunk(const struct piece *a, const struct piece *b)
{
	return a->place.offset == b->place.offset;
}

/* Pieces [first, end) lie in one range that was fetched. */
static bool write_range(struct worker *worker, size_t first, size_t end, GError **error)
{
	struct materializer *all = worker->all;

	for (size_t i = first; i < end; i++) {
		const struct piece *piece = piece_at(all, i);

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
	const struct job *job = &g_array_index(all->jobs, struct job, number);
	const struct piece *head = piece_at(all, job->first);
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

	for (size_t i = 0; i < all->count; i++) {
		struct target *target = &all->targets[i];

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

static void materializer_init(struct materializer *all, const struct materialize_settings *settings,
			      const GPtrArray *files)
{
	*all = (struct materializer){
		.settings = settings,
		.targets = g_new0(struct target, files->len),
		.count = files->len,
		.pieces = g_array_new(false, false, sizeof(struct piece)),
		.jobs = g_array_new(false, false, sizeof(struct job)),
	};
	for (size_t i = 0; i < all->count; i++)
		all->targets[i].file = files->pdata[i];
}

static void materializer_clear(struct materializer *all)
{
	for (size_t i = 0; i < all->count; i++)
		g_free(all->targets[i].digests);
	g_free(all->targets);
	g_array_unref(all->pieces);
	g_array_unref(all->jobs);
}

static bool materialize_all(struct materializer *all, GError **error)
{
	for (uint32_t i = 0; i < all->count; i++)
		if (!plan_target(all, i, error))
			return false;
	plan_jobs(all);
	return write_hollow(all, error) &&
	       pool_run(&(struct pool_work){.workers = all->settings->workers,
					    .jobs = all->jobs->len,
					    .shared = all,
					    .begin = worker_begin,
					    .run = worker_run,
					    .end = worker_end,
					    .tick = tick,
					    .tick_ms = 200},
			error);
}

bool materialize(const struct materialize_settings *settings, const GPtrArray *files,
		 GError **error)
{
	struct materializer all;

	materializer_init(&all, settings, files);
	bool done = materialize_all(&all, error);

	materializer_clear(&all);
	return done;
}

struct comparison {
	const struct materialize_settings *settings;
	const GPtrArray *files;
	bool *kept;
};

static bool compare_begin(void *shared, unsigned number, void **context, GError **error)
{
	(void)shared, (void)number, (void)error;
	*context = g_malloc(CONTENT_BLOCK_SIZE);
	return true;
}

static bool compare_end(void *shared, void *context, bool finished, GError **error)
{
	(void)shared, (void)finished, (void)error;
	g_free(context);
	return true;
}

static bool compare_file(void *shared, void *context, size_t number, GError **error)
{
	struct comparison *comparison = shared;
	const struct materialize_file *file = comparison->files->pdata[number];
	uint8_t digest[XXH128_SIZE];
	struct stat status;
	bool done = true;
	int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return true; /* not there, or not a file: it will be written */
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    (uint64_t)status.st_size == file->entry->size &&
	    digest_of_file(comparison->settings->digest_seed, fd, file->entry->size, context,
			   digest, NULL) &&
	    memcmp(digest, file->entry->digest, XXH128_SIZE) == 0) {
		done = materialize_attributes(fd, file->path, file->entry,
					      comparison->settings->set_owner, error);
		comparison->kept[number] = done;
	}
	close(fd);
	return done;
}

bool materialize_compare(const struct materialize_settings *settings, const GPtrArray *files,
			 bool *kept, GError **error)
{
	struct comparison comparison = {.settings = settings, .files = files, .kept = kept};

	return pool_run(&(struct pool_work){.workers = settings->workers,
					    .jobs = files->len,
					    .shared = &comparison,
					    .begin = compare_begin,
					    .run = compare_file,
					    .end = compare_end},
			error);
}
