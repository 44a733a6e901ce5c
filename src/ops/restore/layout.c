#include "ops/restore/steps.h"

#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct laying {
	struct restore *restore;
	GHashTable *folders; /* of the set, by their paths in it */
	bool has_control;
};

/* "pgdata/pg_tblspc/<oid>" → true and the OID. */
static bool tablespace_link(const char *relative, guint *oid)
{
	guint64 number;

	if (!g_str_has_prefix(relative, RESTORE_TABLESPACES) ||
	    !g_ascii_string_to_unsigned(relative + strlen(RESTORE_TABLESPACES), 10, 1, G_MAXUINT32,
					&number, NULL))
		return false;
	*oid = (guint)number;
	return true;
}

static bool make_link(const char *path, const char *to, GError **error)
{
	g_autofree char *now = g_file_read_link(path, NULL);

	if (g_strcmp0(now, to) == 0)
		return true;
	if (!file_remove_tree(path, error))
		return false;
	if (symlink(to, path) < 0)
		return odr_fail_errno(error, errno, "cannot link '%s'", path);
	return true;
}

static bool make_folder(const char *path, GError **error)
{
	struct stat status;

	if (lstat(path, &status) == 0 && !S_ISDIR(status.st_mode) && !file_remove_tree(path, error))
		return false;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return odr_fail_errno(error, errno, "cannot create '%s'", path);
	return true;
}

static bool place_tablespace(struct restore *restore, guint oid, const char *path, GError **error)
{
	const char *to = g_hash_table_lookup(restore->tablespaces, GUINT_TO_POINTER(oid));

	if (!to)
		return odr_fail(
			error, ODR_ERROR_CORRUPT,
			"the set links tablespace %u but its tablespace_map does not have it", oid);
	return make_link(path, to, error);
}

/*
 * For each of the map, which the server links to at its first start: also for one that was dropped while
 * the backup ran, of which the set has nothing, and which replay drops again.
 */
static bool make_places(struct restore *restore, GError **error)
{
	GHashTableIter iter;
	gpointer oid, to;

	g_hash_table_iter_init(&iter, restore->tablespaces);
	while (g_hash_table_iter_next(&iter, &oid, &to))
		if (!file_make_dirs(to, 0700, error))
			return odr_context(error, "cannot make tablespace %u",
					   GPOINTER_TO_UINT(oid));
	return true;
}

/* An older file may go; whatever a set says, no folder of the user's does. */
static bool make_way(const char *path, GError **error)
{
	struct stat status;

	if (lstat(path, &status) == 0 && S_ISDIR(status.st_mode))
		return odr_fail(error, ODR_ERROR_REFUSED,
				"'%s' is a folder, where the set has a file", path);
	return file_remove_tree(path, error);
}

/* Files from outside PGDATA: into a folder of their own, or not at all. */
static bool lay_outside(struct restore *restore, const struct layer_entry *entry, GError **error)
{
	g_autofree char *path = restore_path_of(restore, entry);

	if (!path)
		return true;
	g_autofree char *parent = g_path_get_dirname(path);

	if (entry->kind == ENTRY_DIRECTORY)
		return file_make_dirs(path, 0700, error);
	if (entry->kind != ENTRY_FILE)
		return true;
	return file_make_dirs(parent, 0700, error) && make_way(path, error);
}

/* "pgdata/pg_tblspc/<oid>/PG_<major>_<catalog version>" of a tablespace that is placed. */
static bool is_tablespace_folder(const struct restore *restore, const struct layer_entry *entry)
{
	g_auto(GStrv) parts = g_strsplit(entry->path, "/", 5);
	guint64 oid;

	return entry->kind == ENTRY_DIRECTORY && g_strv_length(parts) == 4 &&
	       strcmp(parts[1], "pg_tblspc") == 0 && g_str_has_prefix(parts[3], "PG_") &&
	       g_ascii_string_to_unsigned(parts[2], 10, 1, G_MAXUINT32, &oid, NULL) &&
	       g_hash_table_contains(restore->tablespaces, GUINT_TO_POINTER((guint)oid));
}

/*
 * Everything lies in a folder that the set has, too, or is that of a cluster in a tablespace. A set whose
 * files lay below its links would have us write wherever these lead.
 */
static bool check_parent(const struct laying *laying, const struct layer_entry *entry,
			 GError **error)
{
	g_autofree char *parent = g_path_get_dirname(entry->path);

	if (strcmp(entry->path, "pgdata") == 0 || g_hash_table_contains(laying->folders, parent) ||
	    is_tablespace_folder(laying->restore, entry))
		return true;
	return odr_fail(error, ODR_ERROR_CORRUPT, "'%s' lies in no folder of the set", entry->path);
}

/* relative: to the data directory. */
static bool lay_inside(struct laying *laying, const struct layer_entry *entry, const char *relative,
		       GError **error)
{
	struct restore *restore = laying->restore;
	g_autofree char *path = restore_path_of(restore, entry);
	guint oid;

	switch (entry->kind) {
	case ENTRY_DIRECTORY:
		g_hash_table_add(laying->folders, g_strdup(entry->path));
		return make_folder(path, error);
	case ENTRY_SYMLINK:
		if (tablespace_link(relative, &oid))
			return place_tablespace(restore, oid, path, error);
		return make_link(path, entry->link, error);
	case ENTRY_FILE:
		laying->has_control |= strcmp(relative, RESTORE_CONTROL) == 0;
		return true;
	default:
		return odr_fail(error, ODR_ERROR_CORRUPT, "a full set has a tombstone for '%s'",
				entry->path);
	}
}

static bool lay_entry(void *data, struct layer_entry **taken, GError **error)
{
	struct laying *laying = data;
	const struct layer_entry *entry = *taken;
	const char *relative = entry->path + strlen("pgdata");

	if (g_str_has_prefix(entry->path, "outside/"))
		return lay_outside(laying->restore, entry, error);
	if (!g_str_has_prefix(entry->path, "pgdata") || (relative[0] && relative[0] != '/'))
		return odr_fail(error, ODR_ERROR_CORRUPT, "the set has an unknown path '%s'",
				entry->path);
	if (!check_parent(laying, entry, error) ||
	    !lay_inside(laying, entry, relative + (relative[0] == '/'), error))
		return false;
	if (!relative[0])
		laying->restore->root = g_steal_pointer(taken);
	return true;
}

bool restore_lay_out(struct restore *restore, GError **error)
{
	g_autoptr(GHashTable) folders =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct laying laying = {.restore = restore, .folders = folders};

	if (!make_places(restore, error) ||
	    !entry_list_each(restore->entries, lay_entry, &laying, error))
		return false;
	if (!restore->root || !laying.has_control)
		return odr_fail(error, ODR_ERROR_CORRUPT, "the set has no %s",
				restore->root ? "pg_control" : "data directory");
	return fault_point("step", "laid out", error);
}
