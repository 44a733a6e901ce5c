/* Any layout: every name is looked at, and what looks otherwise than it was captured is read. */
#include "ops/filestore/scan.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "base/sorter.h"
#include "base/stop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct walk {
	struct filestore_scan *scan;
	Sorter *found; /* path → struct seen, encoded */
	GString *path; /* in the layer */
	size_t prefix; /* of it: what is before the name below the tree */
	GByteArray *record;
	bool partial; /* a part of it could not be looked at: then nothing is known to be gone */
};

/* What lstat told, as it is sorted. */
struct seen {
	struct stat status;
	char *link;
};

static void seen_encode(const struct stat *status, const char *link, GByteArray *out)
{
	g_byte_array_set_size(out, 0);
	bytes_put_u32(out, status->st_mode);
	bytes_put_u32(out, status->st_uid);
	bytes_put_u32(out, status->st_gid);
	bytes_put_u64(out, (uint64_t)status->st_size);
	bytes_put_u64(out, (uint64_t)filestore_time(status->st_mtim));
	bytes_put_u64(out, (uint64_t)filestore_time(status->st_ctim));
	bytes_put(out, link, link ? strlen(link) : 0);
}

static struct timespec timespec_of(int64_t time_ns)
{
	struct timespec time = {.tv_sec = time_ns / 1000000000, .tv_nsec = time_ns % 1000000000};

	if (time.tv_nsec < 0) {
		time.tv_sec--;
		time.tv_nsec += 1000000000;
	}
	return time;
}

static void seen_decode(const struct sorter_record *record, struct seen *seen)
{
	struct bytes_reader reader;

	*seen = (struct seen){0};
	bytes_reader_init(&reader, record->value, record->value_size);
	seen->status.st_mode = bytes_get_u32(&reader);
	seen->status.st_uid = bytes_get_u32(&reader);
	seen->status.st_gid = bytes_get_u32(&reader);
	seen->status.st_size = (off_t)bytes_get_u64(&reader);
	seen->status.st_mtim = timespec_of((int64_t)bytes_get_u64(&reader));
	seen->status.st_ctim = timespec_of((int64_t)bytes_get_u64(&reader));
	size_t left = bytes_reader_left(&reader);

	seen->link = g_strndup((const char *)bytes_get(&reader, left), left);
}

static bool note_seen(struct walk *walk, const struct stat *status, const char *link,
		      GError **error)
{
	seen_encode(status, link, walk->record);
	return sorter_add(walk->found,
			  &(struct sorter_record){.key = walk->path->str,
						  .key_size = (uint32_t)walk->path->len,
						  .value = walk->record->data,
						  .value_size = walk->record->len},
			  error);
}

static const char *below(const struct walk *walk)
{
	return walk->path->str + walk->prefix;
}

static bool omit(struct walk *walk, const char *what, int reason)
{
	g_autofree char *name = g_strescape(below(walk), NULL);

	filestore_scan_omit(walk->scan, "'%s/%s' %s: %s", walk->scan->settings->tree->path, name,
			    what, g_strerror(reason));
	return true;
}

static bool walk_folder(struct walk *walk, int fd, GError **error);

static bool walk_into(struct walk *walk, int parent, const char *name, GError **error)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;
	bool done;

	if (fd < 0)
		return errno == ENOENT || omit(walk, "cannot be opened", errno);
	done = fstat(fd, &status) != 0 ||
	       (note_seen(walk, &status, NULL, error) && walk_folder(walk, fd, error));
	close(fd);
	return done;
}

static bool note_link(struct walk *walk, int parent, const char *name, const struct stat *status,
		      GError **error)
{
	char target[ENTRY_PATH_MAX + 1];
	ssize_t length = readlinkat(parent, name, target, sizeof(target));

	if (length < 0)
		return errno == ENOENT || omit(walk, "cannot be read", errno);
	if ((size_t)length >= sizeof(target))
		return omit(walk, "cannot be captured", ENAMETOOLONG);
	target[length] = '\0';
	return note_seen(walk, status, target, error);
}

static bool look_at(struct walk *walk, int parent, const char *name, GError **error)
{
	struct stat status;

	if (!stop_check(error))
		return false;
	if (walk->path->len > ENTRY_PATH_MAX)
		return omit(walk, "cannot be captured", ENAMETOOLONG);
	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT || omit(walk, "cannot be looked at", errno);
	if (S_ISDIR(status.st_mode))
		return walk_into(walk, parent, name, error);
	if (S_ISLNK(status.st_mode))
		return note_link(walk, parent, name, &status, error);
	if (S_ISREG(status.st_mode))
		return note_seen(walk, &status, NULL, error);
	/* Sockets, pipes, devices: there is nothing in them to capture. */
	walk->scan->strange++;
	return true;
}

static bool walk_folder(struct walk *walk, int fd, GError **error)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	size_t length = walk->path->len;
	bool done = true;

	if (!dir) {
		if (copy >= 0)
			close(copy);
		return omit(walk, "cannot be listed", errno);
	}
	errno = 0;
	for (struct dirent *entry; done && (entry = readdir(dir)); errno = 0) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		g_string_append_printf(walk->path, "/%s", entry->d_name);
		done = look_at(walk, fd, entry->d_name, error);
		g_string_truncate(walk->path, length);
	}
	if (done && errno != 0)
		omit(walk, "cannot be listed to its end", errno);
	closedir(dir);
	return done;
}

/* The join of what was seen with what is known, both in order of path. */

static bool add_news(struct walk *walk, const char *path, const struct seen *seen, GError **error)
{
	return filestore_scan_news(walk->scan,
				   &(struct filestore_news){.size = (uint64_t)seen->status.st_size,
							    .name = (char *)path + walk->prefix},
				   error);
}

