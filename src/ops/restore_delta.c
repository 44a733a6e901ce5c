#include "ops/restore_steps.h"

#include "base/error.h"
#include "base/file.h"

#include <string.h>
#include <sys/stat.h>

/* Removes what the set does not have. wanted holds full paths. */
static bool prune(GHashTable *wanted, const char *folder, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		struct stat status;

		if (!g_hash_table_contains(wanted, path)) {
			if (!file_remove_tree(path, error))
				return false;
		} else if (lstat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
			if (!prune(wanted, path, error))
				return false;
		}
	}
	return true;
}

static bool prune_all(struct restore *restore, GError **error)
{
	g_autoptr(GHashTable) wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter iter;
	gpointer oid, target;

	g_hash_table_add(wanted, restore_inside(restore, RESTORE_MARK));
	for (guint i = 0; i < restore->entries->len; i++) {
		const struct layer_entry *entry = restore->entries->pdata[i];
		const char *relative = entry->path + strlen("pgdata");

		if (g_str_has_prefix(entry->path, "pgdata/"))
			g_hash_table_add(wanted, restore_inside(restore, relative + 1));
	}
	if (!prune(wanted, restore->request->pgdata, error))
		return false;
	/* Tablespaces: their entries are known by the path through the link. */
	g_hash_table_iter_init(&iter, restore->tablespaces);
	while (g_hash_table_iter_next(&iter, &oid, &target)) {
		g_autofree char *link =
			g_strdup_printf("%s/" RESTORE_TABLESPACES "%u", restore->request->pgdata,
					GPOINTER_TO_UINT(oid));

		if (!prune(wanted, link, error))
			return false;
	}
	return true;
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
