#ifndef ODR_BASE_FILE_H
#define ODR_BASE_FILE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Durable means: data, and the directory entry that names it, are fsynced. */

/* Reads a whole regular file of at most limit bytes. */
bool file_read(const char *path, size_t limit, GBytes **content, GError **error);
/* As file_read, as NUL-terminated text without NUL inside and valid UTF-8. */
bool file_read_text(const char *path, size_t limit, char **text, GError **error);
/* As file_read_text, and refuses a file that group or others can reach (secrets). */
bool file_read_secret(const char *path, size_t limit, char **text, GError **error);

struct file_write {
	mode_t mode;	/* 0: 0600 */
	bool exclusive; /* fail with ODR_ERROR_EXISTS instead of replacing */
};
/* Writes aside (.odr-*.tmp, left behind only by a crash), fsyncs, renames (or links) into place, fsyncs the folder. */
bool file_write(const char *path, const void *data, size_t size, const struct file_write *how,
		GError **error);
/* The same for scattered data. The iovec array is not modified. */
bool file_write_vec(const char *path, const struct iovec *parts, int count,
		    const struct file_write *how, GError **error);

/* A file that has no name and goes with its descriptor, in a folder that is made if need be. -1: failed. */
int file_open_unnamed(const char *folder, GError **error);

/* What was written aside, by whomever, becomes path, durably: on the same file system, EXISTS if it is taken. */
bool file_publish(const char *aside, const char *path, GError **error);

/* pread/pwrite everything, retrying EINTR and short counts. file_pread returns the number of bytes
 * read before end of file, or -1. */
ssize_t file_pread(int fd, void *buffer, size_t size, off_t offset, GError **error);
bool file_pwrite(int fd, const void *data, size_t size, off_t offset, GError **error);

/* openat for what lies below a folder: no component of the path is a link, wherever the system can tell; the
 * last never is. -1 with errno. */
int file_open_beneath(int folder, const char *path, int flags);

bool file_sync_dir(const char *path, GError **error);
/* Makes path and its missing parents durably; existing directories are left as they are. */
bool file_make_dirs(const char *path, mode_t mode, GError **error);
/* Removes a file or a whole tree; a missing path is fine. Never follows symbolic links. */
bool file_remove_tree(const char *path, GError **error);
bool file_is_empty_dir(const char *path); /* true also if it does not exist */

/* An advisory lock on a file (created 0600), released by closing. Waits up to wait for it, then
 * fails with ODR_ERROR_BUSY and names the holder's pid, which is written into the file. A stop
 * request ends the waiting. */
struct file_lock {
	int fd; /* 0: not held, so that releasing a zeroed lock is fine */
};
bool file_lock_take(struct file_lock *lock, const char *path, int64_t wait_us, GError **error);
void file_lock_release(struct file_lock *lock);

#endif
