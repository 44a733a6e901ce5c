#include "ops/filestore/read_worker.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"
#include "repo/manifest.h"
#include "stream/compress.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files up to here share chunks. */
#define SMALL ((uint64_t)512 << 10)
/* Who writes a file needs no longer. */
#define SETTLED (60 * USEC_PER_SEC)

/* One file under way. */
struct file {
	const char *name;
	int fd;
	struct stat status;
	struct layer_entry *entry;
	uint8_t expected[SHA1_SIZE], found[SHA1_SIZE];
};

static int64_t nanoseconds(struct timespec time)
{
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void entry_begin(struct reader_worker *worker, struct file *file)
{
	const struct filestore_reading *reading = worker->reader->reading;
	struct layer_entry *entry = g_new0(struct layer_entry, 1);

	entry->path = g_strconcat(reading->prefix, file->name, NULL);
	entry->kind = ENTRY_FILE;
	entry->mode = file->status.st_mode & 07777;
	entry->uid = file->status.st_uid;
	entry->gid = file->status.st_gid;
	entry->owner = g_strdup(accounts_user_name(worker->accounts, entry->uid));
	entry->group = g_strdup(accounts_group_name(worker->accounts, entry->gid));
	entry->mtime_ns = nanoseconds(file->status.st_mtim);
	entry->extents = g_array_new(false, true, sizeof(struct extent));
	file->entry = entry;
}

static void note(struct reader_worker *worker, GPtrArray *names, const char *name)
{
	mutex_lock(worker->reader->mutex);
	g_ptr_array_add(names, g_strdup(name));
	mutex_unlock(worker->reader->mutex);
}

/* Takes what. */
static void note_damage(struct reader_worker *worker, const char *name, char *what)
{
	struct filestore_reading *reading = worker->reader->reading;
	g_autofree char *path = g_strconcat(reading->prefix, name, NULL);

	mutex_lock(worker->reader->mutex);
	damage_add(reading->damaged, path, "%s", what);
	g_ptr_array_add(reading->unsure, g_strdup(name));
	mutex_unlock(worker->reader->mutex);
	g_free(what);
}

/* What cannot be read at all is damage without content. */
static bool give_up(struct reader_worker *worker, const char *name, int reason)
{
	struct filestore_reading *reading = worker->reader->reading;

	if (reason == ENOENT) {
		mutex_lock(worker->reader->mutex);
		reading->vanished++;
		mutex_unlock(worker->reader->mutex);
		return true;
	}
	note_damage(worker, name, g_strdup_printf("it cannot be read: %s", g_strerror(reason)));
	return true;
}

static bool names_its_content(const struct reader_worker *worker, const struct file *file)
{
	return !worker->reader->settings.odoo ||
	       memcmp(file->expected, file->found, SHA1_SIZE) == 0;
}

/* Times of files come in steps: what was written just now may be written again unseen. */
static bool is_fresh(const struct file *file)
{
	return clock_now() - nanoseconds(file->status.st_ctim) / 1000 < FILESTORE_STEP;
}

/* Whether it is as it was when it was opened, in which case what was read is one state of it. */
static bool stayed_same(const struct file *file)
{
	struct stat now;

	return fstat(file->fd, &now) == 0 && now.st_size == file->status.st_size &&
	       nanoseconds(now.st_mtim) == nanoseconds(file->status.st_mtim) &&
	       nanoseconds(now.st_ctim) == nanoseconds(file->status.st_ctim);
}

static bool is_settled(const struct file *file)
{
	usec_t written = nanoseconds(file->status.st_mtim) / 1000;

	return clock_now() - written > SETTLED;
}

enum verdict {
	KEEP,
	KEEP_DAMAGED, /* wrong, and not by chance */
	KEEP_UNSURE,  /* an ordinary file that changed again */
	READ_AGAIN,
	LEAVE_OUT, /* somebody is writing it */
};

static enum verdict judge(const struct reader_worker *worker, const struct file *file)
{
	const struct filestore_reading *reading = worker->reader->reading;

	if (worker->reader->settings.odoo) {
		if (names_its_content(worker, file))
			return KEEP;
		if (!reading->last)
			return READ_AGAIN;
		return is_settled(file) ? KEEP_DAMAGED : LEAVE_OUT;
	}
	if (stayed_same(file) && !is_fresh(file))
		return KEEP;
	return reading->last ? KEEP_UNSURE : READ_AGAIN;
}

static void note_kept(struct reader_worker *worker, const struct file *file)
{
	struct filestore_reading *reading = worker->reader->reading;

	mutex_lock(worker->reader->mutex);
	reading->files++;
	reading->bytes += file->entry->size;
	mutex_unlock(worker->reader->mutex);
}

/* Whether the content is to be kept; what else there is to tell of it is told. */
static bool conclude(struct reader_worker *worker, struct file *file, int64_t *ctime_ns)
{
	const struct filestore_reading *reading = worker->reader->reading;
	g_autofree char *hex = NULL;

	*ctime_ns = nanoseconds(file->status.st_ctim);
	switch (judge(worker, file)) {
	case KEEP:
		break;
	case KEEP_DAMAGED:
		file->entry->flags |= ENTRY_DAMAGED;
		hex = hex_encode(file->found, SHA1_SIZE);
		note_damage(worker, file->name,
			    file->entry->size == 0
				    ? g_strdup("it is empty")
				    : g_strdup_printf("its content has the SHA-1 %s, not that of "
						      "its name",
						      hex));
		break;
	case KEEP_UNSURE:
		*ctime_ns = 0;
		note(worker, reading->unsure, file->name);
		break;
	case READ_AGAIN:
		note(worker, reading->again, file->name);
		return false;
	case LEAVE_OUT:
		note(worker, reading->unsure, file->name);
		return false;
	}
	if (worker->reader->settings.odoo) {
		file->entry->flags |= ENTRY_SHA1;
		memcpy(file->entry->sha1, file->found, SHA1_SIZE);
	}
	note_kept(worker, file);
	return true;
}

/* So many bytes, or up to the end; or why not, negative. */
static ssize_t read_at(int fd, uint8_t *data, size_t size, uint64_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = pread(fd, data + done, size - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static void count(struct reader_worker *worker, size_t bytes)
{
	__atomic_add_fetch(&worker->reader->bytes_done, bytes, __ATOMIC_RELAXED);
}

/* Content that shares a chunk. More than was to be expected is read, so that growth shows. */
static bool read_small(struct reader_worker *worker, struct file *file, GError **error)
{
	const struct filestore_reader_settings *settings = &worker->reader->settings;
	size_t size = (size_t)file->status.st_size;
	uint8_t *data = worker->buffer;
	int64_t ctime_ns;
	ssize_t got;

	got = read_at(file->fd, data, size + 1, 0);
	if (got < 0)
		return give_up(worker, file->name, (int)-got);
	if ((size_t)got > size) {
		note(worker,
		     worker->reader->reading->last ? worker->reader->reading->unsure
						   : worker->reader->reading->again,
		     file->name);
		return true;
	}
	count(worker, (size_t)got);
	file->entry->size = (uint64_t)got;
	xxh128(settings->digest_seed, data, (size_t)got, file->entry->digest);
	if (settings->odoo)
		sha1(data, (size_t)got, file->found);
	if (!conclude(worker, file, &ctime_ns))
		return true;
	if (got == 0)
		return settings->keep(settings->data, file->entry, ctime_ns, error);

	enum shared_kind kind = compress_saves(data, (size_t)got) ? SHARED_SPARSE : SHARED_DENSE;

	return shared_chunk_add(worker->shared[kind], data, &file->entry, ctime_ns, error);
}

static bool all_zero(const uint8_t *data, size_t size)
{
	return data[0] == 0 && memcmp(data, data + 1, size - 1) == 0;
}

static bool add_block(struct reader_worker *worker, struct file *file, const uint8_t *data,
		      size_t size, GError **error)
{
	struct extent extent = {.kind = EXTENT_DATA, .length = size};
	GArray *extents = file->entry->extents;
	uint8_t digest[XXH128_SIZE];

	if (all_zero(data, size)) {
		xxh128(worker->reader->settings.digest_seed, data, size, digest);
		extent.kind = EXTENT_ZERO;
	} else if (!pack_writer_add(worker->packs, data, size, &extent.place, digest, error)) {
		return false;
	}
	g_byte_array_append(worker->digests, digest, sizeof(digest));
	struct extent *last =
		extents->len ? &g_array_index(extents, struct extent, extents->len - 1) : NULL;

	if (last && last->kind == EXTENT_ZERO && extent.kind == EXTENT_ZERO)
		last->length += size;
	else
		g_array_append_val(extents, extent);
	return true;
}

/* Content in chunks of its own, to its end, wherever that is by then. */
static bool read_large(struct reader_worker *worker, struct file *file, GError **error)
{
	const struct filestore_reader_settings *settings = &worker->reader->settings;
	uint8_t *data = worker->buffer;
	uint64_t seed = settings->digest_seed;
	int64_t ctime_ns;

	posix_fadvise(file->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	sha1_reset(worker->sha1);
	g_byte_array_set_size(worker->digests, 0);
	for (;;) {
		ssize_t got = read_at(file->fd, data, CONTENT_BLOCK_SIZE, file->entry->size);

		if (got < 0)
			return give_up(worker, file->name, (int)-got);
		if (got > 0 && !add_block(worker, file, data, (size_t)got, error))
			return false;
		if (settings->odoo)
			sha1_update(worker->sha1, data, (size_t)got);
		file->entry->size += (uint64_t)got;
		count(worker, (size_t)got);
		if ((size_t)got < CONTENT_BLOCK_SIZE)
			break;
		if (__atomic_load_n(&worker->reader->cancelled, __ATOMIC_RELAXED))
			return odr_fail(error, ODR_ERROR_STOPPED, "stopped");
	}
	if (file->entry->size == 0) {
		g_byte_array_set_size(worker->digests, XXH128_SIZE);
		xxh128(seed, "", 0, worker->digests->data);
	}
	content_digest_join(seed, worker->digests->data, worker->digests->len / XXH128_SIZE,
			    file->entry->digest);
	sha1_final(worker->sha1, file->found);
	return !conclude(worker, file, &ctime_ns) ||
	       settings->keep(settings->data, file->entry, ctime_ns, error);
}

static bool read_opened(struct reader_worker *worker, struct file *file, GError **error)
{
	bool done;

	if (fstat(file->fd, &file->status) != 0)
		return give_up(worker, file->name, errno);
	/* Since it was listed, it became something else. */
	if (!S_ISREG(file->status.st_mode)) {
		note(worker, worker->reader->reading->unsure, file->name);
		return true;
	}
	if (!fault_point("file.read", file->name, error))
		return false;
	entry_begin(worker, file);
	done = (uint64_t)file->status.st_size <= SMALL ? read_small(worker, file, error)
						       : read_large(worker, file, error);
	layer_entry_free(file->entry);
	return done;
}

bool reader_worker_file(struct reader_worker *worker, const char *name, GError **error)
{
	struct file file = {.name = name};
	const char *slash = strrchr(name, '/');
	bool done;

	if (worker->reader->settings.odoo)
		hex_decode(slash ? slash + 1 : name, file.expected, SHA1_SIZE);
	if (!fault_point("file.open", name, error))
		return false;
	file.fd = file_open_beneath(worker->reader->tree, name,
				    O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (file.fd < 0)
		return give_up(worker, name, errno);
	done = read_opened(worker, &file, error);
	close(file.fd);
	return done;
}
