#include "ops/filestore/choice.h"

#include <string.h>

/* What the database's rows named, and its folder did not have. */
static void take_wrong(const Manifest *manifest, const char *database, GHashTable *names)
{
	const json_t *facts = json_object_get(manifest->facts, PART_FILESTORE);
	const json_t *tree = json_object_get(json_object_get(facts, "trees"), database);
	json_t *wrong = json_object_get(tree, "wrong"), *what;
	const char *name;

	json_object_foreach(wrong, name, what) g_hash_table_add(names, g_strdup(name));
}

/* "filestore/<database>/ab/<sha1>" */
static void take(const Manifest *manifest, const char *database, GHashTable *names)
{
	g_autofree char *prefix = g_strdup_printf(PART_FILESTORE "/%s/", database);

	for (guint i = 0; i < manifest->damaged->len; i++) {
		const struct damage *damage = manifest->damaged->pdata[i];

		if (g_str_has_prefix(damage->path, prefix))
			g_hash_table_add(names, g_strdup(damage->path + strlen(prefix)));
	}
	take_wrong(manifest, database, names);
}

static GHashTable *new_names(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

GHashTable *filestore_choice_baseline(const struct filestore_choice *choice, const char *database)
{
	GHashTable *names = new_names();

	if (choice->base)
		take(choice->base, database, names);
	for (guint i = 0; i < choice->later->len; i++)
		take(choice->later->pdata[i], database, names);
	return names;
}

GHashTable *filestore_baseline(const Manifest *manifest, const char *database)
{
	GHashTable *names = new_names();

	if (manifest)
		take(manifest, database, names);
	return names;
}
