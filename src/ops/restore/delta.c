#include "ops/restore/steps.h"

#include "base/error.h"
#include "base/file.h"
#include "base/sorter.h"

#include <string.h>
#include <sys/stat.h>

#define ROOT "pgdata"

/*
 * What a folder may hold is what the set has in it: names are sorted by folder, which are then looked
 * through one by one. A name's key is its folder's path in the set, NUL, and the name; a folder itself is
 * there with an empty name. Of a tablespace only the folder of this cluster is in the set: others' may
 * lie beside it.
 */
struct pruning {
	const struct restore *restore;
	Sorter *names;
	GArray *places; /* struct stat: where tablespaces lie, perhaps inside PGDATA */
};

static bool add_name(Sorter *names, const char *folder, const char *name, GError **error)
{
	g_autoptr(GString) key = g_string_new(folder);

	g_string_append_c(key, '\0');
	g_string_append(key, name);
	return sorter_add(names,
			  &(struct sorter_record){.key = key->str, .key_size = (uint32_t)key->len},
			  error);
}

static bool add_entry(void *data, struct layer_entry **entry, GError **error)
{
	const char *path = (*entry)->path, *name = strrchr(path, '/');
	bool is_folder = (*entry)->kind == ENTRY_DIRECTORY;

	if (strcmp(path, ROOT) != 0 && !g_str_has_prefix(path, ROOT "/"))
		return true;
	if (is_folder && !add_name(data, path, "", error))
		return false;
	g_autofree char *folder = name ? g_strndup(path, (gsize)(name - path)) : NULL;

	return !folder || add_name(data, folder, name + 1, error);
}

static bool is_place(const struct pruning *pruning, const char *path)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		return false;
	for (guint i = 0; i < pruning->places->len; i++) {
		const struct stat *place = &g_array_index(pruning->places, struct stat, i);

		if (place->st_dev == status.st_dev && place->st_ino == status.st_ino)
			return true;
	}
	return false;
}

/* Removes what the set does not have. */
static bool prune_folder(const struct pruning *pruning, const char *folder, GHashTable *wanted,
			 GError **error)
{
	g_autofree char *path = restore_inside(pruning->restore, folder + strlen(ROOT));
	g_autoptr(GDir) dir = is_place(pruning, path) ? NULL : g_dir_open(path, 0, NULL);

	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		g_autofree char *inner = g_build_filename(path, name, NULL);

		if (!g_hash_table_contains(wanted, name) && !file_remove_tree(inner, error))
			return false;
	}
	return true;
}

/* Where a link leads is not looked through: it has no name of its own as a folder. */
static bool prune_folders(struct pruning *pruning, GError **error)
{
	g_autoptr(GHashTable) wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autofree char *folder = NULL;
	struct sorter_record record;

	do {
		if (!sorter_next(pruning->names, &record, error))
			return false;
		/* Both texts end: the folder with the NUL of the key, the name with the record. */
		const char *next = record.key;
		const char *name = next ? next + strlen(next) + 1 : NULL;
		size_t length = next ? record.key_size - (size_t)(name - next) : 0;

		if (folder && g_strcmp0(folder, next) != 0) {
			if (!prune_folder(pruning, folder, wanted, error))
				return false;
			g_clear_pointer(&folder, g_free);
			g_hash_table_remove_all(wanted);
		}
		if (next && length == 0)
			folder = g_strdup(next);
		else if (folder)
			g_hash_table_add(wanted, g_strndup(name, length));
	} while (record.key);
	return true;
}

static void find_places(const struct restore *restore, GArray *places)
{
	GHashTableIter iter;
	gpointer oid, target;
	struct stat status;

	g_hash_table_iter_init(&iter, restore->tablespaces);
	while (g_hash_table_iter_next(&iter, &oid, &target))
		if (stat(target, &status) == 0)
			g_array_append_val(places, status);
}

static bool prune(struct restore *restore, GError **error)
{
	g_autoptr(Sorter) names = sorter_new(restore->spool);
	g_autoptr(GArray) places = g_array_new(false, false, sizeof(struct stat));
	struct pruning pruning = {.restore = restore, .names = names, .places = places};

	find_places(restore, places);
	return add_name(names, ROOT, RESTORE_MARK, error) &&
	       entry_list_each(restore->entries, add_entry, names, error) &&
	       sorter_sort(names, error) && prune_folders(&pruning, error);
}

static char *path_of(const void *data, const struct layer_entry *entry)
{
	return restore_path_of(data, entry);
}

bool restore_keep_equal(struct restore *restore, const struct materialize_settings *settings,
			bool *kept, GError **error)
{
	restore_progress(restore, "comparing", 0, restore->part->bytes);
	return prune(restore, error) &&
	       materialize_compare(&(struct materialize_comparison){.settings = settings,
								    .entries = restore->entries,
								    .path_of = path_of,
								    .data = restore},
				   kept, error);
}
