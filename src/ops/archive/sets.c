/* Apart from archive_choice.c: manifests are JSON, and the small program is without a parser for it. */
#include "base/error.h"
#include "base/log.h"
#include "ops/archive/choice.h"
#include "repo/manifest.h"

#include <string.h>

static bool lists(const Manifest *manifest, const char *local)
{
	const GPtrArray *objects = manifest->wal ? manifest->wal->objects : NULL;

	for (guint i = 0; objects && i < objects->len; i++)
		if (strcmp(objects->pdata[i], local) == 0)
			return true;
	return false;
}

static void find_set(const GPtrArray *manifests, struct archive_candidate *candidate)
{
	g_autofree char *local = layout_wal(candidate->held->file, candidate->held->digest);

	for (guint i = 0; i < manifests->len && !candidate->set; i++) {
		const Manifest *manifest = manifests->pdata[i];

		if (lists(manifest, local))
			candidate->set = g_strdup(manifest->set_id);
	}
}

static bool find_sets(Repo *repo, GArray *candidates, GError **error)
{
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) manifests = NULL;

	if (!manifest_list(repo, NULL, &manifests, troubles, error))
		return odr_context(error, "repository %s", store_name(repo->store));
	for (guint i = 0; i < troubles->len; i++)
		log_warning("repository %s: %s", store_name(repo->store),
			    (char *)troubles->pdata[i]);
	for (guint i = 0; i < candidates->len; i++)
		find_set(manifests, &g_array_index(candidates, struct archive_candidate, i));
	return true;
}

archive_find_sets *const archive_sets = find_sets;
