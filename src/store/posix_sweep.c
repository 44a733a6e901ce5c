#include "store/posix.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/stop.h"
#include "crypto/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/*
 * A draft whose writer died stays. Whether it lives cannot be asked where several hosts write to one
 * folder; that nothing was written for long can be seen, by the clock that the file's own time is of.
 */
#define NOISE_SIZE 8
#define ENDING	   ".tmp"

struct sweeping {
	struct posix_store *self;
	const struct store_sweep *how;
	struct store_swept *swept;
	usec_t before;
};

char *posix_draft_name(const char *name)
{
	g_autofree char *folder = posix_folder_of(name);
	g_autofree char *base = g_path_get_basename(name);
	uint8_t noise[NOISE_SIZE];
	g_autofree char *hex = NULL;

	random_bytes(noise, sizeof(noise));
	hex = hex_encode(noise, sizeof(noise));
	return g_strdup_printf("%s/.%s.%s" ENDING, folder, base, hex);
}

bool posix_is_draft(const char *base)
{
	size_t length = strlen(base), behind = strlen(ENDING) + 2 * NOISE_SIZE + 1;

	if (base[0] != '.' || length <= behind + 1 || !g_str_has_suffix(base, ENDING))
		return false;

	const char *noise = base + length - behind;
	g_autofree char *name = g_strndup(base + 1, (gsize)(noise - base - 1));

	return noise[0] == '.' && hex_is_digits(noise + 1, 2 * NOISE_SIZE) &&
	       store_name_valid(name);
}

/* The time that a file gets which is written now. */
static usec_t folder_now(struct posix_store *self, const char *folder)
{
	g_autofree char *clock = g_strconcat(folder, "/clock", NULL);
	g_autofree char *name = posix_draft_name(clock);
	int fd = openat(self->root, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			0600);
	struct stat status;
	usec_t now = clock_now();

	/* Where nothing can be written, nothing will be removed. */
	if (fd < 0)
		return now;
	if (fstat(fd, &status) == 0)
		now = posix_stored_at(&status);
	close(fd);
	unlinkat(self->root, name, 0);
	return now;
}

/* What is gone meanwhile was published, or swept by another. */
static bool sweep_draft(struct sweeping *sweeping, const char *name, GError **error)
{
	struct posix_store *self = sweeping->self;
	struct stat status;

	if (fstatat(self->root, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT || posix_fail(self, errno, error);
	if (!S_ISREG(status.st_mode) || posix_stored_at(&status) >= sweeping->before)
		return true;
	if (!sweeping->how->only_count) {
		if (!fault_point("store.delete", name, error))
			return false;
		if (unlinkat(self->root, name, 0) != 0)
			return errno == ENOENT || posix_fail(self, errno, error);
		posix_remove_empty_folders(self, name);
	}
	sweeping->swept->drafts++;
	sweeping->swept->bytes += (uint64_t)status.st_size;
	return true;
}

static bool sweep_folder(struct sweeping *sweeping, const char *folder, GError **error);

static bool sweep_entry(struct sweeping *sweeping, const char *folder, int fd,
			const struct dirent *entry, GError **error)
{
	const char *base = entry->d_name;
	g_autofree char *name = g_strconcat(folder, "/", base, NULL);

	if (posix_is_draft(base))
		return sweep_draft(sweeping, name, error);
	return !store_name_valid(base) || !posix_entry_is_folder(fd, entry) ||
	       sweep_folder(sweeping, name, error);
}

/* A missing folder has no drafts. */
static bool sweep_folder(struct sweeping *sweeping, const char *folder, GError **error)
{
	g_autoptr(GError) trouble = NULL;
	DIR *dir = posix_open_folder(sweeping->self, folder, &trouble);
	const struct dirent *entry;
	bool done = true;

	if (!dir) {
		if (odr_error_is(trouble, ODR_ERROR_NOT_FOUND))
			return true;
		g_propagate_error(error, g_steal_pointer(&trouble));
		return false;
	}
	while (done && (errno = 0, entry = readdir(dir)))
		done = stop_check(error) && sweep_entry(sweeping, folder, dirfd(dir), entry, error);
	if (done && errno != 0)
		done = odr_fail_errno(error, errno, "cannot read folder '%s'", folder);
	closedir(dir);
	return done;
}

bool posix_sweep(Store *store, const char *folder, const struct store_sweep *sweep,
		 struct store_swept *swept, GError **error)
{
	struct posix_store *self = posix_store(store);
	struct sweeping sweeping = {.self = self,
				    .how = sweep,
				    .swept = swept,
				    .before = folder_now(self, folder) - sweep->age};

	return sweep_folder(&sweeping, folder, error);
}
