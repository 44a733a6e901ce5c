#include "cli/site/set_choice.h"

#include "base/error.h"

#include <string.h>

static bool has_part(const struct catalog_set *set, const char *part)
{
	g_auto(GStrv) parts = g_strsplit(set->parts ? set->parts : "", ",", -1);

	return !part || g_strv_contains((const char *const *)parts, part);
}

bool set_choose(Context *context, Catalog *catalog, const struct set_name *wanted, char **set_id,
		GError **error)
{
	bool latest = strcmp(wanted->name, "latest") == 0;
	const struct catalog_set *chosen = NULL;
	g_autoptr(GPtrArray) sets = NULL;

	if (!latest && strcmp(wanted->name, "oldest") != 0) {
		if (!set_id_valid(wanted->name))
			return odr_fail(error, ODR_ERROR_USAGE,
					"'%s' is not a set id; odrbackup list shows them, and "
					"'latest' and 'oldest' stand for one",
					wanted->name);
		*set_id = g_strdup(wanted->name);
		return true;
	}
	if (!catalog_sets(catalog, context->service->name,
			  arguments_text(context->arguments, "repository"), &sets, error))
		return false;
	for (guint i = 0; i < sets->len && (latest || !chosen); i++)
		if (has_part(sets->pdata[i], wanted->part))
			chosen = sets->pdata[i];
	if (!chosen)
		return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no set of service %s%s%s",
				context->service->name, wanted->part ? " with a part " : "",
				wanted->part ? wanted->part : "");
	*set_id = g_strdup(chosen->set_id);
	return true;
}

/* Whether this repository has it; *found gets it from the first. */
static bool look_in(Context *context, Repo *repo, const char *set_id, struct set_found *found,
		    GError **error)
{
	g_autoptr(Manifest) manifest = NULL;
	g_autoptr(GError) cause = NULL;

	if (!manifest_load(repo, found->manifest ? NULL : context->identity, set_id, &manifest,
			   &cause)) {
		if (odr_error_is(cause, ODR_ERROR_NOT_FOUND))
			return true;
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	g_ptr_array_add(found->repositories, g_strdup(store_name(repo->store)));
	if (found->manifest)
		return true;
	found->repo = repo;
	found->manifest = g_steal_pointer(&manifest);
	return true;
}

bool set_load(Context *context, const char *set_id, struct set_found *found, GError **error)
{
	struct set_found loaded = {.repositories = g_ptr_array_new_with_free_func(g_free)};
	bool done = true;

	for (guint i = 0; done && i < context->repos->len; i++)
		done = look_in(context, context->repos->pdata[i], set_id, &loaded, error);
	if (done && !loaded.manifest)
		done = odr_fail(error, ODR_ERROR_NOT_FOUND,
				"there is no set %s; odrbackup list %s shows what there is", set_id,
				context->service->name);
	if (done)
		*found = loaded;
	else
		set_found_clear(&loaded);
	return done;
}

void set_found_clear(struct set_found *found)
{
	g_clear_pointer(&found->manifest, manifest_free);
	g_clear_pointer(&found->repositories, g_ptr_array_unref);
}
