#include "store/posix.h"

#include "base/error.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

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
					    .stored_at = posix_stored_at(status)};

	if (g_str_has_prefix(name, listing->prefix))
		listing->ended = !listing->each(listing->data, &object);
}

static bool list_file(struct listing *listing, const char *name, GError **error)
{
	struct stat status;

	if (fstatat(listing->self->root, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		/* Perhaps deleted since its folder was read. */
		return errno == ENOENT || posix_fail(listing->self, errno, error);
	if (S_ISLNK(status.st_mode))
		return posix_fail(listing->self, ELOOP, error) || odr_context(error, "'%s'", name);
	if (S_ISREG(status.st_mode))
		list_object(listing, name, &status);
	return true;
}

/* True if an object named so, or one below a folder named so ("…/"), may begin with prefix. */
static bool prefix_fits(const char *prefix, const char *name)
{
	return strncmp(prefix, name, MIN(strlen(prefix), strlen(name))) == 0;
}

bool posix_entry_is_folder(int fd, const struct dirent *entry)
{
	struct stat status;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(status.st_mode);
}

/* What of the prefix is left for names in this folder. */
static const char *prefix_within(const char *prefix, const char *folder)
{
	size_t length = strlen(folder);

	if (length == 0)
		return prefix;
	return strlen(prefix) > length ? prefix + length + 1 : "";
}

/* What is no name of ours (dot names, lost+found) is not listed. */
static void read_entry(const struct listing *listing, const char *folder, DIR *dir,
		       const struct dirent *entry, GPtrArray *names)
{
	g_autofree char *name = NULL;

	/* Of the hundred thousand names of a timeline one is asked for: the others cost nothing. */
	if (!prefix_fits(prefix_within(listing->prefix, folder), entry->d_name) ||
	    !store_name_valid(entry->d_name))
		return;
	name = g_strconcat(folder, *folder ? "/" : "", entry->d_name,
			   posix_entry_is_folder(dirfd(dir), entry) ? "/" : "", NULL);
	if (prefix_fits(listing->prefix, name))
		g_ptr_array_add(names, g_steal_pointer(&name));
}

DIR *posix_open_folder(struct posix_store *self, const char *folder, GError **error)
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
		posix_fail(self, errnum, error);
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
	DIR *dir = posix_open_folder(listing->self, folder, error);
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
	g_ptr_array_sort(names, text_compare);
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

bool posix_list(Store *store, const char *prefix, store_each each, void *data, GError **error)
{
	struct listing listing = {
		.self = posix_store(store), .prefix = prefix, .each = each, .data = data};
	g_autofree char *folder = posix_folder_of(prefix);

	return list_folder(&listing, strcmp(folder, ".") == 0 ? "" : folder, error);
}
