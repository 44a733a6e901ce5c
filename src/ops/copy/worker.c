#include "ops/copy/steps.h"

#include "base/error.h"
#include "base/file.h"
#include "pg/page.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct worker {
	struct copy *copy;
	Accounts *accounts;
	PackWriter *packs;
	uint8_t *buffer; /* CHUNK_MAX */
	size_t used;	 /* of the chunk that small files share */
	GArray *sharing; /* struct copy_file of one extent, whose place is not known yet */
	GByteArray *digests;
};

static bool all_zero(const uint8_t *data, size_t size)
{
	return size == 0 || (data[0] == 0 && memcmp(data, data + 1, size - 1) == 0);
}

/* The shared chunk goes into the pack; all that wait for its place get it. */
static bool flush_shared(struct worker *worker, GError **error)
{
	struct chunk_place place;

	if (worker->used == 0)
		return true;
	if (!pack_writer_add(worker->packs, worker->buffer, worker->used, &place, NULL, error))
		return false;
	for (guint i = 0; i < worker->sharing->len; i++) {
		struct copy_file *file = &g_array_index(worker->sharing, struct copy_file, i);

		g_array_index(file->entry->extents, struct extent, 0).place = place;
		if (!copy_keep(worker->copy, file, error))
			return false;
	}
	g_array_set_size(worker->sharing, 0);
	worker->used = 0;
	return true;
}

/* digest gets that of the data. */
static bool add_extent(struct worker *worker, struct layer_entry *entry, const uint8_t *data,
		       size_t size, uint8_t digest[XXH128_SIZE], GError **error)
{
	struct extent extent = {.kind = EXTENT_DATA, .length = size};

	if (all_zero(data, size)) {
		xxh128(worker->copy->settings.digest_seed, data, size, digest);
		struct extent *last = entry->extents->len
					      ? &g_array_index(entry->extents, struct extent,
							       entry->extents->len - 1)
					      : NULL;
		if (last && last->kind == EXTENT_ZERO) {
			last->length += size;
			return true;
		}
		extent.kind = EXTENT_ZERO;
	} else if (!pack_writer_add(worker->packs, data, size, &extent.place, digest, error)) {
		return false;
	}
	g_array_append_val(entry->extents, extent);
	return true;
}

static int open_file(struct worker *worker, const struct pgdata_file *listed, bool *vanished,
		     GError **error)
{
	g_autofree char *path = g_build_filename(worker->copy->settings.pgdata, listed->path, NULL);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	*vanished = false;
	if (fd >= 0)
		return fd;
	/* That of a database goes with the database. */
	if (errno == ENOENT && strcmp(listed->path, "PG_VERSION") != 0) {
		*vanished = true;
		return -1;
	}
	odr_fail_errno(error, errno, "cannot open '%s'", path);
	return -1;
}

/* Content of a small file stays in the chunk that small files share. */
static void share_content(struct worker *worker, struct layer_entry *entry, size_t size,
			  uint8_t digest[XXH128_SIZE])
{
	struct extent extent = {
		.kind = EXTENT_DATA, .length = size, .slice = (uint32_t)worker->used};

	xxh128(worker->copy->settings.digest_seed, worker->buffer + worker->used, size, digest);
	g_array_append_val(entry->extents, extent);
	worker->used += size;
}

/* One file being read, block by block. */
struct reading {
	const struct pgdata_file *listed;
	int fd;
	uint64_t offset;
	uint32_t crc;
	bool small, paged;
	struct page_context pages;
};

/* *ended: the file is shorter than listed, and this was its end. */
static bool copy_block(struct worker *worker, struct copy_file *file, struct reading *reading,
		       bool *ended, GError **error)
{
	uint8_t *data = worker->buffer + (reading->small ? worker->used : 0);
	size_t want = (size_t)MIN(reading->listed->size - reading->offset, CONTENT_BLOCK_SIZE);
	ssize_t got = file_pread(reading->fd, data, want, (off_t)reading->offset, error);
	uint8_t digest[XXH128_SIZE];

	if (got < 0 ||
	    (reading->paged && !copy_pages_check(&reading->pages, data, (size_t)got,
						 reading->offset, &file->findings, error)))
		return odr_context(error, "cannot read '%s'", reading->listed->path);
	*ended = (size_t)got < want;
	if (got == 0)
		return true;
	reading->crc = crc32c_update(reading->crc, data, (size_t)got);
	if (reading->small)
		share_content(worker, file->entry, (size_t)got, digest);
	else if (!add_extent(worker, file->entry, data, (size_t)got, digest, error))
		return false;
	g_byte_array_append(worker->digests, digest, sizeof(digest));
	reading->offset += (uint64_t)got;
	__atomic_add_fetch(&worker->copy->bytes_done, (uint64_t)got, __ATOMIC_RELAXED);
	return true;
}

