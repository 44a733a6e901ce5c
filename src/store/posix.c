#include "store/driver.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "base/pool.h"
#include "crypto/digest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/*
 * A folder as a repository. The root is held open: what is mounted over it or away later does not
 * change which repository this is. Objects are written under a dot name, synced, and renamed
 * without replacing; a folder is synced after a name was added to it.
 */
#define FOLDER_MODE	0700
#define OBJECT_MODE	0400
#define WRITEBACK_BYTES ((off_t)8 << 20)

struct posix_store {
	struct store store;
	int root;
	struct mutex *mutex;
	GHashTable *folders; /* known to exist and to be durable */
};

static struct posix_store *posix(Store *store)
{
	return (struct posix_store *)store;
}

static void posix_free(Store *store)
{
	struct posix_store *self = posix(store);

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
	*abilities = (struct store_abilities){.lists = true};
}

/* Failures. Absence is proven only while the root itself is still there. */

static bool path_fail(struct posix_store *self, int errnum, GError **error)
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

static usec_t stat_time(const struct stat *status)
{
	return status->st_mtim.tv_sec * USEC_PER_SEC + status->st_mtim.tv_nsec / 1000;
}

/* Folders. */

static char *folder_of(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? g_strndup(name, (gsize)(slash - name)) : g_strdup(".");
}

