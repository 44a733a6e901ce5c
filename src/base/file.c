#include "base/file.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/stop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A descriptor that closes itself. Name the variable before what may fail. */
static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
#define auto_fd __attribute__((cleanup(close_fd))) int

static int open_retrying(int at, const char *path, int flags, mode_t mode)
{
	int fd;

	do
		fd = openat(at, path, flags | O_CLOEXEC | O_NOCTTY, mode);
	while (fd < 0 && errno == EINTR);
	return fd;
}

static bool refuse_too_large(const char *path, size_t limit, GError **error)
{
	return odr_fail(error, ODR_ERROR_CORRUPT, "cannot read '%s': it has more than %zu bytes",
			path, limit);
}

/* O_NONBLOCK: opening a FIFO does not wait for its writer. */
static bool open_regular(const char *path, size_t limit, int *fd, struct stat *about,
			 GError **error)
{
	auto_fd opened = open_retrying(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);

	if (opened < 0 || fstat(opened, about) != 0)
		return odr_fail_errno(error, errno, "cannot read '%s'", path);
	if (!S_ISREG(about->st_mode))
		return odr_fail(error, ODR_ERROR_SYSTEM,
				"cannot read '%s': it is not a regular file", path);
	if (about->st_size > 0 && (uint64_t)about->st_size > limit)
		return refuse_too_large(path, limit, error);
	*fd = opened;
	opened = -1;
	return true;
}

static bool content_allocate(char **data, const char *path, size_t room, GError **error)
{
	char *grown = g_try_realloc(*data, room);

	if (!grown)
		return odr_fail(error, ODR_ERROR_SYSTEM,
				"cannot read '%s': no memory for %zu bytes", path, room);
	*data = grown;
	return true;
}

/* The files of /proc say size 0: the end is where read says so. NUL-terminated. */
static bool read_content(int fd, const char *path, size_t limit, size_t expected, char **content,
			 size_t *size, GError **error)
{
	g_autofree char *data = NULL;
	size_t used = 0, room = (expected ? expected : 4096) + 1;

	if (!content_allocate(&data, path, room, error))
		return false;
	for (;;) {
		ssize_t got = read(fd, data + used, room - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return odr_fail_errno(error, errno, "cannot read '%s'", path);
		if (got == 0)
			break;
		used += (size_t)got;
		if (used > limit)
			return refuse_too_large(path, limit, error);
		if (used == room) {
			room *= 2;
			if (!content_allocate(&data, path, room, error))
				return false;
		}
	}
	data[used] = '\0';
	*content = g_steal_pointer(&data);
	*size = used;
	return true;
}

bool file_read(const char *path, size_t limit, GBytes **content, GError **error)
{
	auto_fd fd = -1;
	struct stat about;
	char *data;
	size_t size;

	if (!open_regular(path, limit, &fd, &about, error) ||
	    !read_content(fd, path, limit, (size_t)about.st_size, &data, &size, error))
		return false;
	*content = g_bytes_new_take(data, size);
	return true;
}

static bool read_text(int fd, const char *path, size_t limit, size_t expected, char **text,
		      GError **error)
{
	char *data;
	size_t size;

	if (!read_content(fd, path, limit, expected, &data, &size, error))
		return false;
	/* It may be a secret in a wrong encoding. */
	if (!g_utf8_validate(data, (gssize)size, NULL)) {
		explicit_bzero(data, size);
		g_free(data);
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"cannot read '%s': it is not text in UTF-8", path);
	}
	*text = data;
	return true;
}

bool file_read_text(const char *path, size_t limit, char **text, GError **error)
{
	auto_fd fd = -1;
	struct stat about;

	return open_regular(path, limit, &fd, &about, error) &&
	       read_text(fd, path, limit, (size_t)about.st_size, text, error);
}

bool file_read_secret(const char *path, size_t limit, char **text, GError **error)
{
	auto_fd fd = -1;
	struct stat about;

	if (!open_regular(path, limit, &fd, &about, error))
		return false;
	if (about.st_mode & (S_IRWXG | S_IRWXO))
		return odr_fail(error, ODR_ERROR_AUTH,
				"'%s' holds a secret, and others than its owner can reach it "
				"(mode %04o): run chmod 600 on it",
				path, (unsigned)(about.st_mode & 07777));
	return read_text(fd, path, limit, (size_t)about.st_size, text, error);
}

/* Atomic replacement. The name set aside is short: it fits where the file's own fits. */
#define ASIDE_NAME ".odr-XXXXXX.tmp"

static bool write_all(int fd, const char *path, const struct iovec *part, GError **error)
{
	const char *at = part->iov_base;
	size_t left = part->iov_len;

	while (left > 0) {
		ssize_t done = write(fd, at, left);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return odr_fail_errno(error, errno, "cannot write '%s'", path);
		at += done;
		left -= (size_t)done;
	}
	return true;
}

