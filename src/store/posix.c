#include "store/posix.h"

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FOLDER_MODE 0700 /* of the root, when it is made */

struct posix_store *posix_store(Store *store)
{
	return (struct posix_store *)store;
}

static void posix_free(Store *store)
{
	struct posix_store *self = posix_store(store);

	if (self->root >= 0)
		close(self->root);
	mutex_free(self->mutex);
	g_hash_table_unref(self->folders);
	g_free(store->name);
	g_free(store->description);
	g_free(self);
}

static bool root_fail(const char *path, int errnum, GError **error)
{
	if (errnum == ENOENT)
		return odr_fail(error, ODR_ERROR_UNREACHABLE,
				"folder '%s' does not exist: is its file system mounted?", path);
	if (errnum == ENOTDIR)
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' is not a folder", path);
	return odr_fail_errno(error, errnum, "cannot open folder '%s'", path);
}

static Store *posix_open(const struct store_settings *settings, GError **error)
{
	struct posix_store *self;
	int root;

	if (!settings->path || !g_path_is_absolute(settings->path)) {
		odr_fail(error, ODR_ERROR_USAGE, "its path must be absolute: '%s'",
			 settings->path ? settings->path : "");
		return NULL;
	}
	if (settings->create && !file_make_dirs(settings->path, FOLDER_MODE, error))
		return NULL;
	root = open(settings->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0) {
		root_fail(settings->path, errno, error);
		return NULL;
	}

	self = g_new0(struct posix_store, 1);
	self->store.class = &store_posix;
	self->store.name = g_strdup(settings->name);
	self->store.description = g_strdup_printf("posix %s", settings->path);
	self->root = root;
	self->mutex = mutex_new();
	self->folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return &self->store;
}

static void posix_abilities(Store *store, struct store_abilities *abilities)
{
	*abilities = (struct store_abilities){
		.lists = true,
		.protection = "not immutable: whoever may write to the folder may delete there",
	};
}

/* Failures. Absence is proven only while the root itself is still there. */

bool posix_fail(struct posix_store *self, int errnum, GError **error)
{
	struct stat root;

	if (errnum == ENOENT || errnum == ENOTDIR) {
		if (fstat(self->root, &root) != 0 || root.st_nlink == 0)
			return odr_fail(error, ODR_ERROR_UNREACHABLE,
					"the folder of the repository was removed");
		return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no such object");
	}
	if (errnum == ELOOP)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"a symbolic link stands there: a repository holds only folders and "
				"files");
	return odr_fail_errno(error, errnum, "the file system failed");
}

static bool version_check(const char *version, GError **error)
{
	if (version && *version)
		return odr_fail(error, ODR_ERROR_USAGE,
				"there are no versions of objects in a folder");
	return true;
}

usec_t posix_stored_at(const struct stat *status)
{
	return status->st_mtim.tv_sec * USEC_PER_SEC + status->st_mtim.tv_nsec / 1000;
}

char *posix_folder_of(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? g_strndup(name, (gsize)(slash - name)) : g_strdup(".");
}

/* Reading. */

static bool posix_head(Store *store, const char *name, struct store_object *object, GError **error)
{
	struct posix_store *self = posix_store(store);
	struct stat status;

	if (fstatat(self->root, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return posix_fail(self, errno, error);
	if (S_ISLNK(status.st_mode))
		return posix_fail(self, ELOOP, error);
	if (!S_ISREG(status.st_mode))
		return posix_fail(self, ENOENT, error);

	*object = (struct store_object){.size = (uint64_t)status.st_size,
					.stored_at = posix_stored_at(&status)};
	return true;
}

/* Opens an object, or returns -1. A named pipe must not make us wait: O_NONBLOCK. */
static int object_open(struct posix_store *self, const char *name, struct stat *status,
		       GError **error)
{
	int fd = openat(self->root, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		posix_fail(self, errno, error);
		return -1;
	}
	if (fstat(fd, status) == 0 && S_ISREG(status->st_mode))
		return fd;
	close(fd);
	posix_fail(self, ENOENT, error);
	return -1;
}

static bool read_exactly(int fd, uint64_t offset, void *buffer, size_t size, GError **error)
{
	ssize_t got = file_pread(fd, buffer, size, (off_t)offset, error);

	if (got < 0)
		return false;
	if ((size_t)got != size)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"it ends after %zd of the %zu bytes from %" G_GUINT64_FORMAT, got,
				size, offset);
	return true;
}

static bool read_whole(int fd, uint64_t size, uint64_t limit, GBytes **content, GError **error)
{
	g_autofree void *buffer = NULL;

	if (size > limit)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"it has %" G_GUINT64_FORMAT " bytes, at most %" G_GUINT64_FORMAT
				" are plausible",
				size, limit);
	buffer = memory_large(size);
	if (!buffer)
		return odr_fail(error, ODR_ERROR_SYSTEM,
				"no memory for its %" G_GUINT64_FORMAT " bytes", size);
	if (!read_exactly(fd, 0, buffer, size, error))
		return false;

	*content = g_bytes_new_take(g_steal_pointer(&buffer), size);
	return true;
}

static bool posix_get(Store *store, const char *name, const char *version, uint64_t limit,
		      GBytes **content, GError **error)
{
	struct stat status;
	bool done;
	int fd;

	if (!version_check(version, error))
		return false;
	fd = object_open(posix_store(store), name, &status, error);
	if (fd < 0)
		return false;
	done = read_whole(fd, (uint64_t)status.st_size, limit, content, error);
	close(fd);
	return done;
}

static bool posix_get_range(Store *store, const char *name, const char *version, uint64_t offset,
			    size_t size, void *buffer, GError **error)
{
	struct stat status;
	bool done;
	int fd;

	if (!version_check(version, error))
		return false;
	if (offset > INT64_MAX - size)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"an offset of %" G_GUINT64_FORMAT " is impossible", offset);
	fd = object_open(posix_store(store), name, &status, error);
	if (fd < 0)
		return false;
	done = read_exactly(fd, offset, buffer, size, error);
	close(fd);
	return done;
}

/* Deleting. */

/* One that is not empty stays by itself. */
void posix_remove_empty_folders(struct posix_store *self, const char *name)
{
	g_autofree char *folder = posix_folder_of(name);

	while (strcmp(folder, ".") != 0) {
		char *parent = posix_folder_of(folder);

		posix_forget_folder(self, folder);
		if (unlinkat(self->root, folder, AT_REMOVEDIR) != 0) {
			g_free(parent);
			return;
		}
		g_free(folder);
		folder = parent;
	}
}

static bool posix_delete(Store *store, const char *name, const char *version, GError **error)
{
	struct posix_store *self = posix_store(store);
	struct store_object object;

	if (!version_check(version, error) || !posix_head(store, name, &object, error))
		return false;
	if (unlinkat(self->root, name, 0) != 0)
		return posix_fail(self, errno, error);
	posix_remove_empty_folders(self, name);
	return true;
}

const struct store_class store_posix = {
	.type = "posix",
	.open = posix_open,
	.free = posix_free,
	.abilities = posix_abilities,
	.put = posix_put,
	.head = posix_head,
	.get = posix_get,
	.get_range = posix_get_range,
	.list = posix_list,
	.sweep = posix_sweep,
	.delete = posix_delete,
	.diagnose = posix_diagnose,
};
