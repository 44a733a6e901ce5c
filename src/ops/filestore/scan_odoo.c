/* Odoo's layout: <folder>/<sha1>. A folder's look tells whether names were added or removed since. */
#include "ops/filestore/scan.h"

#include "base/error.h"
#include "base/file.h"
#include "base/stop.h"
#include "odoo/names.h"
#include "repo/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

/* The tree's own folder among the looks. */
#define TREE_ITSELF ""

struct found {
	char name[2 * SHA1_SIZE + 1];
	ino_t inode;
};

struct listing {
	struct filestore_scan *scan;
	int tree;
	bool network;	    /* attributes may be old unless the folder is opened */
	bool all;	    /* list every folder */
	GPtrArray *folders; /* char *, sorted: those that are there */
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_found(const void *a, const void *b)
{
	return strcmp(((const struct found *)a)->name, ((const struct found *)b)->name);
}

static void note_look(struct filestore_scan *scan, const char *name, const struct stat *status)
{
	struct folder_look look = {.inode = status->st_ino,
				   .mtime_ns = filestore_time(status->st_mtim),
				   .ctime_ns = filestore_time(status->st_ctim)};
	/* What was changed just now may change again unseen. */
	int64_t settled = (scan->started - FILESTORE_STEP) * 1000;

	g_strlcpy(look.name, name, sizeof(look.name));
	look.unsure = look.mtime_ns >= settled || look.ctime_ns >= settled;
	g_array_append_val(scan->looks, look);
	scan->looks_moved = true;
}

/* As it was, and not to be looked into. */
static bool looks_same(struct listing *listing, const char *name, const struct stat *status)
{
	struct filestore_scan *scan = listing->scan;
	const struct folder_look *look = folder_look_find(scan->settings->looks, name);

	if (listing->all || !look || !folder_look_same(look, status))
		return false;
	g_array_append_val(scan->looks, *look);
	return true;
}

/* Whether the entry is of this folder; "before" and "behind" in the order of paths. */
enum place { BEFORE, ITSELF, INSIDE, BEHIND };
static enum place place_of(const struct local_entry *local, const char *path)
{
	size_t length = strlen(path);
	int order = memcmp(local->path, path, MIN(local->length, length));

