#include "cli/site/filling.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/run/run.h"
#include "ops/record.h"
#include "repo/chain.h"

#include <string.h>

/* Set when a repository was read whole into this catalog. */
static char *fact_name(const Context *context, const char *repository)
{
	return g_strdup_printf("filled.%s.%s", context->service->name, repository);
}

/* The configured identity, where its file is not protected. A query asks for no passphrase. */
static void identity_without_asking(Context *context)
{
	struct key_unlock unlock = {NULL, NULL};
	g_autoptr(KeyText) text = NULL;
	g_autoptr(Identity) identity = NULL;

	if (!context->service->identity || !key_text_read(context->service->identity, &text, NULL))
		return;
	identity = identity_parse(text, context->service->identity, &unlock, NULL);
	if (identity &&
	    memcmp(identity->service.id, context->bundle->service.id, SERVICE_ID_SIZE) == 0)
		context->identity = g_steal_pointer(&identity);
}

bool filling_keys(Context *context, GError **error)
{
	bool named = context->kit || arguments_text(context->arguments, "identity") ||
		     passphrase_is_given(context->arguments);

	if (named || !context->service->bundle) {
		if (!context_identity_optional(context, error))
			return false;
		if (context->identity)
			return true;
	}
	if (!context_bundle(context, error))
		return false;
	identity_without_asking(context);
	return true;
}

typedef bool (*record_repository)(Catalog *catalog, Repo *repo, const Identity *identity,
				  GPtrArray *troubles, GError **error);

static bool fill(Context *context, Catalog *catalog, Repo *repo, record_repository record,
		 unsigned *unverified, GError **error)
{
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *fact = fact_name(context, store_name(repo->store));
	g_autofree char *now = clock_format(clock_now());

	if (!record(catalog, repo, context->identity, troubles, error))
		return odr_context(error, "cannot read repository %s", store_name(repo->store));
	for (guint i = 0; i < troubles->len; i++)
		log_warning("%s", (char *)troubles->pdata[i]);
	*unverified += troubles->len;
	return catalog_fact_set(catalog, fact, now, error);
}

bool filling_rebuild(Context *context, Catalog *catalog, unsigned *unverified, GError **error)
{
	*unverified = 0;
	for (guint i = 0; i < context->repos->len; i++)
		if (!fill(context, catalog, context->repos->pdata[i], record_rebuild, unverified,
			  error))
			return false;
	return true;
}

/* In the catalog, as one of every repository of the service. */
static bool knows_set(const Context *context, Catalog *catalog, const char *set_id, bool *known,
		      GError **error)
{
	const GPtrArray *repositories = context->service->repositories;

	*known = true;
	for (guint i = 0; i < repositories->len && *known; i++) {
		const struct settings_repository *repository = repositories->pdata[i];

		if (!catalog_set_known(catalog, context->service->name, repository->name, set_id,
				       known, error))
			return false;
	}
	return true;
}

bool filling_check_previous(Context *context, Catalog *catalog, const char *previous_set,
			    GError **error)
{
	const GPtrArray *repositories = context->service->repositories;
	bool known;

	if (!previous_set)
		return true;
	if (!knows_set(context, catalog, previous_set, &known, error))
		return false;
	for (guint i = 0; i < repositories->len && !known; i++) {
		const struct settings_repository *repository = repositories->pdata[i];
		g_autofree char *fact = fact_name(context, repository->name);

		if (!catalog_fact_set(catalog, fact, "", error))
			return false;
	}
	return true;
}

/* A backup that was killed may have published its set without recording it: its chain knows. */
static bool knows_own_last_set(Context *context, Catalog *catalog, bool *known, GError **error)
{
	g_autofree char *path = g_build_filename(context->state, "chain", NULL);
	g_autoptr(GError) trouble = NULL;
	struct chain chain = {0};

	*known = true;
	if (!context->service->bundle || !g_file_test(path, G_FILE_TEST_EXISTS) ||
	    !context_bundle(context, &trouble) ||
	    !chain_load(path, context->bundle->endorsement.public_key, &chain, NULL, &trouble))
		return true;
	bool done = !chain.set_id || knows_set(context, catalog, chain.set_id, known, error);

	chain_clear(&chain);
	return done;
}

