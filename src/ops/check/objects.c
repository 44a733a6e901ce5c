/* Whether what sets refer to is there, with its size: from listings, no request per pack. */
#include "ops/check/check.h"

#include "base/bytes.h"
#include "base/error.h"

#include <string.h>

struct inventory {
	GHashTable *sizes; /* local name → uint64_t * */
};

static bool note_object(void *data, const struct store_object *object)
{
	struct inventory *inventory = data;
	uint64_t *size = g_new(uint64_t, 1);

	*size = object->size;
	g_hash_table_insert(inventory->sizes, g_strdup(object->name), size);
	return true;
}

/* What one set lacks. */
struct lack {
	uint64_t objects, missing;
	char *first; /* the first that is missing, and how */
};

static void expect(const struct inventory *inventory, const char *local, uint64_t size,
		   struct lack *lack)
{
	const uint64_t *found = g_hash_table_lookup(inventory->sizes, local);

	lack->objects++;
	if (found && (size == 0 || *found == size))
		return;
	if (lack->missing++ > 0)
		return;
	lack->first = found ? g_strdup_printf("'%s' has %" G_GUINT64_FORMAT
					      " bytes instead of %" G_GUINT64_FORMAT,
					      local, *found, size)
			    : g_strdup_printf("'%s' is missing", local);
}

static void find_damaged_table(const uint8_t name[SHA256_SIZE], const char *message,
			       const char *where, GPtrArray *findings)
{
	g_autofree char *local = layout_table(name);
	struct finding *finding = findings_add(findings, FINDING_CRITICAL, "table.damaged", where,
					       g_strdup(message), NULL);

	finding->kind = FINDING_CORRUPTION;
	finding_add_lost(finding, local);
}

/* NULL with a finding when it cannot be read; a store that does not answer is an error. */
static bool load_table(Repo *repo, const uint8_t name[SHA256_SIZE], GHashTable *tables,
		       const char *where, const Table **table, GPtrArray *findings, GError **error)
{
	g_autofree char *hex = hex_encode(name, SHA256_SIZE);
	g_autoptr(GError) cause = NULL;
	Table *loaded = NULL;

	*table = g_hash_table_lookup(tables, hex);
	if (*table)
		return true;
	if (table_load(repo, name, &loaded, &cause)) {
		*table = loaded;
		g_hash_table_insert(tables, g_steal_pointer(&hex), loaded);
		return true;
	}
	if (odr_error_is(cause, ODR_ERROR_NOT_FOUND))
		return true; /* `expect` says so */
	if (odr_error_is(cause, ODR_ERROR_CORRUPT)) {
		find_damaged_table(name, cause->message, where, findings);
		return true;
	}
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

static bool check_layer(Repo *repo, const struct inventory *inventory, const struct set_part *part,
			const struct layer_ref *ref, const char *where, GHashTable *tables,
			struct lack *lack, GPtrArray *findings, GError **error)
{
	g_autofree char *root = layout_pack(part->generation, ref->root);
	g_autofree char *name = layout_table(ref->table);
	const Table *table;

	expect(inventory, root, ref->root_size, lack);
	expect(inventory, name, 0, lack);
	if (!load_table(repo, ref->table, tables, where, &table, findings, error))
		return false;
	for (guint i = 0; table && i < table->rows->len; i++) {
		const struct pack_row *row = &g_array_index(table->rows, struct pack_row, i);
		g_autofree char *pack = layout_pack(table->generation, row->name);

		expect(inventory, pack, row->size, lack);
	}
	return true;
}

static void find_incomplete(const Manifest *manifest, const struct lack *lack, const char *where,
			    GPtrArray *findings)
{
	g_autofree char *local = layout_set(manifest->set_id);
	struct finding *finding = findings_add(
		findings, FINDING_CRITICAL, "set.incomplete", where,
		g_strdup_printf("set %s cannot be restored whole: %" G_GUINT64_FORMAT
				" of its %" G_GUINT64_FORMAT " objects are missing or "
				"have another size: %s",
				manifest->set_id, lack->missing, lack->objects, lack->first),
		g_strdup("use another set or repository, and make a new backup now"));

	finding->kind = FINDING_CORRUPTION;
	finding_add_lost(finding, local);
}

static bool check_set(Repo *repo, const struct inventory *inventory, const Manifest *manifest,
		      const char *where, GHashTable *tables, GPtrArray *findings, GError **error)
{
	struct lack lack = {0};

	for (guint i = 0; i < manifest->parts->len; i++) {
		const struct set_part *part = manifest->parts->pdata[i];

		for (guint j = 0; j < part->layers->len; j++)
			if (!check_layer(repo, inventory, part,
					 &g_array_index(part->layers, struct layer_ref, j), where,
					 tables, &lack, findings, error)) {
				g_free(lack.first);
				return false;
			}
	}
	if (lack.missing > 0)
		find_incomplete(manifest, &lack, where, findings);
	g_free(lack.first);
	return true;
}

bool check_objects(Repo *repo, const GPtrArray *manifests, const char *where, GHashTable *tables,
		   GPtrArray *findings, GError **error)
{
	g_autoptr(GHashTable) sizes =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	struct inventory inventory = {sizes};
	guint before = findings->len;

	if (!repo_list(repo, "pack/", note_object, &inventory, error) ||
	    !repo_list(repo, "table/", note_object, &inventory, error))
		return false;
	for (guint i = 0; i < manifests->len; i++)
		if (!check_set(repo, &inventory, manifests->pdata[i], where, tables, findings,
			       error))
			return false;
	if (findings->len == before && manifests->len > 0)
		findings_add(findings, FINDING_OK, "set.complete", where,
			     g_strdup_printf("all sets have their packs, with the right sizes (%u)",
					     manifests->len),
			     NULL);
	return true;
}
