#include "store/posix.h"

#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * An object is written under a dot name beside its own, synced, and renamed without replacing; then
 * the folder is synced, and only then is the object said to be stored.
 */
#define FOLDER_MODE	0700
#define OBJECT_MODE	0400
#define WRITEBACK_BYTES ((off_t)8 << 20)
#define DIRECT_MIN	((size_t)1 << 20)
#define DIRECT_UNIT	((size_t)4 << 10) /* what every disk takes */

/* Folders. */

static bool folder_sync(struct posix_store *self, const char *folder, GError **error)
{
	int fd = openat(self->root, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool synced;

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot open folder '%s'", folder);
	synced = fault_point("file.fsync", folder, error);
	if (synced && fsync(fd) != 0)
		synced = odr_fail_errno(error, errno, "cannot sync folder '%s'", folder);
	close(fd);
	return synced;
}

static bool folder_known(struct posix_store *self, const char *folder)
{
	bool known;

	mutex_lock(self->mutex);
	known = g_hash_table_contains(self->folders, folder);
	mutex_unlock(self->mutex);
	return known;
}

static void folder_remember(struct posix_store *self, const char *folder)
{
	mutex_lock(self->mutex);
	g_hash_table_add(self->folders, g_strdup(folder));
	mutex_unlock(self->mutex);
}

void posix_forget_folder(struct posix_store *self, const char *folder)
{
	mutex_lock(self->mutex);
	g_hash_table_remove(self->folders, folder);
	mutex_unlock(self->mutex);
}

static bool folder_make_one(struct posix_store *self, const char *folder, GError **error)
{
	g_autofree char *parent = posix_folder_of(folder);

	if (mkdirat(self->root, folder, FOLDER_MODE) == 0)
		return folder_sync(self, parent, error);
	return errno == EEXIST || posix_fail(self, errno, error);
}

/* Makes what is missing, from the root down; each new name is synced in its parent. */
static bool folder_make(struct posix_store *self, const char *folder, GError **error)
{
	size_t length = 0;

	if (strcmp(folder, ".") == 0 || folder_known(self, folder))
		return true;
	do {
		length += length > 0;
		length += strcspn(folder + length, "/");

		g_autofree char *upper = g_strndup(folder, length);

		if (!folder_make_one(self, upper, error))
			return false;
	} while (folder[length]);
	folder_remember(self, folder);
	return true;
}

/* Drafts. */

struct draft {
	struct posix_store *self;
	char *folder, *temporary;
	int fd;
	bool published;
};
typedef struct draft Draft;

static void draft_free(Draft *draft)
{
	if (draft->fd >= 0) {
		close(draft->fd);
		if (!draft->published)
			unlinkat(draft->self->root, draft->temporary, 0);
	}
	g_free(draft->folder);
	g_free(draft->temporary);
	g_free(draft);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Draft, draft_free)

static Draft *draft_new(struct posix_store *self, const char *name)
{
	Draft *draft = g_new0(Draft, 1);

	draft->self = self;
	draft->folder = posix_folder_of(name);
	draft->temporary = posix_draft_name(name);
	draft->fd = -1;
	return draft;
}

static bool draft_try_create(Draft *draft, GError **error)
{
	if (!folder_make(draft->self, draft->folder, error))
		return false;
	draft->fd = openat(draft->self->root, draft->temporary,
			   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, OBJECT_MODE);
	return draft->fd >= 0 || posix_fail(draft->self, errno, error);
}

/* A keeper may remove a folder that became empty just before we write into it: make it again. */
static bool draft_create(Draft *draft, GError **error)
{
	g_autoptr(GError) trouble = NULL;

	for (int attempt = 0; attempt < 3; attempt++) {
		g_clear_error(&trouble);
		if (draft_try_create(draft, &trouble))
			return true;
		if (!odr_error_is(trouble, ODR_ERROR_NOT_FOUND))
			break;
		posix_forget_folder(draft->self, draft->folder);
	}
	if (odr_error_is(trouble, ODR_ERROR_NOT_FOUND))
		return odr_fail(error, ODR_ERROR_SYSTEM, "folder '%s' cannot be made or vanishes",
				draft->folder);
	g_propagate_error(error, g_steal_pointer(&trouble));
	return false;
}

/* Past the page cache, which has better to keep, and costs as much as to encrypt. Returns how much of it: a file system
 * that does not take it, or a trouble that will show again, leaves the rest to the ordinary way. */
static size_t write_direct(int fd, const uint8_t *data, size_t size, off_t offset)
{
	size_t whole = size / DIRECT_UNIT * DIRECT_UNIT, done = 0;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_DIRECT) < 0)
		return 0;
	while (done < whole) {
		ssize_t put = pwrite(fd, data + done, whole - done, offset + (off_t)done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			break;
		done += (size_t)put / DIRECT_UNIT * DIRECT_UNIT;
		if ((size_t)put % DIRECT_UNIT != 0)
			break;
	}
	fcntl(fd, F_SETFL, flags);
	return done;
}

