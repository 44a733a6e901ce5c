#include "cli/run.h"

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "repo/layout.h"

#include <unistd.h>

Catalog *run_catalog(const Context *context, bool *renewed, GError **error)
{
	g_autofree char *path = g_build_filename(context->settings->state, "catalog.db", NULL);

	if (!file_make_dirs(context->settings->state, 0700, error))
		return NULL;
	return catalog_open(path, renewed, error);
}

void run_begin(struct run *run, const Context *context, const char *command)
{
	g_autoptr(GError) trouble = NULL;
	bool renewed;

	*run = (struct run){.started = clock_now()};
	run->run_id = set_id_new(run->started);

	struct catalog_run record = {.run_id = run->run_id,
				     .service = context->service->name,
				     .command = (char *)command,
				     .started = run->started,
				     .pid = getpid()};

	run->catalog = run_catalog(context, &renewed, &trouble);
	if (!run->catalog || !catalog_runs_reap(run->catalog, &trouble) ||
	    !catalog_run_begin(run->catalog, &record, &trouble))
		log_warning("this run is not recorded: %s", trouble->message);
}

static const char *outcome_of(const GError *error)
{
	if (!error || odr_error_is(error, ODR_ERROR_SOURCE_DAMAGED) ||
	    odr_error_is(error, ODR_ERROR_PARTIAL))
		return "ok";
	return odr_error_is(error, ODR_ERROR_STOPPED) ? "aborted" : "failed";
}

void run_finish(struct run *run, const GError *error, const char *set_id, uint64_t bytes)
{
	g_autoptr(GError) trouble = NULL;
	struct catalog_run record = {
		.run_id = run->run_id,
		.outcome = (char *)outcome_of(error),
		.finished = clock_now(),
		.exit_status = odr_error_exit_status(error),
		.set_id = (char *)set_id,
		.message = error ? error->message : NULL,
		.bytes = bytes,
	};

	if (run->catalog && !catalog_run_finish(run->catalog, &record, &trouble))
		log_warning("the end of this run is not recorded: %s", trouble->message);
	catalog_close(run->catalog);
	g_free(run->run_id);
	*run = (struct run){.catalog = NULL};
}
