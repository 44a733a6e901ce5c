#include "cli/run/run.h"

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/report/metrics.h"
#include "cli/run/trail.h"
#include "ops/record.h"
#include "repo/layout.h"

#include <string.h>
#include <unistd.h>

Catalog *run_catalog(const Context *context, bool *renewed, GError **error)
{
	g_autofree char *path = g_build_filename(context->settings->state, "catalog.db", NULL);

	if (!file_make_dirs(context->settings->state, 0700, error))
		return NULL;
	return catalog_open(path, renewed, error);
}

static void run_begin_record(Run *run, const Context *context)
{
	g_autoptr(GError) trouble = NULL;
	struct catalog_run record = {.run_id = run->run_id,
				     .service = run->service,
				     .command = run->command,
				     .started = run->started,
				     .pid = getpid()};
	bool renewed;

	run->catalog = run_catalog(context, &renewed, &trouble);
	if (run->catalog && catalog_runs_reap(run->catalog, &trouble) &&
	    catalog_run_begin(run->catalog, &record, &trouble))
		return;
	log_warning("this run is not recorded: %s", trouble->message);
}

Run *run_begin_recovery(const Context *context, const char *command, const struct account *account)
{
	Run *run = g_new0(Run, 1);

	run->started = clock_now();
	run->run_id = set_id_new(run->started);
	run->service = g_strdup(context->service->name);
	run->command = g_strdup(command);
	run->context = context;
	run->account = account;
	log_set_run(run->run_id, run->service);
	run_begin_record(run, context);
	log_event(LOG_LEVEL_INFO, &(struct log_event){.name = "run.begun"}, "%s begins", command);
	trail_changes(run);
	trail_begin(run);
	return run;
}

Run *run_begin(const Context *context, const char *command)
{
	return run_begin_recovery(context, command, NULL);
}

static const char *outcome_of(const GError *error, const struct run_result *result)
{
	if (!error)
		return result->failed ? "failed" : "ok";
	if (odr_error_is(error, ODR_ERROR_SOURCE_DAMAGED) || odr_error_is(error, ODR_ERROR_PARTIAL))
		return "ok";
	return odr_error_is(error, ODR_ERROR_STOPPED) ? "aborted" : "failed";
}

static bool record_all_alterations(const Run *run, GError **error)
{
	const GPtrArray *repos = run->context->repos;

	for (guint i = 0; repos && i < repos->len; i++)
		if (!record_alterations(run->catalog, repos->pdata[i], NULL, error))
			return false;
	return true;
}

/* That metrics cannot be written changes nothing of the run. */
static void tell_metrics(const Run *run)
{
	g_autoptr(GError) trouble = NULL;

	if (run->context->settings->metrics_file && !run->context->kit &&
	    !metrics_write(run->context->arguments, &trouble))
		log_warning("the metrics were not written: %s", trouble->message);
}

static void tell_log(const struct catalog_run *record, const char *command)
{
	bool ok = strcmp(record->outcome, "ok") == 0;
	const struct log_event event = {.name = ok ? "run.ended" : "run.failed",
					.set = record->set_id,
					.outcome = record->outcome,
					.exited = true,
					.exit_status = record->exit_status};

	log_event(ok ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, &event, "%s ended: %s%s%s", command,
		  record->outcome, record->message ? ": " : "",
		  record->message ? record->message : "");
}

void run_finish(Run *run, const GError *error, const struct run_result *result)
{
	g_autoptr(GError) trouble = NULL;
	struct catalog_run record = {
		.run_id = run->run_id,
		.outcome = (char *)outcome_of(error, result),
		.finished = clock_now(),
		.exit_status = error ? odr_error_exit_status(error) : result->exit_status,
		.set_id = (char *)result->set_id,
		.message = error ? error->message : (char *)result->failed,
		.bytes = result->bytes,
	};

	run->finished = true;
	if (run->catalog && (!catalog_run_finish(run->catalog, &record, &trouble) ||
			     !record_all_alterations(run, &trouble)))
		log_warning("the end of this run is not recorded: %s", trouble->message);
	trail_end(run, record.outcome, result);
	tell_log(&record, run->command);
	tell_metrics(run);
}

void run_failed(const Context *context, const char *command, const GError *error)
{
	g_autoptr(Run) run = run_begin(context, command);

	run_finish(run, error, &(struct run_result){.set_id = NULL});
}

void run_free(Run *run)
{
	g_autoptr(GError) unknown = NULL;

	if (!run)
		return;
	if (!run->finished) {
		odr_fail(&unknown, ODR_ERROR_SYSTEM, "ended early");
		run_finish(run, unknown, &(struct run_result){.set_id = NULL});
	}
	catalog_close(run->catalog);
	g_free(run->run_id);
	g_free(run->service);
	g_free(run->command);
	g_free(run);
}
