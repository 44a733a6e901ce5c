#include "ops/filestore/trees.h"

#include "base/error.h"
#include "odoo/names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void tree_free(void *data)
{
	struct filestore_tree *tree = data;

	g_free(tree->name);
	g_free(tree->path);
	g_free(tree);
}

void filestore_trees_clear(struct filestore_trees *trees)
{
	g_clear_pointer(&trees->by_name, g_hash_table_unref);
	g_clear_pointer(&trees->omitted, g_hash_table_unref);
	g_clear_pointer(&trees->trees, g_ptr_array_unref);
	g_clear_pointer(&trees->root, g_free);
	g_clear_pointer(&trees->notes, g_ptr_array_unref);
	g_clear_pointer(&trees->omissions, g_ptr_array_unref);
}

static void say(GPtrArray *sentences, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void say(GPtrArray *sentences, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(sentences, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

bool filestore_trees_want(const char *const *databases, const char *name)
{
	bool any = false, wanted = false;

	for (const char *const *pattern = databases; pattern && *pattern; pattern++) {
		bool excludes = (*pattern)[0] == '!';

		any = any || !excludes;
		if (excludes && fnmatch(*pattern + 1, name, 0) == 0)
			return false;
		/* A name that Odoo does not give has to be told as it is. */
		if (!excludes && (strcmp(*pattern, name) == 0 ||
				  (odoo_database_usual(name) && fnmatch(*pattern, name, 0) == 0)))
			wanted = true;
	}
	return any ? wanted : odoo_database_usual(name);
}

static const struct filestore_tree *find(const struct filestore_trees *trees, const char *name)
{
	return g_hash_table_lookup(trees->by_name, name);
}

static bool add_tree(struct filestore_trees *trees, const char *name, const char *path,
		     GError **error)
{
	const struct filestore_tree *other = find(trees, name);
	struct filestore_tree *tree;

	if (other && strcmp(other->path, path) == 0)
		return true;
	if (other)
		return odr_fail(
			error, ODR_ERROR_USAGE,
			"filestore= names two folders '%s': '%s' and '%s'; give one of them "
			"a name by NAME:FOLDER, or leave it out",
			name, other->path, path);
	tree = g_new0(struct filestore_tree, 1);
	tree->name = g_strdup(name);
	tree->path = g_strdup(path);
	g_ptr_array_add(trees->trees, tree);
	g_hash_table_insert(trees->by_name, tree->name, tree);
	if (!trees->root)
		trees->root = g_path_get_dirname(path);
	return true;
}

/* The folder itself, without links. */
static bool resolve(const char *path, char **real, GError **error)
{
	struct stat status;
	char resolved[PATH_MAX];

	if (stat(path, &status) != 0 && errno == ENOENT)
		return odr_fail(error, ODR_ERROR_NOT_FOUND,
				"there is no folder '%s': correct filestore= of the service, or "
				"mount its file system",
				path);
	if (!realpath(path, resolved) || stat(resolved, &status) != 0)
		return odr_fail_errno(error, errno, "cannot look at '%s' of filestore=", path);
	if (!S_ISDIR(status.st_mode))
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' of filestore= is no folder", path);
	*real = g_strdup(resolved);
	return true;
}

/* The folder of one database, not of all: it has folders like 'a7' itself. */
static bool looks_like_database(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	unsigned folders = 0, others = 0;

	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		if (strcmp(name, ODOO_CHECKLIST) == 0)
			return true;
		if (odoo_folder_valid(name))
			folders++;
		else
			others++;
	}
	return folders > others;
}

static bool check_root(const char *path, GError **error)
{
	g_autofree char *inside = g_build_filename(path, "filestore", NULL);
	g_autofree char *base = g_path_get_basename(path);

	if (looks_like_database(path))
		return odr_fail(error, ODR_ERROR_USAGE,
				"'%s' is the filestore of one database: write filestore=%s:%s, or "
				"name the folder above it",
				path, base, path);
	if (strcmp(base, "filestore") != 0 && g_file_test(inside, G_FILE_TEST_IS_DIR) &&
	    !looks_like_database(inside))
		return odr_fail(error, ODR_ERROR_USAGE,
				"'%s' is a data_dir: its filestore is '%s'; write that into "
				"filestore=",
				path, inside);
	return true;
}

/* What a root has besides folders of databases that are wanted. */
static bool is_of_the_system(const char *name)
{
	return name[0] == '.' || strcmp(name, "lost+found") == 0;
}

static void say_link(struct filestore_trees *trees, const char *name, const char *path)
{
	char target[PATH_MAX];

	g_hash_table_add(trees->omitted, g_strdup(name));
	if (!realpath(path, target))
		g_strlcpy(target, "nowhere", sizeof(target));
	say(trees->omissions,
	    "'%s' is a link to '%s', which is not followed: write filestore=%s:%s besides", path,
	    target, name, target);
}

static bool add_from_root(const struct backup_filestore *settings, const char *root,
			  const char *name, struct filestore_trees *trees, GError **error)
{
	g_autofree char *path = g_build_filename(root, name, NULL);
	g_autofree char *shown = g_strescape(name, NULL);
	struct stat status;
	const struct filestore_tree *known = find(trees, name);

	if (is_of_the_system(name) || lstat(path, &status) != 0)
		return true;
	if (!S_ISDIR(status.st_mode) && !S_ISLNK(status.st_mode))
		return true;
	if (!filestore_trees_want(settings->databases, name)) {
		if (!odoo_database_usual(name))
			say(trees->notes,
			    "the folder '%s' in '%s' is not captured: Odoo gives no such name; if it "
			    "is a database's, name it in databases=",
			    shown, root);
		return true;
	}
	/* One that is named elsewhere by itself. */
	if (known && S_ISLNK(status.st_mode))
		return true;
	if (S_ISLNK(status.st_mode)) {
		say_link(trees, name, path);
		return true;
	}
	return add_tree(trees, name, path, error);
}

static bool add_root(const struct backup_filestore *settings, const char *root,
		     struct filestore_trees *trees, GError **error)
{
	DIR *dir = opendir(root);
	bool done = true;

	if (!dir)
		return odr_fail_errno(error, errno, "cannot list '%s' of filestore=", root);
	if (!trees->root)
		trees->root = g_strdup(root);
	errno = 0;
	for (struct dirent *found; done && (found = readdir(dir)); errno = 0)
		done = add_from_root(settings, root, found->d_name, trees, error);
	if (done && errno != 0)
		done = odr_fail_errno(error, errno, "cannot list '%s' of filestore=", root);
	closedir(dir);
	return done;
}

/* NAME:FOLDER; NULL where the place is a folder. */
static char *name_of(const char *place)
{
	const char *colon = place[0] == '/' ? NULL : strchr(place, ':');

	return colon ? g_strndup(place, (gsize)(colon - place)) : NULL;
}

static bool add_named(const char *name, const char *path, struct filestore_trees *trees,
		      GError **error)
{
	g_autofree char *real = NULL;

	if (!odoo_database_possible(name))
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' of filestore= is no name of a folder",
				name);
	return resolve(path, &real, error) && add_tree(trees, name, real, error);
}

static bool add_plain(const char *path, struct filestore_trees *trees, GError **error)
{
	g_autofree char *real = NULL;

	if (!resolve(path, &real, error))
		return false;
	g_autofree char *base = g_path_get_basename(real);

	if (strcmp(base, "/") == 0)
		return odr_fail(error, ODR_ERROR_USAGE,
				"filestore=/ has no name: write NAME:/ if you mean it");
	return add_tree(trees, base, real, error);
}

static bool add_roots(const struct backup_filestore *settings, struct filestore_trees *trees,
		      GError **error)
{
	for (const char *const *place = settings->places; *place; place++) {
		g_autofree char *name = name_of(*place);
		g_autofree char *real = NULL;

		if (name)
			continue;
		if (settings->plain) {
			if (!add_plain(*place, trees, error))
				return false;
			continue;
		}
		if (!resolve(*place, &real, error) || !check_root(real, error) ||
		    !add_root(settings, real, trees, error))
			return false;
	}
	return true;
}

static bool add_all(const struct backup_filestore *settings, struct filestore_trees *trees,
		    GError **error)
{
	/* What is named by itself comes first: a root may have a link to it. */
	for (const char *const *place = settings->places; *place; place++) {
		g_autofree char *name = name_of(*place);

		if (name && !add_named(name, strchr(*place, ':') + 1, trees, error))
			return false;
	}
	return add_roots(settings, trees, error);
}

static int compare_trees(const void *a, const void *b)
{
	const struct filestore_tree *x = *(struct filestore_tree *const *)a;
	const struct filestore_tree *y = *(struct filestore_tree *const *)b;

	return strcmp(x->name, y->name);
}

bool filestore_trees_find(const struct backup_filestore *settings, struct filestore_trees *trees,
			  GError **error)
{
	struct filestore_trees found = {
		.trees = g_ptr_array_new_with_free_func(tree_free),
		.by_name = g_hash_table_new(g_str_hash, g_str_equal),
		.omitted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.notes = g_ptr_array_new_with_free_func(g_free),
		.omissions = g_ptr_array_new_with_free_func(g_free),
	};

	if (!add_all(settings, &found, error)) {
		filestore_trees_clear(&found);
		return false;
	}
	g_ptr_array_sort(found.trees, compare_trees);
	*trees = found;
	return true;
}