/* Reads at most the listed size: what grew meanwhile comes back from WAL. */
static bool copy_content(struct worker *worker, const struct pgdata_file *listed, int fd,
			 struct copy_file *file, GError **error)
{
	const struct copy_settings *settings = &worker->copy->settings;
	struct layer_entry *entry = file->entry;
	struct pgdata_relation relation;
	struct reading reading = {
		.listed = listed,
		.fd = fd,
		.crc = crc32c_init(),
		.small = listed->size <= COPY_SMALL_FILE,
		.paged = listed->paged && pgdata_relation_parse(listed->path, &relation),
		.pages = {.control = settings->control,
			  .backup_start = settings->backup_start,
			  .relation = &relation,
			  .fd = fd},
	};
	bool ended = false;

	g_byte_array_set_size(worker->digests, 0);
	while (!ended && reading.offset < listed->size)
		if (!copy_block(worker, file, &reading, &ended, error))
			return false;
	if (reading.offset == 0) {
		g_byte_array_set_size(worker->digests, XXH128_SIZE);
		xxh128(settings->digest_seed, "", 0, worker->digests->data);
	}
	entry->size = reading.offset;
	entry->crc32c = crc32c_value(reading.crc);
	entry->flags |= ENTRY_CRC32C;
	content_digest_join(settings->digest_seed, worker->digests->data,
			    worker->digests->len / XXH128_SIZE, entry->digest);
	if (listed->paged && entry->size % PAGE_SIZE_PG != 0 && copy_size_stays_odd(fd))
		page_findings_add(&file->findings,
				  "its size of %" G_GUINT64_FORMAT " bytes is no multiple of 8192",
				  entry->size);
	return true;
}

static bool copy_opened(struct worker *worker, const struct pgdata_file *listed, int fd,
			GError **error)
{
	struct copy_file file;
	bool done;

	/* Reads ahead for large files; small ones are read at once anyway. */
	if (listed->size > CONTENT_BLOCK_SIZE)
		posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	copy_file_init(&file, listed, worker->accounts);
	done = copy_content(worker, listed, fd, &file, error);
	if (done && listed->size <= COPY_SMALL_FILE && file.entry->size > 0) {
		g_array_append_val(worker->sharing, file);
		return true;
	}
	done = done && copy_keep(worker->copy, &file, error);
	copy_file_clear(&file);
	return done;
}

static bool copy_file(struct worker *worker, const struct pgdata_file *listed, GError **error)
{
	bool vanished;
	int fd = open_file(worker, listed, &vanished, error);

	if (fd < 0)
		return vanished;
	bool done = copy_opened(worker, listed, fd, error);

	close(fd);
	return done;
}

bool copy_worker_begin(void *shared, unsigned number, void **context, GError **error)
{
	struct copy *copy = shared;
	struct worker *worker = g_new0(struct worker, 1);

	(void)number, (void)error;
	worker->copy = copy;
	worker->accounts = accounts_new();
	worker->packs = pack_writer_new(copy->settings.sink);
	/* A file of at most COPY_SMALL_FILE always fits behind a shared chunk that is not full. */
	worker->buffer = g_malloc(CHUNK_MAX + COPY_SMALL_FILE);
	worker->sharing = g_array_new(false, false, sizeof(struct copy_file));
	g_array_set_clear_func(worker->sharing, (GDestroyNotify)copy_file_clear);
	worker->digests = g_byte_array_new();
	*context = worker;
	return true;
}

bool copy_worker_run(void *shared, void *context, size_t number, GError **error)
{
	struct copy *copy = shared;
	struct worker *worker = context;
	const struct copy_job *job = &g_array_index(copy->jobs, struct copy_job, number);

	if (__atomic_load_n(&copy->cancelled, __ATOMIC_RELAXED))
		return odr_fail(error, ODR_ERROR_STOPPED, "stopped");
	for (size_t i = 0; i < job->count; i++) {
		guint index = g_array_index(copy->order, guint, job->first + i);

		if (!copy_file(worker, copy->files->pdata[index], error))
			return false;
	}
	return flush_shared(worker, error);
}

bool copy_worker_end(void *shared, void *context, bool finished, GError **error)
{
	struct worker *worker = context;
	bool done = !finished || pack_writer_finish(worker->packs, error);

	(void)shared;
	pack_writer_free(worker->packs);
	g_free(worker->buffer);
	g_array_unref(worker->sharing);
	accounts_free(worker->accounts);
	g_byte_array_unref(worker->digests);
	g_free(worker);
	return done;
}
