#include "base/socket_search.h"

#include "base/error.h"
#include "base/stop.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#define FILES_MAX 20000000U /* some minutes */

static const char *const usual[] = {"/proc", "/sys", NULL};

struct search {
	const char *const *skip;
	GPtrArray *folders; /* char *: not looked at yet */
	GPtrArray *sockets;
	unsigned files;
};

static bool is_skipped(const struct search *search, const char *path)
{
	return g_strv_contains(usual, path) ||
	       (search->skip && g_strv_contains(search->skip, path));
}

/* DT_…; some file systems leave it to be asked for. */
static unsigned char kind_of(const struct dirent *entry, const char *path)
{
	struct stat status;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type;
	return lstat(path, &status) == 0 ? IFTODT(status.st_mode) : DT_UNKNOWN;
}

static void look_at(struct search *search, const char *folder, const struct dirent *entry)
{
	g_autofree char *path = NULL;
	unsigned char kind = entry->d_type;

	if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
		return;
	search->files++;
	/* Nearly all are: no path is made for them. */
	if (kind == DT_REG || kind == DT_LNK)
		return;
	path = g_build_filename(folder, entry->d_name, NULL);
	kind = kind_of(entry, path);
	if (kind == DT_SOCK)
		g_ptr_array_add(search->sockets, g_steal_pointer(&path));
	else if (kind == DT_DIR && !is_skipped(search, path))
		g_ptr_array_add(search->folders, g_steal_pointer(&path));
}

static bool look_into(struct search *search, const char *folder, GError **error)
{
	DIR *directory = opendir(folder);
	const struct dirent *entry;

	/* What we may not read we may not look for; what is in there is tried where it is known. */
	while (directory && (entry = readdir(directory)))
		look_at(search, folder, entry);
	if (directory)
		closedir(directory);
	if (search->files > FILES_MAX)
		return odr_fail(
			error, ODR_ERROR_REFUSED,
			"there are more than %u files to look for sockets among; keep folders "
			"that the drill does not need out of its sight",
			FILES_MAX);
	return stop_check(error);
}

bool sockets_search(const char *folder, const char *const *skip, GPtrArray *paths, GError **error)
{
	g_autoptr(GPtrArray) folders = g_ptr_array_new_with_free_func(g_free);
	struct search search = {.skip = skip, .folders = folders, .sockets = paths};

	g_ptr_array_add(folders, g_strdup(folder));
	while (folders->len > 0) {
		g_autofree char *next = g_ptr_array_steal_index_fast(folders, folders->len - 1);

		if (!look_into(&search, next, error))
			return false;
	}
	return true;
}