static bool fill_aside(int fd, const char *path, const struct iovec *parts, int count, mode_t mode,
		       GError **error)
{
	if (fchmod(fd, mode) != 0)
		return odr_fail_errno(error, errno, "cannot set the mode of '%s'", path);
	if (!fault_point("file.write", path, error))
		return false;
	for (int i = 0; i < count; i++)
		if (!write_all(fd, path, &parts[i], error))
			return false;
	if (!fault_point("file.fsync", path, error))
		return false;
	if (fsync(fd) != 0)
		return odr_fail_errno(error, errno, "cannot write '%s': fsync", path);
	return true;
}

/* NFS has no RENAME_NOREPLACE, and FAT no links: each file system has one of the two. */
static int rename_exclusively(const char *aside, const char *path)
{
	if (renameat2(AT_FDCWD, aside, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
		return 0;
	if ((errno != EINVAL && errno != ENOSYS) || link(aside, path) != 0)
		return -1;
	unlink(aside);
	return 0;
}

static bool publish(const char *aside, const char *path, bool exclusive, GError **error)
{
	if (!fault_point("file.rename", path, error))
		return false;
	if ((exclusive ? rename_exclusively(aside, path) : rename(aside, path)) != 0)
		return odr_fail_errno(error, errno, "cannot write '%s'", path);
	return true;
}

bool file_write_vec(const char *path, const struct iovec *parts, int count,
		    const struct file_write *how, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *aside = g_build_filename(folder, ASIDE_NAME, NULL);
	mode_t mode = how && how->mode ? how->mode : 0600;
	auto_fd fd = mkostemps(aside, (int)strlen(".tmp"), O_CLOEXEC);

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot write '%s'", path);
	if (!fill_aside(fd, path, parts, count, mode, error) ||
	    !publish(aside, path, how && how->exclusive, error)) {
		unlink(aside);
		return false;
	}
	return file_sync_dir(folder, error);
}

bool file_write(const char *path, const void *data, size_t size, const struct file_write *how,
		GError **error)
{
	const struct iovec part = {(void *)data, size};

	return file_write_vec(path, &part, 1, how, error);
}

int file_open_unnamed(const char *folder, GError **error)
{
	g_autofree char *name = g_build_filename(folder, ASIDE_NAME, NULL);
	int fd;

	if (!file_make_dirs(folder, 0700, error))
		return -1;
	fd = open_retrying(AT_FDCWD, folder, O_TMPFILE | O_RDWR, 0600);
	/* NFS, for one, cannot. */
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
		fd = mkostemps(name, (int)strlen(".tmp"), O_CLOEXEC);
		if (fd >= 0)
			unlink(name);
	}
	if (fd < 0)
		odr_fail_errno(error, errno, "cannot create a file in '%s'", folder);
	return fd;
}

ssize_t file_pread(int fd, void *buffer, size_t size, off_t offset, GError **error)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = pread(fd, (char *)buffer + done, size - done, offset + (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			odr_fail_errno(error, errno, "cannot read %zu bytes at offset %lld", size,
				       (long long)offset);
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

	if (!fault_point("file.write", "pwrite", error))
		return false;
	while (done < size) {
		ssize_t put =
			pwrite(fd, (const char *)data + done, size - done, offset + (off_t)done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return odr_fail_errno(error, errno, "cannot write %zu bytes at offset %lld",
					      size, (long long)offset);
		done += (size_t)put;
	}
	return true;
}

int file_open_beneath(int folder, const char *path, int flags)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_NOFOLLOW),
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	int fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));

	/* Before Linux 5.6, or where a filter of system calls does not know it. */
	if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
		return fd;
	return open_retrying(folder, path, flags | O_NOFOLLOW, 0);
}

bool file_sync_dir(const char *path, GError **error)
{
	auto_fd fd = open_retrying(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot open directory '%s'", path);
	if (!fault_point("file.fsync", path, error))
		return false;
	/* Some network file systems cannot, and say EINVAL: theirs is to keep names. */
	if (fsync(fd) != 0 && errno != EINVAL)
		return odr_fail_errno(error, errno, "cannot make directory '%s' durable: fsync",
				      path);
	return true;
}

bool file_publish(const char *aside, const char *path, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);
	auto_fd fd = open_retrying(AT_FDCWD, aside, O_RDONLY | O_NOFOLLOW, 0);

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot open '%s'", aside);
	if (!fault_point("file.fsync", aside, error))
		return false;
	if (fsync(fd) != 0)
		return odr_fail_errno(error, errno, "cannot make '%s' durable: fsync", aside);
	if (!fault_point("file.rename", path, error))
		return false;
	if (link(aside, path) != 0)
		return odr_fail_errno(error, errno, "cannot put '%s' in place", path);
	if (unlink(aside) != 0)
		return odr_fail_errno(error, errno, "cannot remove '%s'", aside);
	return file_sync_dir(folder, error);
}

