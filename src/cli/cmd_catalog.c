#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/filling.h"
#include "cli/output.h"
#include "cli/run.h"
#include "cli/set_view.h"
#include "cli/status_view.h"
#include "ops/status.h"
#include "repo/manifest.h"

#include <string.h>

static Context *open_named(const struct arguments *arguments, const char *service,
			   enum filling_look look, Catalog **catalog, GError **error)
{
	g_autoptr(Context) context = context_open(arguments, service, error);

	if (!context)
		return NULL;
	*catalog = filling_open(context, look, error);
	return *catalog ? g_steal_pointer(&context) : NULL;
}

bool cmd_list(const struct arguments *arguments, GError **error)
{
	g_autoptr(Catalog) catalog = NULL;
	g_autoptr(Context) context = open_named(arguments, arguments_positional(arguments, 0),
						FILLING_ASK, &catalog, error);
	g_autoptr(GPtrArray) sets = NULL;

	if (!context || !catalog_sets(catalog, context->service->name,
				      arguments_text(arguments, "repository"), &sets, error))
		return false;
	if (arguments_flag(arguments, "json"))
		json_out(set_list_json(context->service->name, sets));
	else
		set_list_print(sets, context->service->repositories->len > 1);
	if (sets->len == 0 && !arguments_flag(arguments, "json"))
		log_info("there is no set of service %s yet: odrbackup backup %s",
			 context->service->name, context->service->name);
	return true;
}

/* The id that a name stands for. */
static bool resolve_set(Context *context, Catalog *catalog, const char *name, char **set_id,
			GError **error)
{
	g_autoptr(GPtrArray) sets = NULL;
	bool latest = strcmp(name, "latest") == 0;

	if (!latest && strcmp(name, "oldest") != 0) {
		if (!set_id_valid(name))
			return odr_fail(error, ODR_ERROR_USAGE,
					"'%s' is not a set id; odrbackup list shows them, and "
					"'latest' and 'oldest' stand for one",
					name);
		*set_id = g_strdup(name);
		return true;
	}
	if (!catalog_sets(catalog, context->service->name,
			  arguments_text(context->arguments, "repository"), &sets, error))
		return false;
	if (sets->len == 0)
		return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no set of service %s",
				context->service->name);
	*set_id = g_strdup(
		((const struct catalog_set *)sets->pdata[latest ? sets->len - 1 : 0])->set_id);
	return true;
}

/* From the first repository that has it. */
static bool load_set(Context *context, const char *set_id, Manifest **manifest,
		     GPtrArray *repositories, GError **error)
{
	g_autoptr(Manifest) found = NULL;

	for (guint i = 0; i < context->repos->len; i++) {
		Repo *repo = context->repos->pdata[i];
		g_autofree char *local = layout_set(set_id);
		g_autoptr(GError) cause = NULL;
		struct store_object object = {0};

		if (!repo_head(repo, local, &object, &cause)) {
			if (odr_error_is(cause, ODR_ERROR_NOT_FOUND))
				continue;
			g_propagate_error(error, g_steal_pointer(&cause));
			return false;
		}
		g_ptr_array_add(repositories, g_strdup(store_name(repo->store)));
		if (!found && !manifest_load(repo, context->identity, set_id, &found, error))
			return false;
	}
	if (!found)
		return odr_fail(error, ODR_ERROR_NOT_FOUND,
				"there is no set %s; odrbackup list %s shows what there is", set_id,
				context->service->name);
	*manifest = g_steal_pointer(&found);
	return true;
}

bool cmd_show(const struct arguments *arguments, GError **error)
{
	const char *second = arguments_positional(arguments, 1);
	const char *name = second ? second : arguments_positional(arguments, 0);
	g_autoptr(Catalog) catalog = NULL;
	g_autoptr(Context) context =
		open_named(arguments, second ? arguments_positional(arguments, 0) : NULL,
			   FILLING_ASK, &catalog, error);
	g_autoptr(GPtrArray) repositories = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Manifest) manifest = NULL;
	g_autofree char *set_id = NULL;

	if (!context || !resolve_set(context, catalog, name, &set_id, error))
		return false;
	if (!context_identity_optional(context, error) ||
	    (!context->identity && !context_bundle(context, error)) ||
	    !context_repos(context, error) ||
	    !load_set(context, set_id, &manifest, repositories, error))
		return false;
	if (arguments_flag(arguments, "json"))
		json_out(set_json(manifest, repositories));
	else
		set_print(manifest, repositories);
	return true;
}

bool cmd_status(const struct arguments *arguments, GError **error)
{
	g_autoptr(Catalog) catalog = NULL;
	g_autoptr(Context) context = open_named(arguments, arguments_positional(arguments, 0),
						FILLING_LOCAL, &catalog, error);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	struct status status = {0};

	if (!context)
		return false;
	for (guint i = 0; i < context->service->repositories->len; i++) {
		const struct settings_repository *repository =
			context->service->repositories->pdata[i];
		const char *wanted = arguments_text(arguments, "repository");

		if (!wanted || strcmp(wanted, repository->name) == 0)
			g_ptr_array_add(names, repository->name);
	}
	if (names->len == 0)
		return odr_fail(error, ODR_ERROR_USAGE, "service '%s' has no repository '%s'",
				context->service->name, arguments_text(arguments, "repository"));
	g_ptr_array_add(names, NULL);
	if (!status_read(
		    &(struct status_request){.catalog = catalog,
					     .service = context->service->name,
					     .state = context->state,
					     .repositories = (const char *const *)names->pdata,
					     .rpo = context->service->tier->rpo,
					     .backup_every = context->service->tier->backup_every,
					     .now = clock_now()},
		    &status, error))
		return false;
	if (arguments_flag(arguments, "json"))
		json_out(status_json(&status));
	else
		status_print(&status);
	status_clear(&status);
	return true;
}

bool cmd_catalog_rebuild(const struct arguments *arguments, GError **error)
{
	g_autoptr(Context) context =
		context_open(arguments, arguments_positional(arguments, 0), error);
	g_autoptr(Catalog) catalog = NULL;
	g_autoptr(GPtrArray) sets = NULL;
	unsigned unverified;
	bool renewed;

	if (!context || !context_identity_optional(context, error) ||
	    (!context->identity && !context_bundle(context, error)) ||
	    !context_repos(context, error))
		return false;
	catalog = run_catalog(context, &renewed, error);
	if (!catalog || !filling_rebuild(context, catalog, &unverified, error) ||
	    !catalog_sets(catalog, context->service->name, NULL, &sets, error))
		return false;
	if (!context->identity)
		log_info("without an identity only what is public is known: see odrbackup show -h");

	g_autofree char *known = count_format(sets->len, "set");

	if (arguments_flag(arguments, "json"))
		json_out(set_list_json(context->service->name, sets));
	else
		log_info("the catalog knows %s of service %s", known, context->service->name);
	g_autofree char *bad = count_format(unverified, "set");

	if (unverified > 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s %s not verify: not in the catalog",
				bad, unverified == 1 ? "does" : "do");
	return true;
}
