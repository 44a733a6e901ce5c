#include "stream/zip.h"

#include "base/error.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK ((size_t)1 << 20)

struct zip_writer {
	struct archive *archive;
	struct archive_entry *entry;
	char *path, *block;
	usec_t time;
};

void zip_writer_free(ZipWriter *writer)
{
	if (!writer)
		return;
	/* Not archive_write_fail: the member that was begun would not be freed. */
	archive_write_free(writer->archive);
	archive_entry_free(writer->entry);
	g_free(writer->path);
	g_free(writer->block);
	g_free(writer);
}

static bool fail(const ZipWriter *writer, GError **error)
{
	int number = archive_errno(writer->archive);
	const char *text = archive_error_string(writer->archive);

	if (number == ENOSPC || number == EDQUOT)
		return odr_fail_errno(error, number, "cannot write '%s'", writer->path);
	return odr_fail(error, ODR_ERROR_SYSTEM, "cannot write '%s': %s", writer->path,
			text ? text : "libarchive does not say why");
}

static bool begin(ZipWriter *writer, GError **error)
{
	/* A reader may well have a wrong idea of the zone, so that hours do not matter. */
	return (archive_write_set_format_zip(writer->archive) == ARCHIVE_OK &&
		archive_write_set_options(writer->archive, "zip:hdrcharset=UTF-8") == ARCHIVE_OK) ||
	       fail(writer, error);
}

ZipWriter *zip_writer_new(const char *path, usec_t time, GError **error)
{
	g_autoptr(ZipWriter) writer = g_new0(ZipWriter, 1);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0) {
		odr_fail_errno(error, errno, "cannot create '%s'", path);
		return NULL;
	}
	close(fd);
	writer->path = g_strdup(path);
	writer->time = time;
	writer->block = g_malloc(BLOCK);
	writer->archive = archive_write_new();
	writer->entry = archive_entry_new();
	if (!begin(writer, error))
		return NULL;
	if (archive_write_open_filename(writer->archive, path) != ARCHIVE_OK) {
		fail(writer, error);
		return NULL;
	}
	return g_steal_pointer(&writer);
}

static bool is_safe(const char *name)
{
	g_auto(GStrv) parts = g_strsplit(name, "/", -1);

	for (size_t i = 0; parts[i]; i++)
		if (parts[i][0] == '\0' || strcmp(parts[i], ".") == 0 ||
		    strcmp(parts[i], "..") == 0 || strchr(parts[i], '\\'))
			return false;
	return name[0] != '\0' && g_utf8_validate(name, -1, NULL);
}

static bool add_header(ZipWriter *writer, const char *name, int64_t size, GError **error)
{
	struct archive_entry *entry = archive_entry_clear(writer->entry);

	if (!is_safe(name))
		return odr_fail(error, ODR_ERROR_CORRUPT, "'%s' is no name for a member of a zip",
				name);
	archive_entry_set_pathname_utf8(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_mtime(entry, writer->time / USEC_PER_SEC, 0);
	archive_entry_set_size(entry, size);
	return archive_write_header(writer->archive, entry) == ARCHIVE_OK || fail(writer, error);
}

static bool add_data(ZipWriter *writer, const char *data, size_t size, GError **error)
{
	while (size > 0) {
		la_ssize_t put = archive_write_data(writer->archive, data, size);

		if (put <= 0)
			return fail(writer, error);
		data += put;
		size -= (size_t)put;
	}
	return true;
}

static bool end_member(ZipWriter *writer, GError **error)
{
	return archive_write_finish_entry(writer->archive) == ARCHIVE_OK || fail(writer, error);
}

bool zip_writer_bytes(ZipWriter *writer, const char *name, const void *data, size_t size,
		      GError **error)
{
	return add_header(writer, name, (int64_t)size, error) &&
	       add_data(writer, data, size, error) && end_member(writer, error);
}

/* Exactly as many bytes as the header says. */
static bool copy(ZipWriter *writer, int fd, const char *path, int64_t size, GError **error)
{
	int64_t done = 0;

	for (;;) {
		ssize_t got = read(fd, writer->block, BLOCK);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return odr_fail_errno(error, errno, "cannot read '%s'", path);
		done += got;
		if ((got == 0 && done < size) || done > size)
			return odr_fail(error, ODR_ERROR_CORRUPT, "'%s' changed while it was read",
					path);
		if (got == 0)
			return true;
		if (!add_data(writer, writer->block, (size_t)got, error))
			return false;
	}
}

bool zip_writer_file(ZipWriter *writer, const char *name, const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;
	bool done;

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot open '%s'", path);
	if (fstat(fd, &status) != 0)
		done = odr_fail_errno(error, errno, "cannot look at '%s'", path);
	else if (!S_ISREG(status.st_mode))
		done = odr_fail(error, ODR_ERROR_CORRUPT, "'%s' is no regular file", path);
	else
		done = add_header(writer, name, status.st_size, error) &&
		       copy(writer, fd, path, status.st_size, error) && end_member(writer, error);
	close(fd);
	return done;
}

bool zip_writer_finish(ZipWriter *writer, GError **error)
{
	if (archive_write_close(writer->archive) != ARCHIVE_OK)
		return fail(writer, error);
	archive_write_free(g_steal_pointer(&writer->archive));
	return true;
}