bool file_make_dirs(const char *path, mode_t mode, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(path);
	int errnum = mkdir(path, mode) == 0 ? 0 : errno;

	if (errnum == ENOENT && strcmp(parent, path) != 0) {
		if (!file_make_dirs(parent, mode, error))
			return false;
		errnum = mkdir(path, mode) == 0 ? 0 : errno;
	}
	/* "a/" names a, and its parent by GLib is "a" again. */
	if (errnum != 0 && g_file_test(path, G_FILE_TEST_IS_DIR))
		return true;
	if (errnum == EEXIST)
		return odr_fail(error, ODR_ERROR_EXISTS,
				"cannot make directory '%s': something else has that name", path);
	if (errnum != 0)
		return odr_fail_errno(error, errnum, "cannot make directory '%s'", path);
	return file_sync_dir(parent, error);
}

static bool remove_entry(int folder, const char *name, const char *path, GError **error);

static bool remove_entries(DIR *directory, const char *path, GError **error)
{
	struct dirent *entry;

	while (errno = 0, (entry = readdir(directory))) {
		g_autofree char *inner = g_build_filename(path, entry->d_name, NULL);

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (!remove_entry(dirfd(directory), entry->d_name, inner, error))
			return false;
	}
	if (errno != 0)
		return odr_fail_errno(error, errno, "cannot read directory '%s'", path);
	return true;
}

static bool remove_contents(int folder, const char *name, const char *path, GError **error)
{
	int fd = open_retrying(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (!directory) {
		odr_fail_errno(error, errno, "cannot remove '%s'", path);
		close_fd(&fd);
		return false;
	}

	bool removed = remove_entries(directory, path, error);

	closedir(directory);
	return removed;
}

static bool remove_entry(int folder, const char *name, const char *path, GError **error)
{
	if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
		return true;
	/* Linux says EISDIR of a directory, POSIX EPERM. */
	if (errno != EISDIR && errno != EPERM)
		return odr_fail_errno(error, errno, "cannot remove '%s'", path);
	if (!remove_contents(folder, name, path, error))
		return false;
	if (unlinkat(folder, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
		return odr_fail_errno(error, errno, "cannot remove '%s'", path);
	return true;
}

bool file_remove_tree(const char *path, GError **error)
{
	return remove_entry(AT_FDCWD, path, path, error);
}

bool file_is_empty_dir(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	bool empty = true;

	if (!directory)
		return errno == ENOENT;
	while (empty && (entry = readdir(directory)))
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	closedir(directory);
	return empty;
}

#define LOCK_POLL_US (50 * 1000)

static bool lock_wait(int fd, const char *path, int64_t wait_us, GError **error)
{
	usec_t started = clock_monotonic();

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		char holder[16] = "";

		if (errno != EWOULDBLOCK && errno != EINTR)
			return odr_fail_errno(error, errno, "cannot lock '%s'", path);
		if (!stop_check(error))
			return odr_context(error, "cannot lock '%s'", path);
		if (clock_monotonic() - started < wait_us) {
			g_usleep(LOCK_POLL_US);
			continue;
		}
		if (pread(fd, holder, sizeof(holder) - 1, 0) <= 0 || strtol(holder, NULL, 10) <= 0)
			return odr_fail(error, ODR_ERROR_BUSY,
					"'%s' is locked by another process: wait until it has "
					"ended",
					path);
		return odr_fail(error, ODR_ERROR_BUSY,
				"'%s' is locked by process %ld: wait until it has ended", path,
				strtol(holder, NULL, 10));
	}
	return true;
}

bool file_lock_take(struct file_lock *lock, const char *path, int64_t wait_us, GError **error)
{
	auto_fd fd = open_retrying(AT_FDCWD, path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	g_autofree char *pid = g_strdup_printf("%d\n", (int)getpid());

	/* 0 in a struct file_lock is "not held". */
	if (fd == 0) {
		fd = fcntl(0, F_DUPFD_CLOEXEC, 1);
		close(0);
	}
	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot open the lock '%s'", path);
	if (!lock_wait(fd, path, wait_us, error))
		return false;
	if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, strlen(pid), 0) < 0)
		return odr_fail_errno(error, errno, "cannot write the lock '%s'", path);
	lock->fd = fd;
	fd = -1;
	return true;
}

void file_lock_release(struct file_lock *lock)
{
	if (lock->fd > 0)
		close(lock->fd);
	lock->fd = 0;
}