static bool is_filled(Context *context, Catalog *catalog, bool *filled, GError **error)
{
	const GPtrArray *repositories = context->service->repositories;

	if (!knows_own_last_set(context, catalog, filled, error))
		return false;
	for (guint i = 0; i < repositories->len; i++) {
		const struct settings_repository *repository = repositories->pdata[i];
		g_autofree char *fact = fact_name(context, repository->name);
		g_autofree char *value = NULL;

		if (!catalog_fact(catalog, fact, &value, error))
			return false;
		*filled = *filled && value && value[0];
	}
	return true;
}

/* Whether the names of sets in a repository are those that the catalog has. */
struct comparison {
	GHashTable *known;
	unsigned found;
	bool differs;
};

static bool compare_set(void *data, const struct store_object *object)
{
	struct comparison *comparison = data;
	g_autofree char *id = NULL;

	if (layout_parse_set(object->name, &id)) {
		comparison->found++;
		comparison->differs = !g_hash_table_contains(comparison->known, id);
	}
	return !comparison->differs;
}

static bool has_same_sets(Repo *repo, Catalog *catalog, bool *same, GError **error)
{
	g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
	struct comparison comparison = {.known = known};
	g_autoptr(GPtrArray) sets = NULL;

	if (!catalog_sets(catalog, repo->service.name, store_name(repo->store), &sets, error))
		return false;
	for (guint i = 0; i < sets->len; i++)
		g_hash_table_add(known, ((struct catalog_set *)sets->pdata[i])->set_id);
	if (!repo_list(repo, "set/", compare_set, &comparison, error))
		return false;
	*same = !comparison.differs && comparison.found == sets->len;
	return true;
}

static bool ask_repositories(Context *context, Catalog *catalog, bool filled, GError **error)
{
	unsigned unverified = 0;

	if (!filling_keys(context, error) || !context_repos(context, error))
		return false;
	for (guint i = 0; i < context->repos->len; i++) {
		Repo *repo = context->repos->pdata[i];
		bool same = false;

		if ((filled && !has_same_sets(repo, catalog, &same, error)) ||
		    (!same && !fill(context, catalog, repo, record_update, &unverified, error)))
			return false;
	}
	return true;
}

/* What asking found on the way. */
static bool record_found(const Context *context, Catalog *catalog, GError **error)
{
	for (guint i = 0; context->repos && i < context->repos->len; i++)
		if (!record_alterations(catalog, context->repos->pdata[i], NULL, error))
			return false;
	return true;
}

static Catalog *open_as_of(Context *context, GError **error)
{
	bool renewed;
	g_autoptr(Catalog) catalog = catalog_open(":memory:", &renewed, error);
	unsigned unverified;

	if (!catalog || !filling_keys(context, error) || !context_repos(context, error) ||
	    !filling_rebuild(context, catalog, &unverified, error))
		return NULL;
	return g_steal_pointer(&catalog);
}

Catalog *filling_open(Context *context, enum filling_look look, GError **error)
{
	bool renewed, filled;
	g_autoptr(Catalog) catalog = NULL;
	g_autoptr(GError) trouble = NULL;

	if (context->as_of)
		return open_as_of(context, error);
	catalog = run_catalog(context, &renewed, error);
	if (!catalog || !is_filled(context, catalog, &filled, error))
		return NULL;
	if (filled && look == FILLING_LOCAL)
		return g_steal_pointer(&catalog);
	if (!ask_repositories(context, catalog, filled, &trouble) ||
	    !record_found(context, catalog, &trouble))
		log_warning("this is what the catalog knows, which may not be all: %s",
			    trouble->message);
	else if (renewed)
		log_info("the catalog was not there: it was filled from the repositories");
	return g_steal_pointer(&catalog);
}
