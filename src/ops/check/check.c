#include "ops/check/losses.h"

#include "base/error.h"
#include "base/log.h"
#include "base/stop.h"
#include "repo/chain.h"
#include "repo/wal_held.h"

#include <string.h>

void check_result_clear(struct check_result *result)
{
	g_clear_pointer(&result->findings, g_ptr_array_unref);
	g_clear_pointer(&result->repositories, g_ptr_array_unref);
}

/* What one repository holds, and what it should. */
struct holdings {
	GPtrArray *manifests, *held;
	GPtrArray *records;
	GHashTable *tables; /* hex name → Table */
	struct check_losses losses;
	int64_t unlocked; /* as struct status_repository has it */
};

static void holdings_clear(struct holdings *holdings)
{
	g_clear_pointer(&holdings->manifests, g_ptr_array_unref);
	g_clear_pointer(&holdings->held, g_ptr_array_unref);
	g_clear_pointer(&holdings->records, g_ptr_array_unref);
	g_clear_pointer(&holdings->tables, g_hash_table_unref);
	check_losses_clear(&holdings->losses);
}

static bool read_sets(Repo *repo, const char *where, struct holdings *holdings, GPtrArray *findings,
		      GError **error)
{
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);

	if (!repo_identify(repo, error) ||
	    !manifest_list(repo, NULL, &holdings->manifests, troubles, error))
		return false;
	for (guint i = 0; i < troubles->len; i++)
		findings_add(findings, FINDING_CRITICAL, "set.unverified", where,
			     g_strdup(troubles->pdata[i]),
			     g_strdup("it is not used; find out who changed the repository"))
			->kind = FINDING_CORRUPTION;
	if (troubles->len == 0 && holdings->manifests->len > 0)
		findings_add(findings, FINDING_OK, "set.verified", where,
			     g_strdup_printf("all sets verify (%u)", holdings->manifests->len),
			     NULL);
	return true;
}

/* Before the listing: what is archived meanwhile must not look lost. */
static void read_journal(const struct check_request *request, const char *where,
			 struct holdings *holdings, GPtrArray *findings)
{
	g_autofree char *folder = g_build_filename(request->state, "wal", NULL);
	g_autoptr(GError) cause = NULL;

	if (!wal_journal_read_all(folder, &holdings->records, &cause))
		findings_add(findings, FINDING_WARNING, "wal.unread", where,
			     g_strdup_printf("whether all WAL that this host archived is there was "
					     "not looked at: %s",
					     cause->message),
			     NULL);
}

/* This host knows which set it published last: nobody can hide that one. */
static void check_own_chain(const struct check_request *request, const GPtrArray *manifests,
			    const char *where, GPtrArray *findings)
{
	struct chain chain = {0};
	g_autofree char *path = g_build_filename(request->state, "chain", NULL);
	g_autofree char *restarted = NULL;
	bool found = false;

	if (!request->bundle ||
	    !chain_load(path, request->bundle->endorsement.public_key, &chain, &restarted, NULL))
		return;
	for (guint i = 0; chain.set_id && i < manifests->len; i++)
		found = found ||
			strcmp(((const Manifest *)manifests->pdata[i])->set_id, chain.set_id) == 0;
	if (chain.set_id && !found && !chain.pending_set && chain.retain_until > request->now)
		findings_add(findings, FINDING_CRITICAL, "chain.newest", where,
			     g_strdup_printf("set %s, the last this host published, is gone",
					     chain.set_id),
			     g_strdup("find out who changed the repository, and make a new backup"))
			->kind = FINDING_CORRUPTION;
	if (chain.pending_set)
		findings_add(findings, FINDING_WARNING, "chain.pending", where,
			     g_strdup_printf("set %s was made, but not yet published everywhere",
					     chain.pending_set),
			     g_strdup_printf("odrbackup backup %s publishes it first",
					     request->service));
	chain_clear(&chain);
}

static struct catalog_set *catalog_set_of(const Manifest *manifest)
{
	struct catalog_set *set = g_new0(struct catalog_set, 1);

	set->set_id = g_strdup(manifest->set_id);
	set->stopped = manifest_part_stopped(manifest, PART_DATABASE);
	if (set->stopped == 0)
		set->stopped = manifest->created;
	set->stored_at = manifest->stored_at;
	for (guint i = 0; i < manifest->parts->len; i++)
		set->stored += ((const struct set_part *)manifest->parts->pdata[i])->stored;
	if (manifest->wal) {
		set->timeline = manifest->wal->timeline;
		set->segment_size = manifest->wal->segment_size;
		set->start_lsn = manifest->wal->start;
		set->stop_lsn = manifest->wal->stop;
	}
	return set;
}

