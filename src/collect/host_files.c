/* Files of the host as items. */
#include "collect/collector.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK	    ((size_t)1 << 20)
#define DEPTH_MAX   64
#define MATCHES_MAX 100000

char *collection_path(const struct collection *collection, const char *path)
{
	return g_strconcat(collection->host->root, path, NULL);
}

bool collection_path_exists(const struct collection *collection, const char *path)
{
	g_autofree char *real = collection_path(collection, path);

	return g_file_test(real, G_FILE_TEST_EXISTS);
}

bool collection_read(const struct collection *collection, const char *path, char **text,
		     GError **error)
{
	g_autofree char *real = collection_path(collection, path);

	return file_read_text(real, MASK_TEXT_MAX, text, error);
}

/* ---- one file -------------------------------------------------------------------------------- */

static char *user_name(uid_t id)
{
	struct passwd entry, *found = NULL;
	char buffer[4096];

	getpwuid_r(id, &entry, buffer, sizeof(buffer), &found);
	return g_strdup(found ? found->pw_name : "");
}

static char *group_name(gid_t id)
{
	struct group entry, *found = NULL;
	char buffer[4096];

	getgrgid_r(id, &entry, buffer, sizeof(buffer), &found);
	return g_strdup(found ? found->gr_name : "");
}

