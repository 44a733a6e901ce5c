/* Apart from context.c: the small program opens its repositories itself, and later. */
#include "base/error.h"
#include "base/log.h"
#include "cli/site/context.h"
#include "repo/wal_journal.h"

static void repo_release(void *repo)
{
	repo_free(repo);
}

/* What going back to a time cannot bring back. */
static void tell_limits(Store *store)
{
	struct store_abilities abilities;

	store_abilities(store, &abilities);
	if (!abilities.versions)
		log_warning(
			"repository %s keeps no versions: what was stored later is left out, but "
			"what was deleted or overwritten since then is gone%s",
			store_name(store),
			store_keeps_time(store) ? ""
						: ", and times are those of its files, which "
						  "whoever writes there can set");
}

/* Which service it is: any of its keys tells. */
static const struct key_service *known_service(const Context *context)
{
	if (context->identity)
		return &context->identity->service;
	return context->bundle ? &context->bundle->service : &context->evidence_key->service;
}

typedef bool (*repo_check)(Repo *repo, GError **error);

static bool open_repository(Context *context, const struct settings_repository *repository,
			    repo_check check, GError **error)
{
	struct store_settings settings = context_store(repository);
	Store *store;
	Repo *repo;

	context_remember(context, &settings, 1, 0);
	settings.as_of = context->as_of;
	settings.connections = context->connections;
	settings.lab = context->lab;
	store = store_open(&settings, error);
	if (!store)
		return false;
	repo = repo_new(store, known_service(context));
	g_ptr_array_add(context->repos, repo);
	if (!check(repo, error))
		return false;
	if (context->as_of)
		tell_limits(store);
	return true;
}

static bool open_repositories(Context *context, repo_check check, GError **error)
{
	g_autoptr(GPtrArray) chosen = NULL;

	g_assert(context->identity || context->bundle || context->evidence_key);
	if (context->repos)
		return true;
	chosen = context_repositories(context, error);
	if (!chosen)
		return false;
	context->repos = g_ptr_array_new_with_free_func(repo_release);
	for (guint i = 0; i < chosen->len; i++) {
		if (!open_repository(context, chosen->pdata[i], check, error))
			return false;
	}
	return true;
}

GArray *context_journaled(const Context *context)
{
	GArray *known = g_array_new(false, false, sizeof(struct wal_repository));
	const GPtrArray *repositories = context->service->repositories;

	for (guint i = 0; context->repos && i < context->repos->len; i++) {
		struct wal_repository one = wal_repository_of(context->repos->pdata[i]);

		g_array_append_val(known, one);
	}
	for (guint i = 0; !context->repos && i < repositories->len; i++) {
		struct store_settings settings = context_store(repositories->pdata[i]);
		struct wal_repository one = wal_repository_unasked(&settings);

		g_array_append_val(known, one);
	}
	return known;
}

bool context_repos(Context *context, GError **error)
{
	return open_repositories(context, repo_identify, error);
}

bool context_repos_to_write(Context *context, GError **error)
{
	return open_repositories(context, repo_identify_to_write, error);
}