static bool folder_sync(struct posix_store *self, const char *folder, GError **error)
{
	int fd = openat(self->root, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool synced;

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot open folder '%s'", folder);
	synced = fsync(fd) == 0;
	if (!synced)
		odr_fail_errno(error, errno, "cannot sync folder '%s'", folder);
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

static void folder_forget(struct posix_store *self, const char *folder)
{
	mutex_lock(self->mutex);
	g_hash_table_remove(self->folders, folder);
	mutex_unlock(self->mutex);
}

static bool folder_make_one(struct posix_store *self, const char *folder, GError **error)
{
	g_autofree char *parent = folder_of(folder);

	if (mkdirat(self->root, folder, FOLDER_MODE) == 0)
		return folder_sync(self, parent, error);
	return errno == EEXIST || path_fail(self, errno, error);
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

/* Writing. */

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
	g_autofree char *base = g_path_get_basename(name);
	uint8_t noise[8];
	g_autofree char *hex = NULL;

	random_bytes(noise, sizeof(noise));
	hex = hex_encode(noise, sizeof(noise));
	draft->self = self;
	draft->folder = folder_of(name);
	draft->temporary = g_strdup_printf("%s/.%s.%s.tmp", draft->folder, base, hex);
	draft->fd = -1;
	return draft;
}

static bool draft_try_create(Draft *draft, GError **error)
{
	if (!folder_make(draft->self, draft->folder, error))
		return false;
	draft->fd = openat(draft->self->root, draft->temporary,
			   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, OBJECT_MODE);
	return draft->fd >= 0 || path_fail(draft->self, errno, error);
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
		folder_forget(draft->self, draft->folder);
	}
	if (odr_error_is(trouble, ODR_ERROR_NOT_FOUND))
		return odr_fail(error, ODR_ERROR_SYSTEM, "folder '%s' cannot be made or vanishes",
				draft->folder);
	g_propagate_error(error, g_steal_pointer(&trouble));
	return false;
}

/* Large objects reach the disk while they are still being written, so that the sync is short. */
static bool draft_write(Draft *draft, const struct iovec *parts, int count, GError **error)
{
	off_t offset = 0, started = 0;

	for (int i = 0; i < count; i++) {
		if (!file_pwrite(draft->fd, parts[i].iov_base, parts[i].iov_len, offset, error))
			return false;
		offset += (off_t)parts[i].iov_len;
		if (offset - started >= WRITEBACK_BYTES) {
			sync_file_range(draft->fd, started, offset - started,
					SYNC_FILE_RANGE_WRITE);
			started = offset;
		}
	}
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
	if (rename_new(draft->self->root, draft->temporary, name) != 0) {
		if (errno == EEXIST)
			return refuse_taken(draft->self, draft->folder, error);
		return odr_fail_errno(error, errno, "cannot name the file");
	}
	draft->published = true;
	return folder_sync(draft->self, draft->folder, error);
}

static bool posix_put(Store *store, const char *name, const struct iovec *parts, int count,
		      const struct store_put *how, struct store_receipt *receipt, GError **error)
{
	struct posix_store *self = posix(store);
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

	*receipt = (struct store_receipt){.stored_at = stat_time(&status)};
	return true;
}

/* Reading. */

static bool posix_head(Store *store, const char *name, struct store_object *object, GError **error)
{
	struct posix_store *self = posix(store);
	struct stat status;

	if (fstatat(self->root, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return path_fail(self, errno, error);
	if (S_ISLNK(status.st_mode))
		return path_fail(self, ELOOP, error);
	if (!S_ISREG(status.st_mode))
		return path_fail(self, ENOENT, error);

	*object = (struct store_object){.size = (uint64_t)status.st_size,
					.stored_at = stat_time(&status)};
	return true;
}

/* Opens an object, or returns -1. A named pipe must not make us wait: O_NONBLOCK. */
static int object_open(struct posix_store *self, const char *name, struct stat *status,
		       GError **error)
{
	int fd = openat(self->root, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		path_fail(self, errno, error);
		return -1;
	}
	if (fstat(fd, status) == 0 && S_ISREG(status->st_mode))
		return fd;
	close(fd);
	path_fail(self, ENOENT, error);
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
	buffer = g_try_malloc(size + 1);
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
	fd = object_open(posix(store), name, &status, error);
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
	fd = object_open(posix(store), name, &status, error);
	if (fd < 0)
		return false;
	done = read_exactly(fd, offset, buffer, size, error);
	close(fd);
	return done;
}

/* Listing. */

struct listing {
	struct posix_store *self;
	const char *prefix;
	store_each each;
	void *data;
	bool ended; /* each wants no more */
};

static void list_object(struct listing *listing, const char *name, const struct stat *status)
{
	const struct store_object object = {.name = (char *)name,
					    .size = (uint64_t)status->st_size,
					    .stored_at = stat_time(status)};

	if (g_str_has_prefix(name, listing->prefix))
		listing->ended = !listing->each(listing->data, &object);
}

static bool list_file(struct listing *listing, const char *name, GError **error)
{
	struct stat status;

	if (fstatat(listing->self->root, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		/* Perhaps deleted since its folder was read. */
		return errno == ENOENT || path_fail(listing->self, errno, error);
	if (S_ISLNK(status.st_mode))
		return path_fail(listing->self, ELOOP, error) || odr_context(error, "'%s'", name);
	if (S_ISREG(status.st_mode))
		list_object(listing, name, &status);
	return true;
}

/* True if an object named so, or one below a folder named so ("…/"), may begin with prefix. */
static bool prefix_fits(const char *prefix, const char *name)
{
	return strncmp(prefix, name, MIN(strlen(prefix), strlen(name))) == 0;
}

static bool entry_is_folder(int fd, const struct dirent *entry)
{
	struct stat status;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(status.st_mode);
}

/* What is no name of ours (dot names, lost+found) is not listed. */
static void read_entry(const struct listing *listing, const char *folder, DIR *dir,
		       const struct dirent *entry, GPtrArray *names)
{
	g_autofree char *name = NULL;

	if (!store_name_valid(entry->d_name))
		return;
	name = g_strconcat(folder, *folder ? "/" : "", entry->d_name,
			   entry_is_folder(dirfd(dir), entry) ? "/" : "", NULL);
	if (prefix_fits(listing->prefix, name))
		g_ptr_array_add(names, g_steal_pointer(&name));
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static DIR *folder_open(struct posix_store *self, const char *folder, GError **error)
{
	const char *path = *folder ? folder : ".";
	int fd = openat(self->root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;
	DIR *dir;

	if (fd < 0) {
		int errnum = errno;

		if (errnum == ENOTDIR &&
		    fstatat(self->root, path, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISLNK(status.st_mode))
			errnum = ELOOP;
		path_fail(self, errnum, error);
		return NULL;
	}
	dir = fdopendir(fd);
	if (!dir) {
		odr_fail_errno(error, errno, "cannot read folder '%s'", path);
		close(fd);
	}
	return dir;
}

/* The names in a folder, whole, folders with '/' at their end: their order is then that of all names
 * below them. */
static GPtrArray *folder_read(const struct listing *listing, const char *folder, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	DIR *dir = folder_open(listing->self, folder, error);
	const struct dirent *entry;
	int errnum;

	if (!dir)
		return NULL;
	while (errno = 0, (entry = readdir(dir)))
		read_entry(listing, folder, dir, entry, names);
	errnum = errno;
	closedir(dir);
	if (errnum != 0) {
		odr_fail_errno(error, errnum, "cannot read folder '%s'", folder);
		return NULL;
	}
	g_ptr_array_sort(names, compare_names);
	return g_steal_pointer(&names);
}

static bool list_folder(struct listing *listing, const char *folder, GError **error);

static bool list_entry(struct listing *listing, char *name, GError **error)
{
	size_t length = strlen(name);

	if (name[length - 1] != '/')
		return list_file(listing, name, error);
	name[length - 1] = '\0';
	return list_folder(listing, name, error);
}

/* A missing folder has no objects. */
static bool list_folder(struct listing *listing, const char *folder, GError **error)
{
	g_autoptr(GError) trouble = NULL;
	g_autoptr(GPtrArray) names = folder_read(listing, folder, &trouble);

	if (odr_error_is(trouble, ODR_ERROR_NOT_FOUND))
		return true;
	if (!names) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		return false;
	}
	for (guint i = 0; i < names->len && !listing->ended; i++)
		if (!list_entry(listing, names->pdata[i], error))
			return false;
	return true;
}

static bool posix_list(Store *store, const char *prefix, store_each each, void *data,
		       GError **error)
{
	struct listing listing = {
		.self = posix(store), .prefix = prefix, .each = each, .data = data};
	g_autofree char *folder = folder_of(prefix);

	return list_folder(&listing, strcmp(folder, ".") == 0 ? "" : folder, error);
}

/* Deleting. */

/* Folders that became empty go too; one that is not empty stays by itself. */
static void remove_empty_folders(struct posix_store *self, const char *name)
{
	g_autofree char *folder = folder_of(name);

	while (strcmp(folder, ".") != 0) {
		char *parent = folder_of(folder);

		folder_forget(self, folder);
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
	struct posix_store *self = posix(store);
	struct store_object object;

	if (!version_check(version, error) || !posix_head(store, name, &object, error))
		return false;
	if (unlinkat(self->root, name, 0) != 0)
		return path_fail(self, errno, error);
	remove_empty_folders(self, name);
	return true;
}

static uint64_t posix_space(Store *store)
{
	struct statvfs space;

	if (fstatvfs(posix(store)->root, &space) != 0)
		return UINT64_MAX;
	return (uint64_t)space.f_bavail * space.f_frsize;
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
	.delete = posix_delete,
	.space = posix_space,
};
