/* Code that Odoo runs, and any other checkouts. */
#include "collect/code.h"

#include "base/error.h"
#include "collect/odoo_site.h"

#include <string.h>

/* Debian's packages come back by apt: their version is in the list of packages. */
static bool is_packaged(const char *folder)
{
	return g_str_has_prefix(folder, "/usr/lib/python3/") ||
	       g_str_has_prefix(folder, "/usr/share/");
}

/* done: what was taken as a whole already. */
static bool take_code(struct collection *collection, const char *folder, GHashTable *done,
		      GError **error)
{
	g_autofree char *checkout =
		tool_exists("git") ? code_checkout_of(collection, folder) : NULL;
	g_autoptr(GError) trouble = NULL;

	if (!g_hash_table_add(done, g_strdup(checkout ? checkout : folder)))
		return true;
	if (checkout && code_take_checkout(collection, checkout, &trouble))
		return true;
	collection_drop(collection);
	if (checkout && (collection->broken || collection->settings->paths)) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		return false;
	}
	/* Better the files alone than nothing. */
	if (checkout)
		collection_note(collection, "%s is taken without its history: %s", folder,
				trouble->message);
	return code_take_folder(collection, folder, error);
}

static bool take_all(struct collection *collection, const GPtrArray *folders,
		     enum collection_origin origin, GError **error)
{
	g_autoptr(GHashTable) done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < folders->len; i++) {
		const char *folder = folders->pdata[i];
		g_autoptr(GError) trouble = NULL;

		if (origin == COLLECTION_BUILT_IN &&
		    (is_packaged(folder) || !collection_path_exists(collection, folder)))
			continue;
		if (take_code(collection, folder, done, &trouble))
			continue;
		if (collection->broken || origin == COLLECTION_CONFIGURED) {
			g_propagate_error(error, g_steal_pointer(&trouble));
			return false;
		}
		collection_note(collection, "the code in %s is not here: %s", folder,
				trouble->message);
	}
	return true;
}

/* The folders that the settings name: patterns that match folders. */
static bool named_folders(struct collection *collection, GPtrArray *folders, GError **error)
{
	for (const char *const *path = collection->settings->paths; *path; path++) {
		g_autofree char *plain = g_canonicalize_filename(*path, "/");
		g_autofree char *real = collection_path(collection, plain);

		if (!g_file_test(real, G_FILE_TEST_IS_DIR))
			return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no folder '%s'",
					*path);
		g_ptr_array_add(folders, g_steal_pointer(&plain));
	}
	return true;
}

bool addons_collect(struct collection *collection, GError **error)
{
	g_autoptr(GPtrArray) folders = g_ptr_array_new_with_free_func(g_free);
	struct odoo_site site;
	bool done;

	if (collection->settings->paths)
		return named_folders(collection, folders, error) &&
		       take_all(collection, folders, COLLECTION_CONFIGURED, error);
	if (!odoo_site_find(collection, NULL, &site, error))
		return false;
	done = site.addons->len > 0
		       ? take_all(collection, site.addons, COLLECTION_BUILT_IN, error)
		       : collection_absent(collection, "no odoo.conf names an addons_path");
	odoo_site_clear(&site);
	return done;
}

bool git_collect(struct collection *collection, GError **error)
{
	g_autoptr(GPtrArray) folders = g_ptr_array_new_with_free_func(g_free);

	if (!tool_exists("git"))
		return collection_absent(collection, "there is no program 'git'");
	if (!collection->settings->paths)
		return odr_fail(error, ODR_ERROR_USAGE, "a collector of git needs paths=");
	if (!named_folders(collection, folders, error))
		return false;
	for (guint i = 0; i < folders->len; i++) {
		g_autofree char *top = code_checkout_of(collection, folders->pdata[i]);

		if (!top)
			return odr_fail(error, ODR_ERROR_NOT_FOUND, "'%s' is no checkout of git",
					(char *)folders->pdata[i]);
	}
	return take_all(collection, folders, COLLECTION_CONFIGURED, error);
}
