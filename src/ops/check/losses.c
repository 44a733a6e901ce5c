/* What the findings mean for recovery: which sets and which WAL can no longer be used. */
#include "ops/check/losses.h"

#include "base/bytes.h"
#include "repo/moment.h"

#include <string.h>

void check_losses_clear(struct check_losses *losses)
{
	g_clear_pointer(&losses->known, g_ptr_array_unref);
	g_clear_pointer(&losses->found, g_hash_table_unref);
}

bool check_losses_begin(const struct check_request *request, const Repo *repo,
			struct check_losses *losses, GError **error)
{
	losses->found = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					      (GDestroyNotify)catalog_loss_free);
	return !request->catalog || catalog_sets(request->catalog, repo->service.name,
						 store_name(repo->store), &losses->known, error);
}

bool check_is_lost(const struct check_losses *losses, const char *folder, const char *name)
{
	g_autofree char *whole = g_strconcat(folder, name, NULL);

	return g_hash_table_contains(losses->found, whole);
}

static void add(struct check_losses *losses, const char *name, bool damaged, usec_t now)
{
	struct catalog_loss *loss;

	if (g_hash_table_contains(losses->found, name))
		return;
	loss = g_new0(struct catalog_loss, 1);
	loss->name = g_strdup(name);
	loss->damaged = damaged;
	loss->found_at = now;
	g_hash_table_insert(losses->found, loss->name, loss);
}

static bool is_listed(const GPtrArray *manifests, const char *set_id)
{
	for (guint i = 0; i < manifests->len; i++)
		if (strcmp(((const Manifest *)manifests->pdata[i])->set_id, set_id) == 0)
			return true;
	return false;
}

static bool has_part(const struct catalog_set *set, const char *part)
{
	g_auto(GStrv) parts = g_strsplit(set->parts, ",", -1);

	return g_strv_contains((const char *const *)parts, part);
}

/* The newest capture of a part never expires: if it is gone, it is lost, and so on back to one that is there. */
static void add_gone_sets(struct check_losses *losses, const GPtrArray *manifests, usec_t now)
{
	static const char *const parts[] = {PART_DATABASE, PART_FILESTORE, PART_CONFIG};

	for (size_t k = 0; losses->known && k < G_N_ELEMENTS(parts); k++)
		for (guint i = losses->known->len; i-- > 0;) {
			const struct catalog_set *set = losses->known->pdata[i];
			g_autofree char *name = layout_set(set->set_id);

			if (!has_part(set, parts[k]))
				continue;
			if (is_listed(manifests, set->set_id))
				break;
			add(losses, name, false, now);
		}
}

/* One of its objects; the damage of a pack is that of all sets that list it. */
static const struct catalog_loss *loss_of(const struct check_losses *losses,
					  const struct set_part *part, const struct layer_ref *ref,
					  GHashTable *tables)
{
	g_autofree char *root = layout_pack(part->generation, ref->root);
	g_autofree char *name = layout_table(ref->table);
	g_autofree char *hex = hex_encode(ref->table, SHA256_SIZE);
	const Table *table = g_hash_table_lookup(tables, hex);
	const struct catalog_loss *loss = g_hash_table_lookup(losses->found, root);

	if (!loss)
		loss = g_hash_table_lookup(losses->found, name);
	for (guint i = 0; !loss && table && i < table->rows->len; i++) {
		const struct pack_row *row = &g_array_index(table->rows, struct pack_row, i);
		g_autofree char *pack = layout_pack(table->generation, row->name);

		loss = g_hash_table_lookup(losses->found, pack);
	}
	return loss;
}

static void add_dependent(struct check_losses *losses, const Manifest *manifest, GHashTable *tables,
			  usec_t now)
{
	g_autofree char *name = layout_set(manifest->set_id);

	for (guint i = 0; i < manifest->parts->len; i++) {
		const struct set_part *part = manifest->parts->pdata[i];

		for (guint j = 0; j < part->layers->len; j++) {
			const struct catalog_loss *loss =
				loss_of(losses, part,
					&g_array_index(part->layers, struct layer_ref, j), tables);

			if (loss)
				add(losses, name, loss->damaged, now);
		}
	}
}

void check_losses_find(const struct check_losses_sources *sources, struct check_losses *losses)
{
	add_gone_sets(losses, sources->manifests, sources->now);
	for (guint i = sources->from; i < sources->findings->len; i++) {
		const struct finding *finding = sources->findings->pdata[i];

		for (guint j = 0; finding->lost && j < finding->lost->len; j++)
			add(losses, finding->lost->pdata[j],
			    strcmp(finding->code, "object.damaged") == 0, sources->now);
	}
	if (g_hash_table_size(losses->found) == 0)
		return;
	for (guint i = 0; i < sources->manifests->len; i++)
		add_dependent(losses, sources->manifests->pdata[i], sources->tables, sources->now);
}

/* A moment is worth what its set is. */
static bool note_moment(Repo *repo, const GPtrArray *manifests, const struct check_losses *losses,
			struct status_point *point, GError **error)
{
	struct moment *moment = NULL;

	if (!moment_newest(repo, point->part, &moment, NULL, error))
		return false;
	if (moment && is_listed(manifests, moment->set_id) &&
	    !check_is_lost(losses, "set/", moment->set_id))
		point->point = MAX(point->point, moment->started);
	moment_free(moment);
	return true;
}

bool check_points(Repo *repo, const GPtrArray *manifests, const struct check_losses *losses,
		  GArray *points, GError **error)
{
	static const char *const names[] = {PART_FILESTORE, PART_CONFIG};

	for (size_t k = 0; k < G_N_ELEMENTS(names); k++) {
		struct status_point point = {.part = names[k]};

		for (guint i = 0; i < manifests->len; i++) {
			const Manifest *manifest = manifests->pdata[i];
			const struct set_part *part = manifest_part(manifest, names[k]);

			if (part && !manifest_part_incomplete(manifest, names[k]) &&
			    !check_is_lost(losses, "set/", manifest->set_id))
				point.point = MAX(point.point, part->started);
		}
		if (point.point > 0 && !note_moment(repo, manifests, losses, &point, error))
			return false;
		g_array_append_val(points, point);
	}
	return true;
}

/* Objects of sets are for the sets that lack them. */
static GPtrArray *of_recovery(const struct check_losses *losses)
{
	GPtrArray *list = g_ptr_array_new();
	GHashTableIter iter;
	gpointer name, loss;

	g_hash_table_iter_init(&iter, losses->found);
	while (g_hash_table_iter_next(&iter, &name, &loss))
		if (g_str_has_prefix(name, "set/") || g_str_has_prefix(name, "wal/"))
			g_ptr_array_add(list, loss);
	return list;
}

bool check_losses_record(const struct check_request *request, const Repo *repo,
			 const struct check_losses *losses, const GArray *points, GError **error)
{
	g_autoptr(GPtrArray) list = of_recovery(losses);

	return !request->catalog ||
	       losses_record(request->catalog, repo->service.name, store_name(repo->store),
			     &(struct losses_found){.losses = list,
						    .read_back = request->scan,
						    .found_at = request->now,
						    .points = points},
			     error);
}
