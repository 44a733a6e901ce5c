#include "ops/wal_source.h"

#include "base/error.h"
#include "base/file.h"
#include "repo/wal_object.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

void wal_source_clear(WalSource *source)
{
	if (source->content)
		munmap(source->content, source->size);
	source->content = NULL;
}

/* Where the kernel cannot say in advance whether a mapping can be read. */
static bool source_read(int fd, WalSource *source, GError **error)
{
	void *buffer = mmap(NULL, source->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	ssize_t got;

	if (buffer == MAP_FAILED)
		return odr_fail_errno(error, errno, "no memory for %zu bytes", source->size);
	source->content = buffer;
	got = file_pread(fd, buffer, source->size, 0, error);
	if (got < 0)
		return false;
	if ((size_t)got != source->size)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it became shorter while it was read");
	return true;
}

/* Copying a segment would cost as much as all but its compression. Bytes that the disk cannot give
 * are an error here, not a signal later. */
static bool source_map(int fd, WalSource *source, GError **error)
{
	void *mapped = mmap(NULL, source->size, PROT_READ, MAP_SHARED, fd, 0);

	if (mapped == MAP_FAILED)
		return source_read(fd, source, error);
	if (madvise(mapped, source->size, MADV_POPULATE_READ) == 0) {
		source->content = mapped;
		return true;
	}
	munmap(mapped, source->size);
	return source_read(fd, source, error);
}

static bool source_take(int fd, WalSource *source, GError **error)
{
	const struct stat *status = &source->status;

	source->read_at = clock_now();
	if (fstat(fd, &source->status) != 0)
		return odr_fail_errno(error, errno, "it cannot be read");
	if (!S_ISREG(status->st_mode))
		return odr_fail(error, ODR_ERROR_SYSTEM, "it is not a regular file");
	if (status->st_size == 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it is empty");
	if ((uint64_t)status->st_size > WAL_FILE_MAX)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it has more than 1 GiB");
	source->size = (size_t)status->st_size;
	return source_map(fd, source, error);
}

static bool source_check(const struct wal_expect *cluster, WalSource *source, GError **error)
{
	struct wal_expect expect = *cluster;
	struct wal_header header;

	if (source->kind != WAL_FILE_SEGMENT && source->kind != WAL_FILE_PARTIAL)
		return true;
	if (!wal_header_parse(source->content, source->size, &header, error))
		return false;
	expect.name = source->name;
	expect.file_size = source->size;
	if (expect.segment_size == 0)
		expect.segment_size = header.segment_size;
	if (!wal_header_check(&header, &expect, error))
		return false;
	source->major = header.major;
	return true;
}

bool wal_source_load(const char *folder, const char *name, const struct wal_expect *cluster,
		     const uint8_t digest_secret[KEY_SIZE], WalSource *source, GError **error)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool good;

	source->name = name;
	source->kind = wal_file_kind(name, NULL);
	source->major = cluster->major;
	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot open '%s'", path);
	good = source_take(fd, source, error) && source_check(cluster, source, error);
	close(fd);
	if (!good)
		return odr_context(error, "refusing '%s'", path);
	wal_object_digest(digest_secret, source->content, source->size, source->digest);
	return true;
}
