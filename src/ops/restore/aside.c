#include "ops/restore/aside.h"

#include "base/error.h"
#include "pg/label.h"

bool restore_aside_tablespaces(const Manifest *manifest, const char *folder, GHashTable **map,
			       GError **error)
{
	const char *text = manifest->tablespace_map;
	GHashTableIter iter;
	gpointer oid;

	if (!tablespace_map_parse(text ? text : "", map, error))
		return odr_context(error, "the set's tablespace_map is damaged");
	g_hash_table_iter_init(&iter, *map);
	while (g_hash_table_iter_next(&iter, &oid, NULL))
		g_hash_table_iter_replace(&iter,
					  g_strdup_printf("%s/%u", folder, GPOINTER_TO_UINT(oid)));
	return true;
}

const char *restore_aside_superuser(const Manifest *manifest)
{
	const char *name = NULL;

	json_string_optional(manifest->server, "server", "superuser", &name, NULL);
	return name;
}