	if (order != 0 || local->length < length)
		return order > 0 ? BEHIND : BEFORE;
	if (local->length == length)
		return ITSELF;
	if (local->path[length] == '/')
		return INSIDE;
	return local->path[length] < '/' ? BEFORE : BEHIND;
}

/* The folder's own entry: new, or with another mode or owner than it was captured with. known: or NULL. */
static bool judge_folder(struct filestore_scan *scan, const char *path, const struct stat *status,
			 const struct local_entry *known, GError **error)
{
	struct layer_entry *entry;
	bool same = false, done;

	if (known && known->kind == ENTRY_DIRECTORY) {
		if (!local_entry_decode(known, &entry, error))
			return false;
		same = filestore_same_attributes(entry, status);
		layer_entry_free(entry);
	}
	if (same)
		return true;
	entry = filestore_entry_of(scan->settings->accounts, path, status);
	done = filestore_scan_change(scan, entry, 0, error);
	layer_entry_free(entry);
	return done;
}

/* One folder: its names on disk, and those that are known. */
struct join {
	struct listing *listing;
	const char *folder;
	char *path; /* in the layer */
	int fd;
	struct stat status;
	GArray *found; /* struct found, sorted */
	GArray *news;  /* struct filestore_news with inode: read in this order */
	bool unsure;
};

struct numbered_news {
	ino_t inode;
	struct filestore_news news;
};

static int compare_inodes(const void *a, const void *b)
{
	ino_t x = ((const struct numbered_news *)a)->inode;
	ino_t y = ((const struct numbered_news *)b)->inode;

	return x < y ? -1 : x > y;
}

static bool add_news(struct join *join, const struct found *found)
{
	struct numbered_news news = {.inode = found->inode};
	struct stat status;

	if (fstatat(join->fd, found->name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return true; /* gone again */
	if (!S_ISREG(status.st_mode)) {
		join->listing->scan->strange++;
		return true;
	}
	news.news.size = (uint64_t)status.st_size;
	news.news.name = g_strconcat(join->folder, "/", found->name, NULL);
	g_array_append_val(join->news, news);
	return true;
}

/* It was damaged when it was captured: who repaired it, or wrote it to its end, changed it. */
static bool judge_damaged(struct join *join, const struct found *found,
			  const struct local_entry *local, GError **error)
{
	struct filestore_scan *scan = join->listing->scan;
	struct layer_entry *known;
	struct stat status;
	const char *what;

	join->unsure = true;
	if (fstatat(join->fd, found->name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return true;
	if (!local_entry_decode(local, &known, error))
		return false;
	if (known->size != (uint64_t)status.st_size ||
	    local->ctime_ns != filestore_time(status.st_ctim)) {
		scan->gone_files++;
		scan->gone_bytes += known->size;
		layer_entry_free(known);
		return add_news(join, found);
	}
	what = g_hash_table_lookup(scan->settings->damaged, known->path);
	damage_add(scan->damaged, known->path, "%s",
		   what ? what : "it was damaged when it was captured");
	layer_entry_free(known);
	return true;
}

static bool judge_known(struct join *join, guint *at, const struct local_entry *local,
			GError **error)
{
	size_t skip = strlen(join->path) + 1;

	/* What is found and comes before it is new. */
	for (; *at < join->found->len; ++*at) {
		const struct found *found = &g_array_index(join->found, struct found, *at);
		struct local_entry name = {.path = local->path + skip,
					   .length = local->length - skip};
		int order = local_entry_compare(&name, found->name, strlen(found->name));

		if (order < 0)
			break;
		if (order > 0) {
			if (!add_news(join, found))
				return false;
			continue;
		}
		++*at;
		return !(local->flags & ENTRY_DAMAGED) || judge_damaged(join, found, local, error);
	}
	return filestore_scan_gone(join->listing->scan, local, error);
}

static bool pass_on_news(struct join *join, GError **error)
{
	g_array_sort(join->news, compare_inodes);
	for (guint i = 0; i < join->news->len; i++)
		if (!filestore_scan_news(join->listing->scan,
					 &g_array_index(join->news, struct numbered_news, i).news,
					 error))
			return false;
	return true;
}

static bool join_known(struct join *join, GError **error)
{
	LayerMerge *merge = join->listing->scan->merge;
	struct merged_entry merged = {0};
	bool judged = false;
	guint at = 0;

	if (!layer_merge_seek(merge, join->path, error))
		return false;
	for (;;) {
		if (!layer_merge_next(merge, &merged, error))
			return false;
		if (!merged.local.path || place_of(&merged.local, join->path) == BEHIND)
			break;
		switch (place_of(&merged.local, join->path)) {
		case ITSELF:
			judged = true;
			if (!judge_folder(join->listing->scan, join->path, &join->status,
					  &merged.local, error))
				return false;
			break;
		case INSIDE:
			if (!judge_known(join, &at, &merged.local, error))
				return false;
			break;
		default:
			break;
		}
	}
	for (; at < join->found->len; at++)
		if (!add_news(join, &g_array_index(join->found, struct found, at)))
			return false;
	return (judged ||
		judge_folder(join->listing->scan, join->path, &join->status, NULL, error)) &&
	       pass_on_news(join, error);
}

static bool read_names(struct join *join, GError **error)
{
	int copy = fcntl(join->fd, F_DUPFD_CLOEXEC, 3);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	int failed;

	if (!dir) {
		if (copy >= 0)
			close(copy);
		return odr_fail_errno(error, errno, "cannot list '%s/%s'",
				      join->listing->scan->settings->tree->path, join->folder);
	}
	errno = 0;
	for (struct dirent *entry; (entry = readdir(dir)); errno = 0) {
		struct found found = {.inode = entry->d_ino};
		uint8_t sha1[SHA1_SIZE];

		if (odoo_file_valid(join->folder, entry->d_name, sha1)) {
			g_strlcpy(found.name, entry->d_name, sizeof(found.name));
			g_array_append_val(join->found, found);
		} else if (entry->d_name[0] != '.') {
			join->listing->scan->strange++;
		}
	}
	failed = errno;
	closedir(dir);
	if (failed)
		return odr_fail_errno(error, failed, "cannot list '%s/%s'",
				      join->listing->scan->settings->tree->path, join->folder);
	g_array_sort(join->found, compare_found);
	return true;
}

static void news_clear(void *data)
{
	g_free(((struct numbered_news *)data)->news.name);
}

static void join_clear(struct join *join)
{
	if (join->fd >= 0)
		close(join->fd);
	g_free(join->path);
	g_array_unref(join->found);
	g_array_unref(join->news);
}

/* A folder that cannot be listed is left as it is known, and said to be missing from the set. */
static bool omit_folder(struct listing *listing, const char *folder, int reason)
{
	filestore_scan_omit(listing->scan, "the folder '%s/%s' cannot be listed: %s",
			    listing->scan->settings->tree->path, folder, g_strerror(reason));
	return true;
}

static bool list_folder(struct listing *listing, const char *folder, GError **error)
{
	__attribute__((cleanup(join_clear))) struct join join = {
		.listing = listing,
		.folder = folder,
		.path = filestore_path(listing->scan->settings->tree, folder),
		.fd = file_open_beneath(listing->tree, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.found = g_array_new(false, false, sizeof(struct found)),
		.news = g_array_new(false, false, sizeof(struct numbered_news)),
	};
	g_autoptr(GError) cause = NULL;

	g_array_set_clear_func(join.news, news_clear);
	/* How it looks before it is listed: what comes later makes it look otherwise. */
	if (join.fd < 0 || fstat(join.fd, &join.status) != 0)
		return errno == ENOENT || omit_folder(listing, folder, errno);
	if (looks_same(listing, folder, &join.status))
		return true;
	if (!read_names(&join, &cause)) {
		filestore_scan_omit(listing->scan, "%s", cause->message);
		return true;
	}
	note_look(listing->scan, folder, &join.status);
	if (!join_known(&join, error))
		return false;
	if (join.unsure)
		g_array_index(listing->scan->looks, struct folder_look,
			      listing->scan->looks->len - 1)
			.unsure = true;
	return true;
}

static bool look_at_folder(struct listing *listing, const char *folder, GError **error)
{
	struct stat status;

	if (!stop_check(error))
		return false;
	if (listing->network)
		return list_folder(listing, folder, error);
	if (fstatat(listing->tree, folder, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT || omit_folder(listing, folder, errno);
	if (S_ISLNK(status.st_mode)) {
		filestore_scan_omit(listing->scan, "'%s/%s' is a link, which is not followed",
				    listing->scan->settings->tree->path, folder);
		return true;
	}
	if (!S_ISDIR(status.st_mode)) {
		listing->scan->strange++;
		return true;
	}
	return looks_same(listing, folder, &status) || list_folder(listing, folder, error);
}

static bool list_folders(struct listing *listing, GError **error)
{
	int copy = fcntl(listing->tree, F_DUPFD_CLOEXEC, 3);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	int failed;

	if (!dir) {
		if (copy >= 0)
			close(copy);
		return odr_fail_errno(error, errno, "cannot be listed");
	}
	errno = 0;
	for (struct dirent *entry; (entry = readdir(dir)); errno = 0) {
		if (odoo_folder_valid(entry->d_name))
			g_ptr_array_add(listing->folders, g_strdup(entry->d_name));
		else if (entry->d_name[0] != '.' && strcmp(entry->d_name, ODOO_CHECKLIST) != 0)
			listing->scan->strange++;
	}
	failed = errno;
	closedir(dir);
	g_ptr_array_sort(listing->folders, compare_names);
	return failed == 0 || odr_fail_errno(error, failed, "cannot be listed");
}

static bool is_there(const struct listing *listing, const char *name, size_t length)
{
	g_autofree char *copy = g_strndup(name, length);
	const char *key = copy;

	return bsearch(&key, listing->folders->pdata, listing->folders->len, sizeof(void *),
		       compare_names) != NULL;
}

/* Known folders of the tree that are not there any more, with what was in them. */
static bool sweep_folders(struct listing *listing, GError **error)
{
	struct filestore_scan *scan = listing->scan;
	g_autofree char *prefix = filestore_path(scan->settings->tree, "");
	struct merged_entry merged;

	if (!layer_merge_seek(scan->merge, prefix, error))
		return false;
	for (;;) {
		const struct local_entry *local = &merged.local;

		if (!layer_merge_next(scan->merge, &merged, error))
			return false;
		if (!local->path || local->length < strlen(prefix) ||
		    memcmp(local->path, prefix, strlen(prefix)) != 0)
			return true;
		const char *name = local->path + strlen(prefix);
		size_t left = local->length - strlen(prefix);
		const char *slash = memchr(name, '/', left);
		size_t length = slash ? (size_t)(slash - name) : left;

		if (!is_there(listing, name, length)) {
			if (!filestore_scan_gone(scan, local, error))
				return false;
			continue;
		}
		/* Past all that is in it: '0' follows '/'. */
		g_autofree char *past = g_strdup_printf("%s%.*s0", prefix, (int)length, name);

		if (slash && !layer_merge_seek(scan->merge, past, error))
			return false;
	}
}

/* The tree's own folder: which folders are in it. */
static bool judge_tree(struct listing *listing, const struct stat *status, GError **error)
{
	struct filestore_scan *scan = listing->scan;
	g_autofree char *path = filestore_path(scan->settings->tree, NULL);
	struct merged_entry merged = {0};

	if (!layer_merge_seek(scan->merge, path, error) ||
	    !layer_merge_next(scan->merge, &merged, error))
		return false;
	bool known = merged.local.path && place_of(&merged.local, path) == ITSELF;

	return judge_folder(scan, path, status, known ? &merged.local : NULL, error) &&
	       sweep_folders(listing, error);
}

static bool scan_opened(struct listing *listing, GError **error)
{
	struct filestore_scan *scan = listing->scan;
	g_autoptr(GError) cause = NULL;
	struct statfs system;
	struct stat status;

	if (fstat(listing->tree, &status) != 0 || !list_folders(listing, &cause)) {
		filestore_scan_omit(scan, "'%s' %s", scan->settings->tree->path,
				    cause ? cause->message : g_strerror(errno));
		return true;
	}
	listing->network = fstatfs(listing->tree, &system) == 0 && system.f_type == NFS_SUPER_MAGIC;
	if (!looks_same(listing, TREE_ITSELF, &status)) {
		note_look(scan, TREE_ITSELF, &status);
		if (!judge_tree(listing, &status, error))
			return false;
	}
	for (guint i = 0; i < listing->folders->len && !(scan->settings->any && scan->files > 0);
	     i++)
		if (!look_at_folder(listing, listing->folders->pdata[i], error))
			return false;
	return true;
}

bool filestore_scan_odoo(struct filestore_scan *scan, GError **error)
{
	struct listing listing = {
		.scan = scan,
		.all = scan->settings->list_all || scan->settings->looks->len == 0,
		.folders = g_ptr_array_new_with_free_func(g_free),
		.tree = open(scan->settings->tree->path,
			     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
	};
	bool done = true;

	if (listing.tree < 0)
		filestore_scan_omit(scan, "'%s' cannot be opened: %s", scan->settings->tree->path,
				    g_strerror(errno));
	else
		done = scan_opened(&listing, error);
	if (listing.tree >= 0)
		close(listing.tree);
	g_ptr_array_unref(listing.folders);
	scan->looks_moved = scan->looks_moved || scan->looks->len != scan->settings->looks->len;
	return done;
}
