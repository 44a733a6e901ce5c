#include "cli/report/metrics_drills.h"

#include "base/error.h"
#include "cli/drill/plan.h"
#include "drill/drill.h"
#include "ops/sandbox.h"

#include <string.h>
#include <sys/stat.h>

static usec_t changed_at(const char *path)
{
	struct stat info;

	return lstat(path, &info) == 0 ? (usec_t)info.st_mtim.tv_sec * USEC_PER_SEC : 0;
}

/* ---- plans --------------------------------------------------------------------------------------- */

static const struct quarter_service *service_of(const struct report_sources *sources,
						const DrillPlan *plan)
{
	for (guint i = 0; i < sources->services->len; i++) {
		const struct quarter_service *service = sources->services->pdata[i];

		if (strcmp(service->name, plan->service) == 0)
			return service;
	}
	return NULL;
}

/* One that never passed was new when its file was. */
static usec_t last_pass(const struct report_sources *sources, const DrillPlan *plan)
{
	usec_t time = changed_at(plan->path);
	bool passed = false;

	for (guint i = 0; i < sources->readings->len; i++) {
		const Reading *reading = sources->readings->pdata[i];

		if (!reading_passed(reading) || !reading_counts(reading) ||
		    g_strcmp0(reading_text(reading->record, "plan.name"), plan->name) != 0 ||
		    g_strcmp0(reading_text(reading->record, "source.service"), plan->service) != 0)
			continue;
		time = passed ? MAX(time, reading->time) : reading->time;
		passed = true;
	}
	return time;
}

/* Kept for a look, for longer than the plan says; or of a drill that died. */
static unsigned leftovers(const DrillPlan *plan)
{
	const char *directory = plan->sandbox.directory;
	g_autoptr(GDir) dir = directory ? g_dir_open(directory, 0, NULL) : NULL;
	unsigned count = 0;

	if (!dir)
		return 0;
	for (const char *name; (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(directory, name, NULL);

		count += g_str_has_prefix(name, DRILL_KEPT_PREFIX) &&
			 clock_now() - changed_at(path) > plan->sandbox.keep_failed;
	}
	return count + sandbox_dead(directory);
}

void metrics_add_plans(Metrics *metrics, const struct report_sources *sources)
{
	for (guint i = 0; i < sources->plans->len; i++) {
		const DrillPlan *plan = sources->plans->pdata[i];
		const struct quarter_service *service = service_of(sources, plan);
		usec_t age = plan->schedule.max_age;

		if (!service)
			continue;
		age = age ? age : service->max_drill_age;
		metrics_add(metrics, "drill_due_timestamp_seconds",
			    (double)(last_pass(sources, plan) + age) / (double)USEC_PER_SEC,
			    "service", plan->service, "plan", plan->name, NULL);
		metrics_add(metrics, "drill_leftovers", leftovers(plan), "service", plan->service,
			    "plan", plan->name, NULL);
	}
}

/* ---- the audit chain ----------------------------------------------------------------------------- */

static bool take_checkpoint(void *data, const struct audit_line *line)
{
	usec_t *last = data;

	if (strcmp(line->event, audit_event_name(AUDIT_CHECKPOINTED)) == 0)
		*last = line->time;
	return true;
}

bool metrics_add_audit(Metrics *metrics, const char *state, GError **error)
{
	g_autofree char *path = audit_path(state);
	g_autoptr(GError) cause = NULL;
	struct audit_report report = {0};
	usec_t last = 0;
	bool done = audit_read(path, take_checkpoint, &last, &report, &cause);

	if (done)
		metrics_add(metrics, "audit_chain_ok", !report.broken, NULL);
	if (done && last > 0)
		metrics_add(metrics, "audit_checkpoint_timestamp_seconds",
			    (double)last / (double)USEC_PER_SEC, NULL);
	audit_report_clear(&report);
	if (done || odr_error_is(cause, ODR_ERROR_NOT_FOUND))
		return true;
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}
