#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "catalog/catalog.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/filling.h"
#include "cli/output.h"
#include "cli/run.h"
#include "cli/set_view.h"
#include "ops/backup.h"
#include "ops/record.h"

#include <stdio.h>
#include <string.h>

static bool check_parts(const struct arguments *arguments, GError **error)
{
	const GPtrArray *parts = arguments_list(arguments, "part");

	for (guint i = 0; parts && i < parts->len; i++)
		if (strcmp(parts->pdata[i], PART_DATABASE) != 0)
			return odr_fail(
				error, ODR_ERROR_USAGE,
				"there is no part '%s'; this version captures " PART_DATABASE,
				(char *)parts->pdata[i]);
	return true;
}

static void on_progress(void *data, const struct backup_progress *progress)
{
	(void)data;
	progress_update(progress->bytes_done, progress->bytes_total, progress->phase);
}

static void report_json(const Manifest *manifest, usec_t elapsed)
{
	const struct set_part *part = manifest_part(manifest, PART_DATABASE);
	json_t *summary = json_object();

	json_set_string(summary, "set", manifest->set_id);
	json_set_int(summary, "files", (int64_t)part->files);
	json_set_int(summary, "bytes", (int64_t)part->bytes);
	json_set_int(summary, "stored", (int64_t)part->stored);
	json_set_time(summary, "stopped", manifest->stopped);
	json_set_int(summary, "elapsed_us", elapsed);
	json_set(summary, "damaged", damaged_json(manifest->damaged));
	json_line("summary", summary);
}

static void report(const struct arguments *arguments, const Manifest *manifest, usec_t elapsed)
{
	const struct set_part *part = manifest_part(manifest, PART_DATABASE);
	g_autofree char *bytes = size_format(part->bytes);
	g_autofree char *stored = size_format(part->stored);
	g_autofree char *files = count_format(part->files, "file");
	g_autofree char *time = duration_format(elapsed);
	g_autofree char *start = lsn_print(manifest->wal->start);
	g_autofree char *stop = lsn_print(manifest->wal->stop);

	for (guint i = 0; i < manifest->damaged->len; i++) {
		const struct damage *damage = manifest->damaged->pdata[i];

		log_warning("the source is damaged: %s: %s", damage->path, damage->what);
	}
	if (arguments_flag(arguments, "json"))
		report_json(manifest, elapsed);
	else if (!arguments_flag(arguments, "quiet"))
		printf("Set %s: %s in %s, stored in %s, in %s; WAL %s to "
		       "%s.\nSee what is there with: odrbackup list\n",
		       manifest->set_id, bytes, files, stored, time, start, stop);
}

/* The set exists whatever happens here: a catalog that fails is a warning. */
static void record(Context *context, Catalog *catalog, const Manifest *manifest)
{
	g_autoptr(GError) trouble = NULL;
	bool done = record_wal_journal(catalog, context->state, context->service->name, &trouble);

	for (guint i = 0; done && i < context->repos->len; i++) {
		const Repo *repo = context->repos->pdata[i];

		done = record_set(catalog, repo, manifest, &trouble) &&
		       record_exposure(catalog, context->service->name, store_name(repo->store),
				       &trouble);
	}
	if (!done || !filling_check_previous(context, catalog, manifest->previous_set, &trouble))
		log_warning("the set is stored, but not in the catalog: %s", trouble->message);
}

static bool fail_damaged(const Manifest *manifest, GError **error)
{
	unsigned count = manifest->damaged->len;
	g_autofree char *files = count_format(count, "file");

	return odr_fail(error, ODR_ERROR_SOURCE_DAMAGED,
			"set %s is published, but %s of the source %s damaged: restore %s from an "
			"older set while it is kept",
			manifest->set_id, files, count == 1 ? "is" : "are",
			count == 1 ? "it" : "them");
}

static bool run_backup(Context *context, const Run *run, char **set_id, uint64_t *bytes,
		       GError **error)
{
	const Settings *settings = context->settings;
	const struct settings_service *service = context->service;
	const char *directory = service->data_directory;
	struct backup_result result = {0};
	usec_t since = clock_monotonic();
	enum progress_mode mode;
	g_autoptr(GPtrArray) chosen = context_repositories(context, error);

	if (!chosen)
		return false;
	g_autofree struct store_settings *stores = context_stores(chosen);
	struct backup_request request = {
		.repos = context->repos,
		.stores = stores,
		.bundle = context->bundle,
		.conninfo = service->postgres,
		.data_directory = directory && strcmp(directory, "auto") != 0 ? directory : NULL,
		.state = context->state,
		.run_id = run->run_id,
		.program = PACKAGE_STRING,
		.compress_level = settings->compress_level,
		.retain = service->tier->retain,
		.backup_every = service->tier->backup_every,
		.generation_length = service->tier->generation_length,
		.archive_timeout = settings->archive_check_timeout,
		.progress = on_progress};

	if (!context_workers(context, &request.workers, error) ||
	    !context_lock_wait(context, &request.lock_wait, error) ||
	    !progress_mode_chosen(context->arguments, &mode, error))
		return false;
	progress_begin(mode, "backup");
	bool done = backup_run(&request, &result, error);

	progress_end();
	for (guint i = 0; result.notes && i < result.notes->len; i++)
		log_warning("%s", (char *)result.notes->pdata[i]);
	if (result.chain_reason)
		log_warning("%s", result.chain_reason);
	if (done) {
		report(context->arguments, result.manifest, clock_monotonic() - since);
		if (run->catalog)
			record(context, run->catalog, result.manifest);
		*set_id = g_strdup(result.manifest->set_id);
		*bytes = manifest_part(result.manifest, PART_DATABASE)->bytes;
		if (result.manifest->damaged->len > 0)
			done = fail_damaged(result.manifest, error);
	}
	backup_result_clear(&result);
	return done;
}

bool cmd_backup(const struct arguments *arguments, GError **error)
{
	g_autoptr(Context) context = NULL;
	g_autofree char *set_id = NULL;
	uint64_t bytes = 0;
	g_autoptr(Run) run = NULL;

	if (!check_parts(arguments, error))
		return false;
	context = context_open(arguments, arguments_positional(arguments, 0), error);
	if (!context || !context_bundle(context, error) || !context_repos(context, error))
		return false;
	run = run_begin(context, "backup");
	bool done = run_backup(context, run, &set_id, &bytes, error);

	run_finish(run, done ? NULL : *error,
		   &(struct run_result){.set_id = set_id, .bytes = bytes});
	return done;
}
