#include "cli/filling.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/run.h"
#include "ops/record.h"

#include <string.h>

/* Set when a repository was read whole into this catalog. */
static char *fact_name(const Context *context, const char *repository)
{
	return g_strdup_printf("filled.%s.%s", context->service->name, repository);
}

bool filling_keys(Context *context, GError **error)
{
	bool named = context->kit || arguments_text(context->arguments, "identity");

	if (named || !context->service->bundle) {
		if (!context_identity_optional(context, error))
			return false;
		if (context->identity)
			return true;
	}
	return context_bundle(context, error);
}

bool filling_rebuild(Context *context, Catalog *catalog, unsigned *unverified, GError **error)
{
	*unverified = 0;
	for (guint i = 0; i < context->repos->len; i++) {
		Repo *repo = context->repos->pdata[i];
		g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);
		g_autofree char *fact = fact_name(context, store_name(repo->store));
		g_autofree char *now = clock_format(clock_now());

		if (!record_rebuild(catalog, repo, context->identity, troubles, error))
			return odr_context(error, "cannot read repository %s",
					   store_name(repo->store));
		for (guint j = 0; j < troubles->len; j++)
			log_warning("%s", (char *)troubles->pdata[j]);
		*unverified += troubles->len;
		if (!catalog_fact_set(catalog, fact, now, error))
			return false;
	}
	return true;
}

static bool is_filled(const Context *context, Catalog *catalog, bool *filled, GError **error)
{
	const GPtrArray *repositories = context->service->repositories;

	*filled = true;
	for (guint i = 0; i < repositories->len; i++) {
		const struct settings_repository *repository = repositories->pdata[i];
		g_autofree char *fact = fact_name(context, repository->name);
		g_autofree char *value = NULL;

		if (!catalog_fact(catalog, fact, &value, error))
			return false;
		*filled = *filled && value;
	}
	return true;
}

Catalog *filling_open(Context *context, GError **error)
{
	bool renewed, filled;
	unsigned unverified;
	g_autoptr(Catalog) catalog = run_catalog(context, &renewed, error);
	g_autoptr(GError) trouble = NULL;

	if (!catalog || !is_filled(context, catalog, &filled, error))
		return NULL;
	if (filled)
		return g_steal_pointer(&catalog);
	if (!filling_keys(context, &trouble) || !context_repos(context, &trouble) ||
	    !filling_rebuild(context, catalog, &unverified, &trouble))
		log_warning("the catalog may not know all there is: %s", trouble->message);
	else if (renewed)
		log_info("the catalog was not there: it was filled from the repositories");
	return g_steal_pointer(&catalog);
}
