#include "ops/restore_steps.h"

#include "base/error.h"
#include "base/file.h"

#include <string.h>
#include <sys/stat.h>

#define INSIDE "pgdata/"

struct pruning {
	GHashTable *wanted; /* full paths */
	GArray *places;	    /* struct stat: where tablespaces lie, perhaps inside PGDATA */
};

static bool is_place(const struct pruning *pruning, const struct stat *status)
{
	for (guint i = 0; i < pruning->places->len; i++) {
		const struct stat *place = &g_array_index(pruning->places, struct stat, i);

		if (place->st_dev == status->st_dev && place->st_ino == status->st_ino)
			return true;
	}
	return false;
}

/* Removes what the set does not have. */
static bool prune(const struct pruning *pruning, const char *folder, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		struct stat status;

		if (!g_hash_table_contains(pruning->wanted, path)) {
			if (!file_remove_tree(path, error))
				return false;
		} else if (lstat(path, &status) == 0 && S_ISDIR(status.st_mode) &&
			   !is_place(pruning, &status)) {
			if (!prune(pruning, path, error))
				return false;
		}
	}
	return true;
}

/* pg_tblspc/<oid>/PG_<major>_<catalog version> */
static bool is_tablespace_folder(const struct layer_entry *entry)
{
	const char *slash;

	if (entry->kind != ENTRY_DIRECTORY ||
	    !g_str_has_prefix(entry->path, INSIDE RESTORE_TABLESPACES))
		return false;
	slash = strchr(entry->path + strlen(INSIDE RESTORE_TABLESPACES), '/');
	return slash && !strchr(slash + 1, '/');
}

/* Of a tablespace only the folder of this cluster is ours: others' may lie beside it. */
static bool prune_tablespaces(const struct restore *restore, const struct pruning *pruning,
			      GError **error)
{
	for (guint i = 0; i < restore->entries->len; i++) {
		const struct layer_entry *entry = restore->entries->pdata[i];

		if (!is_tablespace_folder(entry))
			continue;
		g_autofree char *path = restore_inside(restore, entry->path + strlen(INSIDE));

		if (!prune(pruning, path, error))
			return false;
	}
	return true;
}

static bool prune_all(struct restore *restore, GError **error)
{
	g_autoptr(GHashTable) wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GArray) places = g_array_new(false, false, sizeof(struct stat));
	struct pruning pruning = {wanted, places};
	GHashTableIter iter;
	gpointer oid, target;
	struct stat status;

	g_hash_table_add(wanted, restore_inside(restore, RESTORE_MARK));
	for (guint i = 0; i < restore->entries->len; i++) {
		const struct layer_entry *entry = restore->entries->pdata[i];

		if (g_str_has_prefix(entry->path, INSIDE))
			g_hash_table_add(wanted,
					 restore_inside(restore, entry->path + strlen(INSIDE)));
	}
	g_hash_table_iter_init(&iter, restore->tablespaces);
	while (g_hash_table_iter_next(&iter, &oid, &target))
		if (stat(target, &status) == 0)
			g_array_append_val(places, status);
	return prune(&pruning, restore->request->pgdata, error) &&
	       prune_tablespaces(restore, &pruning, error);
}

bool restore_keep_equal(struct restore *restore, const struct materialize_settings *settings,
			GError **error)
{
	g_autofree bool *kept = g_new0(bool, restore->files->len);
	g_autoptr(GPtrArray) left =
		g_ptr_array_new_with_free_func((GDestroyNotify)materialize_file_free);

	restore_progress(restore, "comparing", 0, restore->part->bytes);
	if (!prune_all(restore, error) ||
	    !materialize_compare(settings, restore->files, kept, error))
		return false;
	for (guint i = 0; i < restore->files->len; i++) {
		struct materialize_file *file = restore->files->pdata[i];

		if (kept[i]) {
			restore->result->kept++;
			continue;
		}
		if (!file_remove_tree(file->path, error))
			return false;
		g_ptr_array_add(left, file);
		restore->files->pdata[i] = NULL;
	}
	g_ptr_array_set_free_func(restore->files, NULL);
	for (guint i = 0; i < restore->files->len; i++)
		if (restore->files->pdata[i])
			materialize_file_free(restore->files->pdata[i]);
	g_ptr_array_unref(restore->files);
	restore->files = g_steal_pointer(&left);
	return true;
}
