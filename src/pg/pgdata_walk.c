#include "pg/pgdata.h"

#include "base/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TABLESPACES "pg_tblspc"
#define DEPTH_MAX   64

/* An open directory and those above it; path is the walk's, cut back when one returns. */
struct folder {
	const struct folder *parent;
	int fd, depth;
	dev_t device;
	ino_t inode;
};

struct state {
	const struct pgdata_walk *walk;
	GString *path; /* below PGDATA, of what is looked at */
	GPtrArray *files;
	GPtrArray *notes;
	char *version;	  /* PG_15_202209061 */
	char *stats_temp; /* below PGDATA, or NULL */
	GArray *targets;  /* struct target: where pg_tblspc leads to */
};

struct target {
	dev_t device;
	ino_t inode;
};

static bool walk_folder(struct state *state, const struct folder *folder, DIR *dir, GError **error);

/* Names are bytes; messages are text. */
static char *shown_path(const struct state *state)
{
	g_autofree char *whole =
		state->path->len ? g_strconcat(state->walk->pgdata, "/", state->path->str, NULL)
				 : g_strdup(state->walk->pgdata);

	return g_utf8_make_valid(whole, -1);
}

static bool fail_path(const struct state *state, int errnum, const char *what, GError **error)
{
	g_autofree char *shown = shown_path(state);

	return odr_fail_errno(error, errnum, "cannot %s '%s'", what, shown);
}

static void note_path(struct state *state, const char *text)
{
	g_autofree char *shown = shown_path(state);

	if (state->notes)
		g_ptr_array_add(state->notes, g_strdup_printf("'%s' %s", shown, text));
}

static bool is_gone(int errnum)
{
	return errnum == ENOENT || errnum == ESTALE;
}

static struct pgdata_file *add_file(struct state *state, char type, const struct stat *status)
{
	struct pgdata_file *file = g_new0(struct pgdata_file, 1);

	file->path = g_strdup(state->path->str);
	file->type = type;
	file->mode = status->st_mode & 07777;
	file->uid = status->st_uid;
	file->gid = status->st_gid;
	file->size = type == 'f' ? (uint64_t)status->st_size : 0;
	file->mtime_ns = status->st_mtim.tv_sec * INT64_C(1000000000) + status->st_mtim.tv_nsec;
	file->ctime_ns = status->st_ctim.tv_sec * INT64_C(1000000000) + status->st_ctim.tv_nsec;
	g_ptr_array_add(state->files, file);
	return file;
}

static bool add_regular(struct state *state, const struct stat *status)
{
	enum pgdata_rule rule = pgdata_rule(state->path->str, false, state->walk->control->major);
	struct pgdata_relation relation;
	struct pgdata_file *file;

	if (rule == PGDATA_SKIP)
		return true;
	file = add_file(state, 'f', status);
	file->paged = pgdata_relation_parse(file->path, &relation);
	file->last = rule == PGDATA_LAST;
	return true;
}

static bool add_link(struct state *state, int fd, const char *name, const struct stat *status,
		     const char *why, GError **error)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(fd, name, target, sizeof(target));

	/* EINVAL: no link any more */
	if (length < 0)
		return is_gone(errno) || errno == EINVAL ||
		       fail_path(state, errno, "read the symbolic link", error);
	add_file(state, 'l', status)->link = g_strndup(target, (gsize)length);
	if (why)
		note_path(state, why);
	return true;
}

static bool is_stats_temp(const struct state *state)
{
	return state->stats_temp && strcmp(state->path->str, state->stats_temp) == 0;
}

static bool is_ancestor(const struct folder *folder, const struct stat *status)
{
	for (; folder; folder = folder->parent)
		if (folder->device == status->st_dev && folder->inode == status->st_ino)
			return true;
	return false;
}

/* True for the place that a link in pg_tblspc leads to: its content is listed there. */
static bool is_tablespace(const struct state *state, const struct stat *status)
{
	for (guint i = 0; i < state->targets->len; i++) {
		const struct target *target = &g_array_index(state->targets, struct target, i);

		if (target->device == status->st_dev && target->inode == status->st_ino)
			return true;
	}
	return false;
}

/* Walks the directory that fd is open on, which it closes. */
static bool walk_opened(struct state *state, const struct folder *parent, int fd, GError **error)
{
	struct folder folder = {
		.parent = parent, .fd = fd, .depth = parent ? parent->depth + 1 : 0};
	struct stat status;
	DIR *dir = fdopendir(fd);
	bool done;

	if (!dir || fstat(fd, &status) < 0) {
		done = fail_path(state, errno, "read the directory", error);
	} else {
		folder.device = status.st_dev;
		folder.inode = status.st_ino;
		done = folder.depth <= DEPTH_MAX
			       ? walk_folder(state, &folder, dir, error)
			       : fail_path(state, ELOOP, "read the directory", error);
	}
	dir ? closedir(dir) : close(fd);
	return done;
}

