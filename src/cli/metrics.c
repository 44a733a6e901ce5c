#include "cli/metrics.h"

#include "base/file.h"
#include "cli/run.h"
#include "cli/service_status.h"
#include "drill/report/metrics.h"

#include <string.h>

#define RUNS_READ 500

static bool add_service(Metrics *metrics, Context *context, GError **error)
{
	struct status status = {0};
	g_autoptr(Catalog) catalog = NULL;
	g_autoptr(GPtrArray) runs = NULL;
	bool renewed, done;

	if (!service_status(context, &status, error))
		return false;
	catalog = run_catalog(context, &renewed, error);
	done = catalog &&
	       catalog_runs(catalog, context->service->name, NULL, RUNS_READ, &runs, error);
	if (done)
		metrics_add_status(metrics, &status, runs);
	status_clear(&status);
	return done;
}

char *metrics_gather(const GPtrArray *contexts, GError **error)
{
	g_autoptr(Metrics) metrics = metrics_new();
	g_autoptr(GPtrArray) readings = NULL, troubles = g_ptr_array_new_with_free_func(g_free);
	const Context *first = contexts->pdata[0];

	metrics_add(metrics, "build_info", 1, "version", PACKAGE_VERSION, NULL);
	for (guint i = 0; i < contexts->len; i++)
		if (!add_service(metrics, contexts->pdata[i], error))
			return NULL;
	if (!reading_load_all(first->settings->state, &readings, troubles, error))
		return NULL;
	metrics_add_drills(metrics, readings);
	return metrics_print(metrics);
}

bool metrics_write(const struct arguments *arguments, GError **error)
{
	g_autoptr(GPtrArray) contexts = context_open_all(arguments, NULL, error);
	g_autofree char *text = NULL;
	const char *file;

	if (!contexts)
		return false;
	file = ((const Context *)contexts->pdata[0])->settings->metrics_file;
	if (!file)
		return true;
	text = metrics_gather(contexts, error);
	return text &&
	       file_write(file, text, strlen(text), &(struct file_write){.mode = 0644}, error);
}