/* The same computation as for status, from what the repository holds instead of the catalog. */
static struct status_repository *summarize(const struct check_request *request, const Repo *repo,
					   const struct holdings *holdings, const GArray *points)
{
	g_autoptr(GPtrArray) sets =
		g_ptr_array_new_with_free_func((GDestroyNotify)catalog_set_free);
	g_autoptr(GPtrArray) files =
		g_ptr_array_new_with_free_func((GDestroyNotify)catalog_wal_free);
	g_autoptr(GArray) events = g_array_new(false, false, sizeof(struct catalog_exposure));

	for (guint i = 0; i < holdings->manifests->len; i++) {
		const Manifest *manifest = holdings->manifests->pdata[i];

		if (!check_is_lost(&holdings->losses, "set/", manifest->set_id))
			g_ptr_array_add(sets, catalog_set_of(manifest));
	}
	for (guint i = 0; i < holdings->held->len; i++) {
		const struct wal_held *held = holdings->held->pdata[i];
		struct catalog_wal *file = g_new0(struct catalog_wal, 1);

		file->file = g_strdup(held->file);
		file->size = held->object_size;
		file->stored_at = held->stored_at;
		if (held->complete && !check_is_lost(&holdings->losses, "wal/", held->file))
			g_ptr_array_add(files, file);
		else
			catalog_wal_free(file);
	}
	return status_repository_new(&(struct status_source){.repository = store_name(repo->store),
							     .sets = sets,
							     .files = files,
							     .events = events,
							     .points = points,
							     .rpo = request->rpo,
							     .now = request->now});
}

static bool look(const struct check_request *request, Repo *repo, const char *where,
		 struct holdings *holdings, GPtrArray *findings, GError **error)
{
	check_own_chain(request, holdings->manifests, where, findings);
	if (holdings->manifests->len == 0)
		return true;
	check_chain(holdings->manifests, where, request->now, findings);
	if (!check_objects(repo, holdings->manifests, where, holdings->tables, findings, error))
		return false;
	check_wal(holdings->manifests, holdings->held, where, findings);
	if (holdings->records)
		check_journal(&(struct check_journaled){.records = holdings->records,
							.repository = wal_repository_of(repo),
							.manifests = holdings->manifests,
							.held = holdings->held},
			      where, findings);
	return !request->scan ||
	       check_scan(request, repo, holdings->manifests, holdings->held, holdings->tables,
			  where, findings, &holdings->unlocked, error);
}

/* What can still be recovered, by what was found. */
static bool conclude(const struct check_request *request, Repo *repo, struct holdings *holdings,
		     guint from, struct check_result *result, GError **error)
{
	g_autoptr(GArray) points = g_array_new(false, false, sizeof(struct status_point));
	struct status_repository *summary;

	check_losses_find(&(struct check_losses_sources){.findings = result->findings,
							 .from = from,
							 .manifests = holdings->manifests,
							 .tables = holdings->tables,
							 .now = request->now},
			  &holdings->losses);
	if (!check_points(repo, holdings->manifests, &holdings->losses, points, error))
		return false;
	summary = summarize(request, repo, holdings, points);
	summary->unlocked = holdings->unlocked;
	g_ptr_array_add(result->repositories, summary);
	return check_losses_record(request, repo, &holdings->losses, points, error);
}

static bool check_holdings(const struct check_request *request, Repo *repo, const char *where,
			   struct check_result *result, GError **error)
{
	__attribute__((cleanup(holdings_clear))) struct holdings holdings = {
		.tables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						(GDestroyNotify)table_free),
		.unlocked = -1};
	guint from = result->findings->len;

	if (!check_losses_begin(request, repo, &holdings.losses, error) ||
	    !read_sets(repo, where, &holdings, result->findings, error))
		return false;
	read_journal(request, where, &holdings, result->findings);
	return wal_list(repo, &holdings.held, error) &&
	       look(request, repo, where, &holdings, result->findings, error) &&
	       conclude(request, repo, &holdings, from, result, error);
}

/* What was found to be altered counts, also where the rest fails. */
static bool check_repository(const struct check_request *request, Repo *repo, const char *where,
			     struct check_result *result, GError **error)
{
	g_autoptr(GError) trouble = NULL;
	bool done = check_holdings(request, repo, where, result, error);

	if (!check_altered(request, repo, where, result->findings, &trouble))
		log_warning("what was altered is not in the catalog: %s", trouble->message);
	return done;
}

