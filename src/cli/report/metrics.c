#include "cli/report/metrics.h"

#include "base/build.h"
#include "base/file.h"
#include "cli/report/metrics_drills.h"
#include "cli/report/service_status.h"
#include "cli/report/sources.h"
#include "cli/run/run.h"
#include "drill/report/metrics.h"
#include "ops/backup/config_drift.h"

#include <string.h>

#define RUNS_READ 500

static double seconds(usec_t time)
{
	return (double)time / (double)USEC_PER_SEC;
}

/* ---- of a service -------------------------------------------------------------------------------- */

static bool add_runs(Metrics *metrics, Catalog *catalog, const char *service, GError **error)
{
	g_autoptr(GPtrArray) totals = NULL;

	if (!catalog_run_totals(catalog, service, &totals, error))
		return false;
	for (guint i = 0; i < totals->len; i++) {
		const struct catalog_total *total = totals->pdata[i];

		metrics_add(metrics, "runs_total", (double)total->runs, "service", service,
			    "command", total->command, "outcome", total->outcome, NULL);
	}
	return true;
}

static bool add_counter(Metrics *metrics, Catalog *catalog, const char *family, const char *counter,
			const char *service, const char *repository, GError **error)
{
	g_autofree char *name = g_strdup_printf("counter.%s.%s.%s", counter, service, repository);
	int64_t value;

	if (!catalog_counter(catalog, name, &value, error))
		return false;
	if (value >= 0)
		metrics_add(metrics, family, (double)value, "service", service, "repository",
			    repository, NULL);
	return true;
}

/* Scans read everything or nothing: within the cycle it is 1, later 0. */
static void add_read_back(Metrics *metrics, const Context *context, const char *repository,
			  usec_t time)
{
	usec_t cycle = context->service->tier->verify_cycle;

	if (time > 0)
		metrics_add(metrics, "verify_coverage_ratio",
			    cycle == 0 || clock_now() - time <= cycle, "service",
			    context->service->name, "repository", repository, NULL);
}

static bool add_repositories(Metrics *metrics, const Context *context, Catalog *catalog,
			     GError **error)
{
	const char *service = context->service->name;

	for (guint i = 0; i < context->service->repositories->len; i++) {
		const struct settings_repository *repository =
			context->service->repositories->pdata[i];
		const char *name = repository->name;
		int64_t read_back, locked_until, unlocked;

		if (!add_counter(metrics, catalog, "wal_archived_total", CATALOG_WAL_FILES, service,
				 name, error) ||
		    !add_counter(metrics, catalog, "wal_bytes_total", CATALOG_WAL_BYTES, service,
				 name, error) ||
		    !add_counter(metrics, catalog, "verify_errors_total", "verify-errors", service,
				 name, error) ||
		    !service_number(context, catalog, SERVICE_READ_BACK, name, &read_back, error) ||
		    !service_number(context, catalog, SERVICE_LOCKED_UNTIL, name, &locked_until,
				    error) ||
		    !service_number(context, catalog, SERVICE_UNLOCKED, name, &unlocked, error))
			return false;
		add_read_back(metrics, context, name, read_back);
		if (locked_until > 0)
			metrics_add(metrics, "lock_until_timestamp_seconds", seconds(locked_until),
				    "service", service, "repository", name, NULL);
		if (unlocked >= 0)
			metrics_add(metrics, "unlocked_objects", (double)unlocked, "service",
				    service, "repository", name, NULL);
	}
	return true;
}

/* A file that this user may not read has no age. */
static void add_key(Metrics *metrics, const char *service, const char *path)
{
	g_autoptr(KeyText) text = NULL;
	struct key_facts facts;

	if (!path || !file_read_text(path, KEY_TEXT_MAX, &text, NULL) ||
	    !key_facts_read(text, path, &facts, NULL))
		return;
	if (facts.endorsed > 0)
		metrics_add(metrics, "key_age_seconds", seconds(clock_now() - facts.endorsed),
			    "service", service, "type", facts.type, "key", facts.fingerprint, NULL);
	key_facts_clear(&facts);
}

static void add_drift(Metrics *metrics, const Context *context)
{
	struct config_drift drift;

	config_drift_read(context->state, &drift);
	if (drift.items >= 0)
		metrics_add(metrics, "config_drift", (double)drift.items, "service",
			    context->service->name, NULL);
	config_drift_clear(&drift);
}