static bool part_write(int fd, const struct iovec *part, off_t offset, GError **error)
{
	const uint8_t *data = part->iov_base;
	size_t done = 0;

	if (part->iov_len >= DIRECT_MIN && (uintptr_t)data % DIRECT_UNIT == 0 &&
	    (size_t)offset % DIRECT_UNIT == 0)
		done = write_direct(fd, data, part->iov_len, offset);
	return file_pwrite(fd, data + done, part->iov_len - done, offset + (off_t)done, error);
}

/* Large objects reach the disk while they are still being written, so that the sync is short. */
static bool draft_write(Draft *draft, const struct iovec *parts, int count, GError **error)
{
	off_t offset = 0, started = 0;

	for (int i = 0; i < count; i++) {
		if (!part_write(draft->fd, &parts[i], offset, error))
			return false;
		offset += (off_t)parts[i].iov_len;
		if (offset - started >= WRITEBACK_BYTES) {
			sync_file_range(draft->fd, started, offset - started,
					SYNC_FILE_RANGE_WRITE);
			started = offset;
		}
	}
	if (!fault_point("file.fsync", draft->temporary, error))
		return false;
	if (fdatasync(draft->fd) != 0)
		return odr_fail_errno(error, errno, "cannot sync the file");
	return true;
}

/* Where the file system cannot rename without replacing (NFS), link can name without replacing. */
static int rename_new(int root, const char *from, const char *to)
{
	if (renameat2(root, from, root, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
		return -1;
	if (linkat(root, from, root, to, 0) != 0)
		return -1;
	unlinkat(root, from, 0);
	return 0;
}

/* Another process may have published the name a moment ago and not yet synced the folder: whoever
 * takes "exists" for "durable" must be right. */
static bool refuse_taken(struct posix_store *self, const char *folder, GError **error)
{
	if (!folder_sync(self, folder, error))
		return false;
	return odr_fail(error, ODR_ERROR_EXISTS, "an object of this name is there already");
}

static bool draft_publish(Draft *draft, const char *name, GError **error)
{
	if (!fault_point("file.rename", name, error))
		return false;
	if (rename_new(draft->self->root, draft->temporary, name) != 0) {
		if (errno == EEXIST)
			return refuse_taken(draft->self, draft->folder, error);
		if (errno == ENOENT)
			return odr_fail(error, ODR_ERROR_TRANSIENT,
					"what was being written was removed, as if its writer had "
					"died");
		return odr_fail_errno(error, errno, "cannot name the file");
	}
	draft->published = true;
	return folder_sync(draft->self, draft->folder, error);
}

bool posix_put(Store *store, const char *name, const struct iovec *parts, int count,
	       const struct store_put *how, struct store_receipt *receipt, GError **error)
{
	struct posix_store *self = posix_store(store);
	g_autoptr(Draft) draft = draft_new(self, name);
	struct stat status;

	if (fstatat(self->root, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return refuse_taken(self, draft->folder, error);
	if (!draft_create(draft, error) || !draft_write(draft, parts, count, error))
		return false;
	if (fstat(draft->fd, &status) != 0)
		return odr_fail_errno(error, errno, "cannot look at the file");
	if (!draft_publish(draft, name, error))
		return false;

	*receipt = (struct store_receipt){.stored_at = posix_stored_at(&status)};
	return true;
}
