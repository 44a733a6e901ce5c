#include "cli/views/backup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "catalog/catalog.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/run/run.h"
#include "cli/site/backup_parts.h"
#include "cli/site/context.h"
#include "cli/site/filling.h"
#include "ops/record.h"

#include <string.h>

static void on_progress(void *data, const struct backup_progress *progress)
{
	(void)data;
	progress_update(progress->bytes_done, progress->bytes_total, progress->phase);
}

static bool record_result(Context *context, Catalog *catalog, const struct backup_result *result,
			  GError **error)
{
	const char *service = context->service->name;

	for (guint i = 0; i < context->repos->len; i++) {
		const Repo *repo = context->repos->pdata[i];

		for (guint j = 0; j < result->moments->len; j++)
			if (!record_moment(catalog, repo, result->moments->pdata[j], error))
				return false;
		if (result->manifest)
			result->manifest->stored_at = g_array_index(result->stored_at, usec_t, i);
		if (result->manifest &&
		    (!record_set(catalog, repo, result->manifest, error) ||
		     !record_exposure(catalog, service, store_name(repo->store), error)))
			return false;
	}
	return !result->manifest ||
	       filling_check_previous(context, catalog, result->manifest->previous_set, error);
}

/* Where the cluster is: status reads of its WAL what is not yet stored. */
static bool record_place(const Context *context, Catalog *catalog, const Manifest *manifest,
			 GError **error)
{
	g_autofree char *fact = record_data_directory_fact(context->service->name);

	return !manifest->data_directory ||
	       catalog_fact_set(catalog, fact, manifest->data_directory, error);
}

/* The set exists whatever happens here: a catalog that fails is a warning. */
static void record(Context *context, Catalog *catalog, const struct backup_result *result)
{
	g_autoptr(GArray) known = context_journaled(context);
	struct record_journal journal = {context->state, context->service->name, known};
	g_autoptr(GError) trouble = NULL;
	bool done =
		!result->manifest || (record_wal_journal(catalog, &journal, &trouble) &&
				      record_place(context, catalog, result->manifest, &trouble));

	if (!done || !record_result(context, catalog, result, &trouble))
		log_warning("what is stored is not in the catalog: %s", trouble->message);
}

/* What is known of locks goes into the catalog; that something is not, to whoever looks. */
static void record_protection(const Context *context, Catalog *catalog)
{
	for (guint i = 0; i < context->repos->len; i++) {
		Repo *repo = context->repos->pdata[i];
		const char *name = store_name(repo->store);
		g_autofree char *fact = record_protection_fact(context->service->name, name);
		struct store_abilities abilities;

		store_abilities(repo->store, &abilities);
		if (abilities.unverified)
			log_info("repository %s: %s", name, abilities.protection);
		if (catalog)
			catalog_fact_set(catalog, fact, abilities.protection, NULL);
	}
}

static bool fail_damaged(const struct backup_result *result, GError **error)
{
	g_autofree char *findings = count_format(result->damaged_new, "finding");

	return odr_fail(error, ODR_ERROR_SOURCE_DAMAGED,
			"set %s is published, but with %s of damage at its source that the set "
			"before did not have: restore what is lost from an older set while it is "
			"kept",
			result->manifest->set_id, findings);
}

static bool fail_partial(const struct backup_result *result, GError **error)
{
	const struct backup_failure *first = result->failures->pdata[0];

	for (guint i = 1; i < result->failures->len; i++) {
		const struct backup_failure *failure = result->failures->pdata[i];

		log_error("the %s is not in the set: %s", failure->part, failure->error->message);
	}
	if (!result->manifest)
		return odr_fail(error, ODR_ERROR_PARTIAL, "the %s is not captured: %s", first->part,
				first->error->message);
	return odr_fail(error, ODR_ERROR_PARTIAL, "set %s is published, but without the %s: %s",
			result->manifest->set_id, first->part, first->error->message);
}

static bool fail_omissions(const struct backup_result *result, GError **error)
{
	for (guint i = 1; i < result->omissions->len; i++)
		log_error("%s", (char *)result->omissions->pdata[i]);
	return odr_fail(error, ODR_ERROR_PARTIAL, "not everything is captured: %s",
			(char *)result->omissions->pdata[0]);
}

static void tell_notes(const struct backup_result *result)
{
	for (guint i = 0; i < result->notes->len; i++)
		log_warning("%s", (char *)result->notes->pdata[i]);
	if (result->chain_reason)
		log_warning("%s", result->chain_reason);
}

/* What came of what is published: everything, or less. */
static bool judge(const struct backup_result *result, GError **error)
{
	if (result->failures->len > 0)
		return fail_partial(result, error);
	if (result->omissions->len > 0)
		return fail_omissions(result, error);
	if (result->damaged_new > 0)
		return fail_damaged(result, error);
	return true;
}

static bool run_backup(Context *context, const Run *run, const struct backup_parts *parts,
		       struct backup_result *result, GError **error)
{
	const Settings *settings = context->settings;
	const struct settings_service *service = context->service;
	usec_t since = clock_monotonic();
	enum progress_mode mode;
	g_autoptr(GPtrArray) chosen = context_repositories(context, error);

	if (!chosen)
		return false;
	g_autofree struct store_settings *stores = context_stores(chosen);
	struct backup_request request = {.repos = context->repos,
					 .stores = stores,
					 .bundle = context->bundle,
					 .state = context->state,
					 .run_id = run->run_id,
					 .program = PACKAGE_STRING,
					 .compress_level = settings->compress_level,
					 .retain = service->tier->retain,
					 .backup_every = service->tier->backup_every,
					 .progress = on_progress};

	backup_parts_request(parts, &request);
	if (!context_workers(context, &request.workers, error) ||
	    !context_lock_wait(context, &request.lock_wait, error) ||
	    !progress_mode_chosen(context->arguments, &mode, error))
		return false;
	progress_begin(mode, "backup");
	bool done = backup_run(&request, result, error);

	progress_end();
	tell_notes(result);
	if (!done)
		return false;
	backup_view_print(context->arguments, result, clock_monotonic() - since);
	if (run->catalog)
		record(context, run->catalog, result);
	record_protection(context, run->catalog);
	return judge(result, error);
}

static uint64_t bytes_of(const Manifest *manifest)
{
	uint64_t bytes = 0;

	for (guint i = 0; manifest && i < manifest->parts->len; i++)
		bytes += ((const struct set_part *)manifest->parts->pdata[i])->bytes;
	return bytes;
}

bool cmd_backup(const struct arguments *arguments, GError **error)
{
	g_autoptr(Context) context = NULL;
	struct backup_result result = {0};
	g_auto(BackupParts) parts = {0};
	g_autoptr(Run) run = NULL;

	context = context_open(arguments, arguments_positional(arguments, 0), error);
	if (!context || !backup_parts_choose(context, &parts, error))
		return false;
	if (!context_bundle(context, error) || !backup_parts_prepare(context, &parts, error) ||
	    !context_repos_to_write(context, error)) {
		run_failed(context, "backup", *error);
		return false;
	}
	run = run_begin(context, "backup");
	bool done = run_backup(context, run, &parts, &result, error);

	run_finish(run, done ? NULL : *error,
		   &(struct run_result){.set_id = result.manifest ? result.manifest->set_id : NULL,
					.bytes = bytes_of(result.manifest)});
	backup_result_clear(&result);
	return done;
}
