#include "base/file.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/stop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

ssize_t file_pread(int fd, void *buffer, size_t size, off_t offset, GError **error)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = pread(fd, (char *)buffer + done, size - done, offset + (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			odr_fail_errno(error, errno, "cannot read");
			return -1;
		}
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

bool file_pwrite(int fd, const void *data, size_t size, off_t offset, GError **error)
{
	size_t done = 0;

	if (!fault_point("file.write", NULL, error))
		return false;
	while (done < size) {
		ssize_t put =
			pwrite(fd, (const char *)data + done, size - done, offset + (off_t)done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return odr_fail_errno(error, errno, "cannot write");
		done += (size_t)put;
	}
	return true;
}

static bool read_open(const char *path, int fd, size_t limit, GBytes **content, GError **error)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return odr_fail_errno(error, errno, "cannot look at '%s'", path);
	if (!S_ISREG(status.st_mode))
		return odr_fail(error, ODR_ERROR_SYSTEM, "'%s' is not a regular file", path);
	if ((uint64_t)status.st_size > limit)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"'%s' has %" G_GINT64_FORMAT " bytes; at most %zu are accepted", path,
				(gint64)status.st_size, limit);
	g_autofree uint8_t *data = g_malloc((size_t)status.st_size + 1);
	ssize_t got = file_pread(fd, data, (size_t)status.st_size, 0, error);

	if (got < 0)
		return odr_context(error, "'%s'", path);
	*content = g_bytes_new_take(g_steal_pointer(&data), (size_t)got);
	return true;
}

bool file_read(const char *path, size_t limit, GBytes **content, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot open '%s'", path);
	bool done = read_open(path, fd, limit, content, error);

	close(fd);
	return done;
}

bool file_read_text(const char *path, size_t limit, char **text, GError **error)
{
	g_autoptr(GBytes) content = NULL;

	if (!file_read(path, limit, &content, error))
		return false;
	size_t size = g_bytes_get_size(content);
	const char *data = g_bytes_get_data(content, NULL);

	if (size > 0 && !g_utf8_validate(data, (gssize)size, NULL))
		return odr_fail(error, ODR_ERROR_CORRUPT, "'%s' is not UTF-8 text", path);
	*text = g_strndup(data, size);
	return true;
}

bool file_read_secret(const char *path, size_t limit, char **text, GError **error)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return odr_fail_errno(error, errno, "cannot open '%s'", path);
	if ((status.st_mode & 077) != 0)
		return odr_fail(error, ODR_ERROR_AUTH,
				"'%s' holds secrets but others may read it (mode %03o); run chmod "
				"600 on it",
				path, (unsigned)status.st_mode & 0777);
	return file_read_text(path, limit, text, error);
}

bool file_sync_dir(const char *path, GError **error)
{
	if (!fault_point("file.fsync", path, error))
		return false;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot open '%s'", path);
	int failed = fsync(fd);
	int saved = errno;

	close(fd);
	return failed == 0 || odr_fail_errno(error, saved, "cannot sync '%s'", path);
}

static bool sync_parent(const char *path, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(path);

	return file_sync_dir(parent, error);
}

static bool write_all(int fd, const struct iovec *parts, int count, GError **error)
{
	off_t offset = 0;

	for (int i = 0; i < count; i++) {
		if (!file_pwrite(fd, parts[i].iov_base, parts[i].iov_len, offset, error))
			return false;
		offset += (off_t)parts[i].iov_len;
	}
	if (!fault_point("file.fsync", NULL, error))
		return false;
	return fsync(fd) == 0 || odr_fail_errno(error, errno, "cannot sync");
}

/* The step that publishes. */
static bool put_in_place(const char *aside, const char *path, bool exclusive, GError **error)
{
	if (!fault_point("file.rename", path, error))
		return false;
	if (!exclusive)
		return rename(aside, path) == 0 ||
		       odr_fail_errno(error, errno, "cannot rename '%s' to '%s'", aside, path);
	if (link(aside, path) < 0) {
		if (errno == EEXIST)
			return odr_fail(error, ODR_ERROR_EXISTS, "'%s' exists already", path);
		return odr_fail_errno(error, errno, "cannot create '%s'", path);
	}
	unlink(aside);
	return true;
}

