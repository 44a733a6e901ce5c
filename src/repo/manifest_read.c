/* One manifest out of a repository. */
#include "base/error.h"
#include "repo/manifest_parts.h"

#include <string.h>

static bool verify(void *data, GBytes *content, const struct store_object *version, GError **error)
{
	struct manifest_reading *reading = data;
	Repo *repo = reading->repo;
	g_autoptr(Manifest) manifest = manifest_new();

	if (!manifest_parse_public(&repo->service, reading->set_id, g_bytes_get_data(content, NULL),
				   g_bytes_get_size(content), &reading->object, manifest, error) ||
	    !repo_accepts(repo, &manifest->writer, version->stored_at, error))
		return false;
	manifest->stored_at = version->stored_at;
	reading->manifest = g_steal_pointer(&manifest);
	return true;
}

bool manifest_read_public(struct manifest_reading *reading, const struct store_object *listed,
			  GBytes **content, GError **error)
{
	g_autofree char *local = layout_set(reading->set_id);

	return repo_get_good(reading->repo,
			     &(struct repo_wanted){.local = local,
						   .listed = listed,
						   .oldest = true,
						   .verify = verify,
						   .data = reading},
			     content, error);
}

bool manifest_load(Repo *repo, const Identity *identity, const char *set_id, Manifest **manifest,
		   GError **error)
{
	struct manifest_reading reading = {.repo = repo, .set_id = set_id};
	g_autoptr(GBytes) content = NULL;
	g_autoptr(Manifest) loaded = NULL;

	if (!set_id_valid(set_id))
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' is not the id of a set", set_id);
	if (!manifest_read_public(&reading, NULL, &content, error))
		return odr_context(error, "cannot load set %s", set_id);
	loaded = reading.manifest;
	if (identity && !manifest_parse_sealed(&reading.object, identity, loaded, error))
		return odr_context(error, "cannot load set %s: manifest of set %s", set_id, set_id);
	*manifest = g_steal_pointer(&loaded);
	return true;
}
