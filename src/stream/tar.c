#include "stream/tar.h"

#include "base/error.h"
#include "base/file.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK ((size_t)1 << 20)

struct tar_writer {
	struct archive *archive;
	struct archive_entry *entry;
	char *block;
	tar_take take;
	void *data;
	bool refused;	 /* take failed, or nothing more is wanted */
	GError *trouble; /* of take */
};

/* Nothing is ever refused to libarchive, which would not free what it has begun: what comes is dropped. */
static la_ssize_t hand_on(struct archive *archive, void *data, const void *bytes, size_t size)
{
	TarWriter *writer = data;

	(void)archive;
	writer->refused =
		writer->refused || !writer->take(writer->data, bytes, size, &writer->trouble);
	return (la_ssize_t)size;
}

static bool fail(TarWriter *writer, GError **error)
{
	const char *text = archive_error_string(writer->archive);

	if (writer->trouble) {
		g_propagate_error(error, g_steal_pointer(&writer->trouble));
		return false;
	}
	return odr_fail(error, ODR_ERROR_SYSTEM, "cannot write an archive: %s",
			text ? text : "libarchive does not say why");
}

TarWriter *tar_writer_new(tar_take take, void *data)
{
	TarWriter *writer = g_new0(TarWriter, 1);

	writer->take = take;
	writer->data = data;
	writer->block = g_malloc(BLOCK);
	writer->archive = archive_write_new();
	writer->entry = archive_entry_new();
	if (!writer->archive || !writer->entry ||
	    /* In this format names are bytes, whatever the locale thinks. */
	    archive_write_set_format_gnutar(writer->archive) != ARCHIVE_OK ||
	    archive_write_open(writer->archive, writer, NULL, hand_on, NULL) != ARCHIVE_OK)
		g_error("cannot begin an archive: out of memory");
	return writer;
}

void tar_writer_free(TarWriter *writer)
{
	if (!writer)
		return;
	writer->refused = true;
	archive_write_free(writer->archive);
	archive_entry_free(writer->entry);
	g_clear_error(&writer->trouble);
	g_free(writer->block);
	g_free(writer);
}

static bool write_header(TarWriter *writer, GError **error)
{
	int result = archive_write_header(writer->archive, writer->entry);

	return ((result == ARCHIVE_OK || result == ARCHIVE_WARN) && !writer->refused) ||
	       fail(writer, error);
}

static bool write_content(TarWriter *writer, int fd, const char *path, uint64_t size,
			  GError **error)
{
	uint64_t offset = 0;

	while (offset < size) {
		size_t want = (size_t)MIN(size - offset, BLOCK);
		ssize_t got = file_pread(fd, writer->block, want, (off_t)offset, error);

		if (got < 0)
			return odr_context(error, "cannot read '%s'", path);
		if (got == 0)
			return odr_fail(error, ODR_ERROR_CORRUPT, "'%s' changed while it was read",
					path);
		if (archive_write_data(writer->archive, writer->block, (size_t)got) != got ||
		    writer->refused)
			return fail(writer, error);
		offset += (uint64_t)got;
	}
	return true;
}

static void begin_entry(TarWriter *writer, const char *name, const struct stat *status)
{
	struct archive_entry *entry = archive_entry_clear(writer->entry);

	archive_entry_copy_pathname(entry, name);
	archive_entry_set_filetype(entry, status->st_mode & S_IFMT);
	archive_entry_set_perm(entry, status->st_mode & 07777);
	archive_entry_set_uid(entry, status->st_uid);
	archive_entry_set_gid(entry, status->st_gid);
	archive_entry_set_mtime(entry, status->st_mtim.tv_sec, 0);
	archive_entry_set_size(entry, S_ISREG(status->st_mode) ? status->st_size : 0);
}

static bool add_link(TarWriter *writer, const char *name, const char *path,
		     const struct stat *status, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autofree char *link = g_file_read_link(path, &cause);

	if (!link)
		return odr_fail(error, ODR_ERROR_SYSTEM, "cannot read the link '%s': %s", path,
				cause->message);
	begin_entry(writer, name, status);
	archive_entry_copy_symlink(writer->entry, link);
	return write_header(writer, error);
}

/* O_NONBLOCK: what became a FIFO meanwhile does not hold us up. */
static bool add_file(TarWriter *writer, const char *name, const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;
	bool done = true;

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot read '%s'", path);
	if (fstat(fd, &status) < 0) {
		done = odr_fail_errno(error, errno, "cannot look at '%s'", path);
	} else if (S_ISREG(status.st_mode)) {
		begin_entry(writer, name, &status);
		done = write_header(writer, error) &&
		       write_content(writer, fd, path, (uint64_t)status.st_size, error);
	}
	close(fd);
	return done;
}

bool tar_writer_add(TarWriter *writer, const char *name, const char *path, GError **error)
{
	struct stat status;

	if (lstat(path, &status) < 0)
		return odr_fail_errno(error, errno, "cannot look at '%s'", path);
	if (S_ISLNK(status.st_mode))
		return add_link(writer, name, path, &status, error);
	if (S_ISREG(status.st_mode))
		return add_file(writer, name, path, error);
	if (!S_ISDIR(status.st_mode))
		return true;
	begin_entry(writer, name, &status);
	return write_header(writer, error);
}

bool tar_writer_finish(TarWriter *writer, GError **error)
{
	return archive_write_close(writer->archive) == ARCHIVE_OK || fail(writer, error);
}
