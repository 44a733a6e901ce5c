#include "ops/archive/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/pool.h"

/* The umask is PostgreSQL's: it knows whether a group may read its files. */
#define SEGMENT_MODE 0660

struct archive_place {
	char *path, *aside;
	bool durable;
	int fd; /* -1: not begun */
	struct mutex *mutex;
	GError *trouble; /* under the mutex */
};

/*
 * The names under which recovery takes files. The server removes them before it runs restore_command
 * (RestoreArchivedFile in xlogarchive.c), and what it keeps it gives its own name by durable_rename, which
 * syncs the file first (KeepFileRestoredFromArchive; seen on 15: fsync of RECOVERYXLOG, then rename). After
 * a crash it never reads them again. To wait here would be to wait twice.
 */
bool archive_place_is_durable(const char *path)
{
	g_autofree char *name = g_path_get_basename(path);

	return strcmp(name, "RECOVERYXLOG") != 0 && strcmp(name, "RECOVERYHISTORY") != 0;
}

ArchivePlace *archive_place_new(const char *path)
{
	ArchivePlace *place = g_new0(ArchivePlace, 1);

	place->path = g_strdup(path);
	place->aside = g_strconcat(path, ".odrbackup", NULL);
	place->durable = archive_place_is_durable(path);
	place->fd = -1;
	place->mutex = mutex_new();
	return place;
}

void archive_place_free(ArchivePlace *place)
{
	if (!place)
		return;
	if (place->fd >= 0) {
		close(place->fd);
		unlink(place->aside);
	}
	g_clear_error(&place->trouble);
	mutex_free(place->mutex);
	g_free(place->path);
	g_free(place->aside);
	g_free(place);
}

const GError *archive_place_trouble(const ArchivePlace *place)
{
	return place->trouble;
}

/* Keeps the first trouble, and passes it on. */
static bool keep_trouble(ArchivePlace *place, GError *trouble, GError **error)
{
	mutex_lock(place->mutex);
	if (!place->trouble)
		place->trouble = g_error_copy(trouble);
	mutex_unlock(place->mutex);
	g_propagate_error(error, trouble);
	return false;
}

static bool aside_open(ArchivePlace *place, uint64_t size, GError **error)
{
	static const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
	bool anew = place->fd >= 0;

	if (!anew)
		place->fd = open(place->aside, flags, SEGMENT_MODE);
	if (place->fd < 0 || (anew && ftruncate(place->fd, 0) != 0))
		return odr_fail_errno(error, errno, "cannot write '%s'", place->aside);
	/* Space that is asked for at once costs half of what page by page does. Some file systems
	 * cannot; what the disk has no room for, writing will tell. */
	if (size > 0)
		(void)!fallocate(place->fd, 0, 0, (off_t)size);
	return true;
}

bool archive_place_begin(ArchivePlace *place, uint64_t size, GError **error)
{
	GError *trouble = NULL;

	return aside_open(place, size, &trouble) || keep_trouble(place, trouble, error);
}

bool archive_place_write(ArchivePlace *place, uint64_t offset, const void *data, size_t size,
			 GError **error)
{
	GError *trouble = NULL;

	if (!file_pwrite(place->fd, data, size, (off_t)offset, &trouble)) {
		odr_context(&trouble, "'%s'", place->aside);
		return keep_trouble(place, trouble, error);
	}
	return true;
}

static bool aside_finish(ArchivePlace *place, GError **error)
{
	int fd = place->fd;

	if (place->durable && !fault_point("file.fsync", place->aside, error))
		return false;
	if (place->durable && fdatasync(fd) != 0)
		return odr_fail_errno(error, errno, "cannot sync '%s'", place->aside);
	place->fd = -1;
	/* What is not synced a network file system may refuse as late as here. */
	if (close(fd) != 0 && errno != EINTR) {
		odr_fail_errno(error, errno, "cannot write '%s'", place->aside);
		unlink(place->aside);
		return false;
	}
	return true;
}

static bool aside_rename(const ArchivePlace *place, GError **error)
{
	if (fault_point("file.rename", place->path, error)) {
		if (rename(place->aside, place->path) == 0)
			return true;
		odr_fail_errno(error, errno, "cannot rename '%s' to '%s'", place->aside,
			       place->path);
	}
	unlink(place->aside);
	return false;
}

bool archive_place_commit(ArchivePlace *place, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(place->path);

	return aside_finish(place, error) && aside_rename(place, error) &&
	       (!place->durable || file_sync_dir(folder, error));
}