static struct collect_item *item_of_file(const char *path, const char *hint,
					 const struct stat *status)
{
	struct collect_item *item = g_new0(struct collect_item, 1);

	item->path = g_strconcat("files", path, NULL);
	item->source = g_strdup(path);
	item->hint = g_strdup(hint);
	item->in_place = true;
	item->mode = status->st_mode & 07777;
	item->uid = status->st_uid;
	item->gid = status->st_gid;
	item->owner = user_name(status->st_uid);
	item->group = group_name(status->st_gid);
	item->mtime_ns = (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
	return item;
}

/* A folder of the host's root leads out of it only by absolute links; those are looked up below it too. */
static char *link_target(const struct collection *collection, const char *path, const char *link)
{
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *absolute =
		g_path_is_absolute(link) ? g_strdup(link) : g_build_filename(folder, link, NULL);
	g_autofree char *real = collection_path(collection, absolute);
	char *resolved = realpath(real, NULL);
	size_t root = strlen(collection->host->root);
	char *target = resolved && strncmp(resolved, collection->host->root, root) == 0
			       ? g_strdup(resolved + root)
			       : NULL;

	free(resolved);
	return target;
}

static bool take_link(struct collection *collection, struct collect_item *item, GError **error)
{
	item->form = COLLECT_FORM_LINK;
	return collection_open(collection, item, error) && collection_end(collection, error);
}

/* The link, and the file that it leads to. */
static bool take_linked(struct collection *collection, const char *path, const char *hint,
			const struct stat *status, GError **error)
{
	g_autofree char *real = collection_path(collection, path);
	g_autofree char *link = g_file_read_link(real, NULL);
	g_autofree char *target = link ? link_target(collection, path, link) : NULL;
	struct collect_item *item;

	if (!link || !link[0] || !g_utf8_validate(link, -1, NULL))
		return odr_fail(error, ODR_ERROR_SYSTEM, "cannot read the link '%s'", path);
	item = item_of_file(path, hint, status);
	item->link = g_steal_pointer(&link);
	if (!take_link(collection, item, error))
		return false;
	g_autofree char *end = target ? collection_path(collection, target) : NULL;

	if (collection->links_alone)
		return true;
	if (!target)
		collection_note(collection, "the link '%s' leads nowhere", path);
	else if (g_file_test(end, G_FILE_TEST_IS_REGULAR))
		return collection_file(collection, target, hint, error);
	return true;
}

/* A file that is a secret as a whole: its digest stays. */
static bool take_secret(struct collection *collection, const char *content, size_t size,
			GError **error)
{
	g_autofree char *masked = mask_value(&collection->mask, content, size);
	g_autofree char *line = g_strconcat(masked, "\n", NULL);

	collection->item->form = COLLECT_FORM_TEXT;
	collection->item->masked = true;
	if (collection_write(collection, line, strlen(line), error))
		return collection_end(collection, error);
	collection_drop(collection);
	return false;
}

/* Too large for memory, or not to be looked into. */
static bool take_stream(struct collection *collection, int fd, const char *path, GError **error)
{
	g_autofree char *block = g_malloc(BLOCK);
	off_t offset = 0;
	ssize_t got;

	while ((got = file_pread(fd, block, BLOCK, offset, error)) > 0) {
		if (offset == 0 && !collection->settings->sealed &&
		    !memchr(block, '\0', (size_t)got)) {
			odr_fail(
				error, ODR_ERROR_REFUSED,
				"'%s' has more than 16 MiB of text, too much to look for secrets in: "
				"leave it out, or set secrets=sealed for the collector",
				path);
			got = -1;
			break;
		}
		if (!collection_write(collection, block, (size_t)got, error)) {
			got = -1;
			break;
		}
		offset += got;
	}
	if (got == 0)
		return collection_end(collection, error);
	collection_drop(collection);
	return false;
}

static bool take_content(struct collection *collection, int fd, const char *path, uint64_t size,
			 GError **error)
{
	bool sealed = collection->settings->sealed;
	g_autofree char *content = NULL;
	ssize_t got;

	if (size > MASK_TEXT_MAX && (sealed || !mask_is_secret_file(path)))
		return take_stream(collection, fd, path, error);
	content = g_malloc(MASK_TEXT_MAX + 1);
	got = file_pread(fd, content, MASK_TEXT_MAX, 0, error);
	if (got < 0) {
		collection_drop(collection);
		return false;
	}
	if (!sealed && mask_is_secret_file(path))
		return take_secret(collection, content, (size_t)got, error);
	content[got] = '\0';
	return collection_content(collection, content, (size_t)got, error);
}

static bool take_regular(struct collection *collection, const char *path, const char *hint,
			 GError **error)
{
	g_autofree char *real = collection_path(collection, path);
	/* O_NONBLOCK: what became a FIFO meanwhile does not hold us up. */
	int fd = open(real, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;
	bool done;

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot read '%s'", path);
	if (fstat(fd, &status) < 0)
		done = odr_fail_errno(error, errno, "cannot look at '%s'", path);
	else if (!S_ISREG(status.st_mode))
		done = odr_fail(error, ODR_ERROR_SYSTEM, "'%s' is not a regular file", path);
	else
		done = collection_open(collection, item_of_file(path, hint, &status), error) &&
		       take_content(collection, fd, path, (uint64_t)status.st_size, error);
	close(fd);
	return done;
}

bool collection_file(struct collection *collection, const char *path, const char *hint,
		     GError **error)
{
	g_autofree char *real = collection_path(collection, path);
	g_autofree char *item = g_strdup_printf("%s/files%s", collection->report->name, path);
	struct stat status;

	if (collection_has(collection, item))
		return true;
	if (lstat(real, &status) < 0)
		return odr_fail_errno(error, errno, "cannot look at '%s'", path);
	if (S_ISLNK(status.st_mode))
		return take_linked(collection, path, hint, &status, error);
	return take_regular(collection, path, hint, error);
}

/* ---- patterns -------------------------------------------------------------------------------- */

struct matching {
	const struct collection *collection;
	GPtrArray *found, *unreadable;
};

/* Names in a folder, sorted; NULL: there is none, or it may not be read. */
static GPtrArray *names_in(struct matching *matching, const char *folder)
{
	g_autofree char *real = collection_path(matching->collection, folder);
	DIR *dir = opendir(real);
	GPtrArray *names;

	if (!dir) {
		if (errno != ENOENT && errno != ENOTDIR && matching->unreadable)
			g_ptr_array_add(matching->unreadable, g_strdup(folder));
		return NULL;
	}
	names = g_ptr_array_new_with_free_func(g_free);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			g_ptr_array_add(names, g_strdup(entry->d_name));
	closedir(dir);
	g_ptr_array_sort(names, text_compare);
	return names;
}

static bool is_folder(struct matching *matching, const char *path, bool follow)
{
	g_autofree char *real = collection_path(matching->collection, path);
	struct stat status;

	return (follow ? stat(real, &status) : lstat(real, &status)) == 0 &&
	       S_ISDIR(status.st_mode);
}

static bool is_file_or_link(struct matching *matching, const char *path)
{
	g_autofree char *real = collection_path(matching->collection, path);
	struct stat status;

	return lstat(real, &status) == 0 && (S_ISREG(status.st_mode) || S_ISLNK(status.st_mode));
}

static char *joined(const char *folder, const char *name)
{
	return g_strdup_printf("%s/%s", strcmp(folder, "/") == 0 ? "" : folder, name);
}

/* A file or link; of a folder all that is below it, but what belongs to version control. */
static void add_tree(struct matching *matching, const char *path, unsigned depth)
{
	g_autoptr(GPtrArray) names = NULL;

	if (matching->found->len >= MATCHES_MAX || depth > DEPTH_MAX)
		return;
	if (!is_folder(matching, path, false)) {
		if (is_file_or_link(matching, path))
			g_ptr_array_add(matching->found, g_strdup(path));
		return;
	}
	names = names_in(matching, path);
	for (guint i = 0; names && i < names->len; i++) {
		g_autofree char *below = joined(path, names->pdata[i]);

		if (strcmp(names->pdata[i], ".git") != 0)
			add_tree(matching, below, depth + 1);
	}
}

static void match_below(struct matching *matching, const char *folder, char **parts, unsigned depth)
{
	bool any = strcmp(*parts, "**") == 0;
	g_autoptr(GPtrArray) names = NULL;

	if (!strpbrk(*parts, "*?[")) {
		g_autofree char *path = joined(folder, *parts);

		if (!parts[1])
			add_tree(matching, path, depth);
		else if (is_folder(matching, path, true))
			match_below(matching, path, parts + 1, depth + 1);
		return;
	}
	if (depth > DEPTH_MAX)
		return;
	if (any && !parts[1]) {
		add_tree(matching, folder, depth);
		return;
	}
	if (any)
		match_below(matching, folder, parts + 1, depth + 1);
	names = names_in(matching, folder);
	for (guint i = 0; names && i < names->len; i++) {
		g_autofree char *path = joined(folder, names->pdata[i]);
		bool matches = fnmatch(any ? "*" : *parts, names->pdata[i], FNM_PERIOD) == 0;

		if (!matches)
			continue;
		if (any ? is_folder(matching, path, false)
			: parts[1] && is_folder(matching, path, true))
			match_below(matching, path, any ? parts : parts + 1, depth + 1);
		else if (!any && !parts[1])
			add_tree(matching, path, depth + 1);
	}
}

GPtrArray *collection_match(const struct collection *collection, const char *pattern,
			    GPtrArray *unreadable)
{
	struct matching matching = {collection, g_ptr_array_new_with_free_func(g_free), unreadable};
	g_auto(GStrv) parts = g_strsplit(pattern, "/", -1);
	guint used = 0;

	/* "/etc//odoo/" has three parts too many. */
	for (guint i = 0; parts[i]; i++) {
		if (*parts[i])
			parts[used++] = parts[i];
		else
			g_free(parts[i]);
	}
	parts[used] = NULL;
	if (used > 0)
		match_below(&matching, "/", parts, 0);
	g_ptr_array_sort(matching.found, text_compare);
	return matching.found;
}

/* ---- taking ---------------------------------------------------------------------------------- */

/* Of a built-in pattern, what may not be read is a note, and what has gone meanwhile is nothing. */
static bool forgive(struct collection *collection, enum collection_origin origin, GError **trouble,
		    GError **error)
{
	if (collection->broken ||
	    (origin == COLLECTION_CONFIGURED && !odr_error_is(*trouble, ODR_ERROR_NOT_FOUND))) {
		g_propagate_error(error, g_steal_pointer(trouble));
		return false;
	}
	if (!odr_error_is(*trouble, ODR_ERROR_NOT_FOUND))
		collection_note(collection, "%s", (*trouble)->message);
	return true;
}

/* Names with control characters, or in another encoding than UTF-8, are no paths of items. */
static bool is_storable(struct collection *collection, const char *path)
{
	if (collect_path_safe(path + 1))
		return true;
	collection_note(collection,
			"'%s' is left out: its name has control characters, or is not UTF-8", path);
	return false;
}

static bool take_matches(struct collection *collection, const char *pattern,
			 enum collection_origin origin, unsigned *found, GError **error)
{
	g_autoptr(GPtrArray) unreadable = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) paths = collection_match(collection, pattern, unreadable);

	for (guint i = 0; i < unreadable->len; i++) {
		if (origin == COLLECTION_CONFIGURED)
			return odr_fail(error, ODR_ERROR_AUTH, "cannot read the folder '%s'",
					(char *)unreadable->pdata[i]);
		collection_note(collection, "cannot read the folder '%s'",
				(char *)unreadable->pdata[i]);
	}
	if (paths->len == 0 && origin == COLLECTION_CONFIGURED) {
		if (!strpbrk(pattern, "*?[") && !collection_path_exists(collection, pattern))
			return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no '%s'", pattern);
		collection_note(collection, "there is nothing in '%s'", pattern);
	}
	for (guint i = 0; i < paths->len; i++) {
		g_autoptr(GError) trouble = NULL;

		if (!is_storable(collection, paths->pdata[i]))
			continue;
		if (!collection_file(collection, paths->pdata[i], NULL, &trouble) &&
		    !forgive(collection, origin, &trouble, error))
			return false;
		*found += trouble == NULL;
	}
	return true;
}

bool collection_files(struct collection *collection, const char *const *patterns,
		      enum collection_origin origin, unsigned *found, GError **error)
{
	unsigned taken = 0;

	for (; *patterns; patterns++)
		if (!take_matches(collection, *patterns, origin, &taken, error))
			return false;
	if (found)
		*found = taken;
	return true;
}

bool collection_paths(struct collection *collection, const char *const *built_in, unsigned *found,
		      GError **error)
{
	const char *const *paths = collection->settings->paths;

	return paths ? collection_files(collection, paths, COLLECTION_CONFIGURED, found, error)
		     : collection_files(collection, built_in, COLLECTION_BUILT_IN, found, error);
}