/* name in parent is a directory or a link to one. */
static bool enter(struct state *state, const struct folder *parent, const char *name,
		  GError **error)
{
	int fd = openat(parent->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return is_gone(errno) || fail_path(state, errno, "open the directory", error);
	return walk_opened(state, parent, fd, error);
}

static bool add_directory(struct state *state, const struct folder *parent, const char *name,
			  const struct stat *status, GError **error)
{
	enum pgdata_rule rule = pgdata_rule(state->path->str, true, state->walk->control->major);

	if (rule == PGDATA_SKIP)
		return true;
	add_file(state, 'd', status);
	if (rule == PGDATA_DIRECTORY_ONLY || is_stats_temp(state) || is_tablespace(state, status))
		return true;
	return enter(state, parent, name, error);
}

/* Directories that PostgreSQL made itself, which people move elsewhere and link to. */
static bool is_own_place(const char *path)
{
	return g_str_has_prefix(path, "pg_") || g_str_has_prefix(path, "base/") ||
	       strcmp(path, "base") == 0 || strcmp(path, "global") == 0 || strcmp(path, "log") == 0;
}

/* A link that is not followed. */
static bool keep_link(struct state *state, int fd, const char *name, const struct stat *status,
		      const char *why, GError **error)
{
	if (pgdata_rule(state->path->str, false, state->walk->control->major) == PGDATA_SKIP)
		return true;
	return add_link(state, fd, name, status, why, error);
}

static bool follow_link(struct state *state, const struct folder *parent, const char *name,
			const struct stat *link_status, GError **error)
{
	struct stat status;

	if (fstatat(parent->fd, name, &status, 0) < 0) {
		if (errno != ENOENT && errno != ELOOP)
			return fail_path(state, errno, "look at", error);
		return keep_link(state, parent->fd, name, link_status,
				 "is a symbolic link that leads nowhere: it is kept as a link",
				 error);
	}
	if (S_ISREG(status.st_mode))
		return add_regular(state, &status);
	if (S_ISDIR(status.st_mode) && is_own_place(state->path->str) &&
	    !is_ancestor(parent, &status))
		return add_directory(state, parent, name, &status, error);
	return keep_link(state, parent->fd, name, link_status,
			 "is a symbolic link: it is kept as a link, what it leads to is not in the "
			 "set",
			 error);
}

static bool add_special(struct state *state)
{
	if (pgdata_rule(state->path->str, false, state->walk->control->major) != PGDATA_SKIP)
		note_path(state, "is neither a file nor a directory: it is not in the set");
	return true;
}

/* "pg_tblspc/<oid>" and not deeper. */
static bool is_tablespace_path(const char *path)
{
	const char *oid = path + strlen(TABLESPACES) + 1;

	return g_str_has_prefix(path, TABLESPACES "/") && oid[0] != '\0' &&
	       strspn(oid, "0123456789") == strlen(oid);
}

static bool still_exists(int fd, const char *name)
{
	struct stat status;

	return fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool walk_version_folder(struct state *state, const struct folder *parent, const char *name,
				GError **error)
{
	g_autofree char *below = g_strconcat(name, "/", state->version, NULL);
	size_t length = state->path->len;
	struct stat status;
	bool done = true;

	if (fstatat(parent->fd, below, &status, 0) < 0) {
		if (!is_gone(errno))
			return fail_path(state, errno, "look into the tablespace", error);
		if (still_exists(parent->fd, name))
			note_path(state, "has no directory of this cluster: nothing of this "
					 "tablespace is in the set");
		return true;
	}
	g_string_append_printf(state->path, "/%s", state->version);
	if (is_ancestor(parent, &status)) {
		done = fail_path(state, ELOOP, "read the directory", error);
	} else {
		add_file(state, 'd', &status);
		done = enter(state, parent, below, error);
	}
	g_string_truncate(state->path, length);
	return done;
}

/* A tablespace: the link (in place: the directory), and of what it leads to only our version. */
static bool add_tablespace(struct state *state, const struct folder *parent, const char *name,
			   const struct stat *status, GError **error)
{
	if (S_ISDIR(status->st_mode))
		add_file(state, 'd', status);
	else if (!add_link(state, parent->fd, name, status, NULL, error))
		return false;
	return walk_version_folder(state, parent, name, error);
}

static bool add_entry(struct state *state, const struct folder *parent, const char *name,
		      GError **error)
{
	struct stat status;

	if (fstatat(parent->fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return is_gone(errno) || fail_path(state, errno, "look at", error);
	if (is_tablespace_path(state->path->str) &&
	    (S_ISLNK(status.st_mode) || S_ISDIR(status.st_mode)))
		return add_tablespace(state, parent, name, &status, error);
	if (S_ISREG(status.st_mode))
		return add_regular(state, &status);
	if (S_ISDIR(status.st_mode))
		return add_directory(state, parent, name, &status, error);
	if (S_ISLNK(status.st_mode))
		return follow_link(state, parent, name, &status, error);
	return add_special(state);
}

/* The number of a relation file that lies in the walk's directory itself, or 0. */
static uint32_t relation_here(const struct state *state, const struct pgdata_file *file,
			      bool *is_init)
{
	struct pgdata_relation relation;

	if (!file->paged || strchr(file->path + state->path->len + 1, '/') ||
	    !pgdata_relation_parse(file->path, &relation))
		return 0;
	*is_init = strcmp(relation.fork, "init") == 0;
	return relation.number;
}

/* The directory has been read to its end: an unlogged relation is one with an _init fork. */
static void drop_unlogged(struct state *state, guint first)
{
	g_autoptr(GHashTable) unlogged = g_hash_table_new(NULL, NULL);
	GPtrArray *files = state->files;
	guint kept = first;
	bool is_init;

	for (guint i = first; i < files->len; i++) {
		uint32_t number = relation_here(state, files->pdata[i], &is_init);

		if (number && is_init)
			g_hash_table_add(unlogged, GUINT_TO_POINTER(number));
	}
	if (g_hash_table_size(unlogged) == 0)
		return;
	for (guint i = first; i < files->len; i++) {
		struct pgdata_file *file = g_steal_pointer(&files->pdata[i]);
		uint32_t number = relation_here(state, file, &is_init);

		if (number && !is_init && g_hash_table_contains(unlogged, GUINT_TO_POINTER(number)))
			pgdata_file_free(file);
		else
			files->pdata[kept++] = file;
	}
	g_ptr_array_set_size(files, (gint)kept);
}

static bool walk_folder(struct state *state, const struct folder *folder, DIR *dir, GError **error)
{
	size_t length = state->path->len;
	guint first = state->files->len;
	struct dirent *entry;

	while ((errno = 0, entry = readdir(dir))) {
		bool done;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (length > 0)
			g_string_append_c(state->path, '/');
		g_string_append(state->path, entry->d_name);
		done = add_entry(state, folder, entry->d_name, error);
		g_string_truncate(state->path, length);
		if (!done)
			return false;
	}
	if (errno != 0 && !is_gone(errno))
		return fail_path(state, errno, "read the directory", error);
	drop_unlogged(state, first);
	return true;
}

/* Where the tablespaces are, before anything is walked: one may lie inside PGDATA. */
static void find_targets(struct state *state, int pgdata)
{
	int fd = openat(pgdata, TABLESPACES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		struct stat status;
		struct target target;

		if (!g_ascii_isdigit(entry->d_name[0]) ||
		    fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISLNK(status.st_mode) || fstatat(fd, entry->d_name, &status, 0) < 0)
			continue;
		target = (struct target){status.st_dev, status.st_ino};
		g_array_append_val(state->targets, target);
	}
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
}

static bool walk_root(struct state *state, GError **error)
{
	int fd = open(state->walk->pgdata, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return fail_path(state, errno, "open the directory", error);
	find_targets(state, fd);
	add_file(state, 'd', &status);
	return walk_opened(state, NULL, fd, error);
}

static int compare_paths(const void *a, const void *b)
{
	const struct pgdata_file *x = *(struct pgdata_file *const *)a;
	const struct pgdata_file *y = *(struct pgdata_file *const *)b;

	return strcmp(x->path, y->path);
}

static bool has_file(GPtrArray *files, const char *path)
{
	struct pgdata_file wanted = {.path = (char *)path}, *key = &wanted;
	struct pgdata_file *const *found =
		bsearch(&key, files->pdata, files->len, sizeof(void *), compare_paths);

	return found && (*found)->type == 'f';
}

static bool check_essential(const struct state *state, GError **error)
{
	static const char *const essential[] = {"PG_VERSION", "global/pg_control"};

	for (size_t i = 0; i < G_N_ELEMENTS(essential); i++)
		if (!has_file(state->files, essential[i]))
			return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no file '%s' in '%s'",
					essential[i], state->walk->pgdata);
	return true;
}

/* The directory of temporary statistics below PGDATA, or NULL. */
static char *stats_temp_below(const struct pgdata_walk *walk)
{
	const char *path = walk->stats_temp_directory;
	size_t length = strlen(walk->pgdata);

	if (!path || !path[0] || walk->control->major >= 15)
		return NULL;
	if (path[0] != '/')
		return g_strdup(path);
	while (length > 0 && walk->pgdata[length - 1] == '/')
		length--;
	if (strncmp(path, walk->pgdata, length) != 0 || path[length] != '/')
		return NULL;
	return g_strdup(path + length + 1);
}

bool pgdata_walk(const struct pgdata_walk *walk, GPtrArray **files, GPtrArray *notes,
		 GError **error)
{
	g_autoptr(GString) path = g_string_new(NULL);
	g_autoptr(GPtrArray) found =
		g_ptr_array_new_with_free_func((GDestroyNotify)pgdata_file_free);
	g_autoptr(GArray) targets = g_array_new(false, false, sizeof(struct target));
	g_autofree char *version = control_tablespace_directory(walk->control);
	g_autofree char *stats_temp = stats_temp_below(walk);
	struct state state = {.walk = walk,
			      .path = path,
			      .files = found,
			      .notes = notes,
			      .version = version,
			      .stats_temp = stats_temp,
			      .targets = targets};

	if (!walk_root(&state, error))
		return false;
	g_ptr_array_sort(found, compare_paths);
	if (!check_essential(&state, error))
		return false;
	*files = g_steal_pointer(&found);
	return true;
}