static bool add_entry(struct walk *walk, const char *path, const struct seen *seen, GError **error)
{
	struct layer_entry *entry =
		filestore_entry_of(walk->scan->settings->accounts, path, &seen->status);
	bool done;

	if (entry->kind == ENTRY_SYMLINK)
		entry->link = g_strdup(seen->link);
	done = filestore_scan_change(walk->scan, entry, 0, error);
	layer_entry_free(entry);
	return done;
}

static bool add_new(struct walk *walk, const char *path, const struct seen *seen, GError **error)
{
	return S_ISREG(seen->status.st_mode) ? add_news(walk, path, seen, error)
					     : add_entry(walk, path, seen, error);
}

static bool is_same(const struct layer_entry *known, int64_t ctime_ns, const struct seen *seen)
{
	const struct stat *status = &seen->status;

	if (!filestore_same_attributes(known, status) ||
	    known->mtime_ns != filestore_time(status->st_mtim))
		return false;
	switch (known->kind) {
	case ENTRY_DIRECTORY:
		return S_ISDIR(status->st_mode);
	case ENTRY_SYMLINK:
		return S_ISLNK(status->st_mode) && strcmp(known->link, seen->link) == 0;
	case ENTRY_FILE:
		return S_ISREG(status->st_mode) && known->size == (uint64_t)status->st_size &&
		       ctime_ns == filestore_time(status->st_ctim);
	default:
		return false;
	}
}

static bool judge_known(struct walk *walk, const char *path, const struct local_entry *local,
			const struct seen *seen, GError **error)
{
	struct filestore_scan *scan = walk->scan;
	struct layer_entry *known;
	bool done = true;

	if (!local_entry_decode(local, &known, error))
		return false;
	if (!is_same(known, local->ctime_ns, seen)) {
		if (known->kind == ENTRY_FILE) {
			scan->gone_files++;
			scan->gone_bytes += known->size;
		}
		done = add_new(walk, path, seen, error);
	}
	layer_entry_free(known);
	return done;
}

/* Whether the entry is the tree's own or lies in it; those before it are passed over. */
static bool next_known(struct walk *walk, struct merged_entry *merged, GError **error)
{
	const char *tree = walk->path->str;
	size_t length = walk->path->len;

	for (;;) {
		if (!layer_merge_next(walk->scan->merge, merged, error))
			return false;
		const struct local_entry *local = &merged->local;

		if (!local->path)
			return true;
		if (local->length >= length && memcmp(local->path, tree, length) == 0) {
			if (local->length == length || local->path[length] == '/')
				return true;
			/* Another tree, whose name continues this one's, lies between. */
			if (local->path[length] < '/') {
				g_autofree char *inside = g_strconcat(tree, "/", NULL);

				if (!layer_merge_seek(walk->scan->merge, inside, error))
					return false;
				continue;
			}
		}
		*merged = (struct merged_entry){0};
		return true;
	}
}

static bool note_gone(struct walk *walk, const struct local_entry *local, GError **error)
{
	return walk->partial || filestore_scan_gone(walk->scan, local, error);
}

static bool join_one(struct walk *walk, const struct sorter_record *record,
		     struct merged_entry *merged, GError **error)
{
	g_autofree char *path = g_strndup(record->key, record->key_size);
	struct seen seen;
	bool done;

	/* What is known and comes before it is gone. */
	while (merged->local.path &&
	       local_entry_compare(&merged->local, record->key, record->key_size) < 0)
		if (!note_gone(walk, &merged->local, error) || !next_known(walk, merged, error))
			return false;
	seen_decode(record, &seen);
	if (merged->local.path &&
	    local_entry_compare(&merged->local, record->key, record->key_size) == 0)
		done = judge_known(walk, path, &merged->local, &seen, error) &&
		       next_known(walk, merged, error);
	else
		done = add_new(walk, path, &seen, error);
	g_free(seen.link);
	return done;
}

static bool join_all(struct walk *walk, GError **error)
{
	struct merged_entry merged;
	struct sorter_record record;

	if (!sorter_sort(walk->found, error) ||
	    !layer_merge_seek(walk->scan->merge, walk->path->str, error) ||
	    !next_known(walk, &merged, error))
		return false;
	for (;;) {
		if (!sorter_next(walk->found, &record, error))
			return false;
		if (!record.key)
			break;
		if (!join_one(walk, &record, &merged, error))
			return false;
	}
	while (merged.local.path)
		if (!note_gone(walk, &merged.local, error) || !next_known(walk, &merged, error))
			return false;
	return true;
}

static bool walk_tree(struct walk *walk, GError **error)
{
	const char *folder = walk->scan->settings->tree->path;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;
	bool done;

	if (fd < 0 || fstat(fd, &status) != 0) {
		filestore_scan_omit(walk->scan, "'%s' cannot be opened: %s", folder,
				    g_strerror(errno));
		if (fd >= 0)
			close(fd);
		return true;
	}
	done = note_seen(walk, &status, NULL, error) && walk_folder(walk, fd, error);
	close(fd);
	walk->partial = walk->scan->omissions->len > 0;
	return done && join_all(walk, error);
}

bool filestore_scan_plain(struct filestore_scan *scan, GError **error)
{
	g_autofree char *path = filestore_path(scan->settings->tree, NULL);
	struct walk walk = {
		.scan = scan,
		.found = sorter_new(scan->settings->spool),
		.path = g_string_new(path),
		.prefix = strlen(path) + 1,
		.record = g_byte_array_new(),
	};
	bool done = walk_tree(&walk, error);

	sorter_free(walk.found);
	g_string_free(walk.path, true);
	g_byte_array_unref(walk.record);
	return done;
}