/* A writer's credential may neither list nor read: then the catalog says what was stored from here. */
static void check_by_catalog(const struct check_request *request, const Repo *repo,
			     const char *where, struct check_result *result)
{
	const char *names[] = {store_name(repo->store), NULL};
	g_autoptr(GArray) journaled = g_array_new(false, false, sizeof(struct wal_repository));
	struct wal_repository known = wal_repository_of(repo);
	struct status_request question = {.catalog = request->catalog,
					  .service = request->service,
					  .state = request->state,
					  .repositories = names,
					  .journaled = journaled,
					  .parts = request->parts,
					  .rpo = request->rpo,
					  .rpo_filestore = request->rpo_filestore,
					  .rpo_config = request->rpo_config,
					  .backup_every = request->backup_every,
					  .now = request->now};
	struct status status = {0};
	g_autoptr(GError) cause = NULL;

	g_array_append_val(journaled, known);
	findings_add(result->findings, FINDING_OK, "sets.unseen", where,
		     g_strdup("what is stored was not looked at: this host's credential may not "
			      "list it; what follows is from the local catalog"),
		     g_strdup("check on a host whose credential may read and list"));
	if (!request->catalog || !status_read(&question, &status, &cause)) {
		findings_add(result->findings, FINDING_WARNING, "sets.unknown", where,
			     g_strdup_printf("the local catalog cannot be used%s%s",
					     cause ? ": " : "", cause ? cause->message : ""),
			     NULL);
		return;
	}
	g_ptr_array_extend_and_steal(result->repositories, g_steal_pointer(&status.repositories));
	status.repositories = g_ptr_array_new();
	status_clear(&status);
}

static const struct check_store *store_of(const struct check_request *request, const Repo *repo)
{
	for (guint i = 0; i < request->stores->len; i++) {
		const struct check_store *store = request->stores->pdata[i];

		if (strcmp(store->name, store_name(repo->store)) == 0)
			return store;
	}
	return NULL;
}

/* What the diagnosis leaves to look at; false: nothing. */
static bool worth_looking(const struct check_request *request, const Repo *repo, const char *where,
			  struct check_result *result)
{
	const struct check_store *store = store_of(request, repo);

	if (!store)
		return true;
	if (!store->diagnosis->reached)
		return false;
	if (store->role != STORE_ROLE_WRITER || store->diagnosis->facts.list != STORE_NO)
		return true;
	check_by_catalog(request, repo, where, result);
	return false;
}

/* A repository that fails is a finding: the others are still looked at. */
static bool check_repositories(const struct check_request *request, struct check_result *result,
			       GError **error)
{
	for (guint i = 0; i < request->repos->len; i++) {
		Repo *repo = request->repos->pdata[i];
		g_autofree char *where = g_strdup_printf("repository %s", store_name(repo->store));
		g_autoptr(GError) cause = NULL;

		if (!stop_check(error))
			return false;
		if (!worth_looking(request, repo, where, result) ||
		    check_repository(request, repo, where, result, &cause))
			continue;
		if (odr_error_is(cause, ODR_ERROR_STOPPED)) {
			g_propagate_error(error, g_steal_pointer(&cause));
			return false;
		}
		struct finding *finding = findings_add(
			result->findings, FINDING_CRITICAL, "repository.failed", where,
			g_strdup_printf("it could not be checked to its end: %s", cause->message),
			NULL);

		if (odr_error_is(cause, ODR_ERROR_CORRUPT))
			finding->kind = FINDING_CORRUPTION;
	}
	return true;
}

/* Gaps, age and exposure, in the words of status. */
static void judge(const struct check_request *request, struct check_result *result)
{
	struct status status = {.service = (char *)request->service,
				.now = request->now,
				.rpo = request->rpo,
				.rpo_filestore = request->rpo_filestore,
				.rpo_config = request->rpo_config,
				.parts = request->parts,
				.repositories = result->repositories,
				.last = g_ptr_array_new(),
				.running = g_ptr_array_new(),
				.findings = result->findings};

	status_judge(&status, request->backup_every);
	g_ptr_array_unref(status.last);
	g_ptr_array_unref(status.running);
}

bool check_run(const struct check_request *request, struct check_result *result, GError **error)
{
	if (!result->findings)
		result->findings = findings_new();
	result->repositories =
		g_ptr_array_new_with_free_func((GDestroyNotify)status_repository_free);
	if (!check_stores(request, result->findings, error) ||
	    !check_repositories(request, result, error))
		return false;
	check_server(request, result);
	judge(request, result);
	return true;
}