static bool add_archiver(Metrics *metrics, const Context *context, Catalog *catalog, GError **error)
{
	const char *service = context->service->name;
	struct service_archiver archiver;

	if (!service_archiver(context, catalog, &archiver, error))
		return false;
	if (archiver.ready >= 0)
		metrics_add(metrics, "wal_queue_segments", (double)archiver.ready, "service",
			    service, NULL);
	if (archiver.failed >= 0)
		metrics_add(metrics, "wal_failed_total", (double)archiver.failed, "service",
			    service, NULL);
	return true;
}

/* From the first recovery point that is known, so that it only grows. */
static void add_over(Metrics *metrics, const struct quarter_service *service, usec_t now)
{
	for (int i = 0; i < QUARTER_COMPONENTS; i++) {
		const GArray *events = service->events[i];
		struct exposure_summary summary;

		if (!events || service->rpo[i] == 0)
			continue;
		exposure_summarize(
			&(struct exposure_period){
				.start =
					g_array_index(events, struct catalog_exposure, 0).usable_at,
				.end = now,
				.objective = service->rpo[i]},
			events, &summary);
		metrics_add(metrics, "rpo_over_objective_seconds_total", seconds(summary.over),
			    "service", service->name, "component",
			    quarter_component_name((enum quarter_component)i), NULL);
	}
}

static bool add_service(Metrics *metrics, const Context *context,
			const struct quarter_service *service, GError **error)
{
	bool renewed;
	g_autoptr(Catalog) catalog = run_catalog(context, &renewed, error);
	g_autoptr(GPtrArray) runs = NULL;

	if (!catalog || !catalog_runs(catalog, service->name, NULL, RUNS_READ, &runs, error))
		return false;
	metrics_add_status(metrics, service->status, runs);
	add_over(metrics, service, clock_now());
	add_key(metrics, service->name, context->service->bundle);
	add_key(metrics, service->name, context->service->evidence_key);
	add_drift(metrics, context);
	return add_runs(metrics, catalog, service->name, error) &&
	       add_repositories(metrics, context, catalog, error) &&
	       add_archiver(metrics, context, catalog, error);
}

/* ---- all of it ----------------------------------------------------------------------------------- */

static bool add_states(Metrics *metrics, const struct report_sources *sources, GError **error)
{
	struct quarter_request request = {
		.now = clock_now(), .services = sources->services, .readings = sources->readings};
	g_autofree char *name = quarter_name(request.now);

	request.name = name;
	if (!quarter_parse(name, &request.from, &request.to, error))
		return false;

	g_autoptr(Quarter) quarter = quarter_compute(&request);

	metrics_add_states(metrics, quarter);
	return true;
}

static char *gather(const struct report_sources *sources, GError **error)
{
	g_autoptr(Metrics) metrics = metrics_new();
	const Context *first = sources->contexts->pdata[0];

	if (build_commit())
		metrics_add(metrics, "build_info", 1, "version", PACKAGE_VERSION, "commit",
			    build_commit(), NULL);
	else
		metrics_add(metrics, "build_info", 1, "version", PACKAGE_VERSION, NULL);
	for (guint i = 0; i < sources->contexts->len; i++)
		if (!add_service(metrics, sources->contexts->pdata[i], sources->services->pdata[i],
				 error))
			return NULL;
	metrics_add_drills(metrics, sources->readings);
	metrics_add_plans(metrics, sources);
	if (!add_states(metrics, sources, error) ||
	    !metrics_add_audit(metrics, first->settings->state, error))
		return NULL;
	return metrics_print(metrics);
}

bool metrics_gather(const struct arguments *arguments, char **text, char **file, GError **error)
{
	/* What was there before counts too. */
	const struct report_scope scope = {.since = 0, .until = clock_now()};
	struct report_sources sources = {0};
	bool done = report_sources_read(arguments, &scope, &sources, error) &&
		    (*text = gather(&sources, error)) != NULL;

	if (done)
		*file = g_strdup(
			((const Context *)sources.contexts->pdata[0])->settings->metrics_file);
	report_sources_clear(&sources);
	return done;
}

bool metrics_write(const struct arguments *arguments, GError **error)
{
	g_autofree char *text = NULL, *file = NULL;

	return metrics_gather(arguments, &text, &file, error) &&
	       (!file ||
		file_write(file, text, strlen(text), &(struct file_write){.mode = 0644}, error));
}