bool file_write_vec(const char *path, const struct iovec *parts, int count,
		    const struct file_write *how, GError **error)
{
	mode_t mode = how->mode ? how->mode : 0600;
	g_autofree char *aside = g_strdup_printf("%s.XXXXXX", path);
	int fd = g_mkstemp_full(aside, O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot create '%s'", path);
	bool done = write_all(fd, parts, count, error) || odr_context(error, "'%s'", path);

	if (done && fchmod(fd, mode) < 0)
		done = odr_fail_errno(error, errno, "cannot set the mode of '%s'", path);
	close(fd);
	if (!done || !put_in_place(aside, path, how->exclusive, error)) {
		unlink(aside);
		return false;
	}
	return sync_parent(path, error);
}

bool file_write(const char *path, const void *data, size_t size, const struct file_write *how,
		GError **error)
{
	struct iovec whole = {.iov_base = (void *)data, .iov_len = size};

	return file_write_vec(path, &whole, 1, how, error);
}

bool file_make_dirs(const char *path, mode_t mode, GError **error)
{
	struct stat status;

	if (stat(path, &status) == 0) {
		if (S_ISDIR(status.st_mode))
			return true;
		return odr_fail(error, ODR_ERROR_EXISTS, "'%s' is not a folder", path);
	}
	g_autofree char *parent = g_path_get_dirname(path);

	if (strcmp(parent, path) != 0 && !file_make_dirs(parent, mode, error))
		return false;
	if (mkdir(path, mode) < 0)
		return errno == EEXIST ||
		       odr_fail_errno(error, errno, "cannot make the folder '%s'", path);
	return file_sync_dir(parent, error);
}

static bool remove_entries(const char *path, int fd, GError **error);

static bool remove_entry(const char *path, int parent, const char *name, GError **error)
{
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return true;
	if (errno != EISDIR && errno != EPERM)
		return odr_fail_errno(error, errno, "cannot remove '%s/%s'", path, name);
	g_autofree char *below = g_build_filename(path, name, NULL);
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot remove '%s'", below);
	if (!remove_entries(below, fd, error))
		return false;
	return unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT ||
	       odr_fail_errno(error, errno, "cannot remove '%s'", below);
}

/* Takes fd. */
static bool remove_entries(const char *path, int fd, GError **error)
{
	DIR *dir = fdopendir(fd);
	bool done = true;

	if (!dir) {
		close(fd);
		return odr_fail_errno(error, errno, "cannot list '%s'", path);
	}
	for (struct dirent *entry; done && (entry = readdir(dir));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			done = remove_entry(path, dirfd(dir), entry->d_name, error);
	closedir(dir);
	return done;
}

bool file_remove_tree(const char *path, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(path);
	g_autofree char *name = g_path_get_basename(path);
	int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || odr_fail_errno(error, errno, "cannot open '%s'", parent);
	bool done = remove_entry(parent, fd, name, error);

	close(fd);
	return done;
}

bool file_is_empty_dir(const char *path)
{
	DIR *dir = opendir(path);
	bool empty = true;

	if (!dir)
		return errno == ENOENT;
	for (struct dirent *entry; empty && (entry = readdir(dir));)
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	closedir(dir);
	return empty;
}

static bool lock_busy(int fd, const char *path, GError **error)
{
	char holder[32] = "";
	ssize_t got = pread(fd, holder, sizeof(holder) - 1, 0);

	g_strchomp(holder);
	if (got > 0 && holder[0])
		return odr_fail(error, ODR_ERROR_BUSY, "'%s' is locked by process %s", path, holder);
	return odr_fail(error, ODR_ERROR_BUSY, "'%s' is locked by another process", path);
}

bool file_lock_take(struct file_lock *lock, const char *path, int64_t wait_us, GError **error)
{
	int64_t since = clock_monotonic();
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot open the lock '%s'", path);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		bool over = errno == EWOULDBLOCK && clock_monotonic() - since >= wait_us;

		if (over || (errno != EWOULDBLOCK && errno != EINTR) || !stop_check(error)) {
			if (over)
				lock_busy(fd, path, error);
			else if (!stop_requested())
				odr_fail_errno(error, errno, "cannot lock '%s'", path);
			close(fd);
			return false;
		}
		g_usleep(50000);
	}
	g_autofree char *pid = g_strdup_printf("%d\n", (int)getpid());

	/* Only for the message of those who wait. */
	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, strlen(pid), 0) < 0)
		errno = 0;
	lock->fd = fd;
	return true;
}

void file_lock_release(struct file_lock *lock)
{
	if (lock->fd >= 0)
		close(lock->fd);
	lock->fd = -1;
}
