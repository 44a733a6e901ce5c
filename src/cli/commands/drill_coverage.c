/* odrbackup drill coverage: what was drilled, and what never. */
#include "base/error.h"
#include "base/log.h"
#include "cli/drill/plan.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/report/sources.h"
#include "cli/site/context.h"

#include <stdio.h>
#include <string.h>

#define NOT_PROVEN 3

static char *age_of(usec_t now, usec_t time)
{
	return time ? duration_format(now - time) : NULL;
}

static void print_rows(const GPtrArray *rows, usec_t now)
{
	static const char *const headings[] = {"What", "Name",	   ">Drills", ">Passed",
					       ">Age", ">At most", "State",   NULL};
	TableOut *table = table_out_new(headings);

	for (guint i = 0; i < rows->len; i++) {
		const struct coverage_row *row = rows->pdata[i];
		g_autofree char *drills = g_strdup_printf("%u", row->drills);
		g_autofree char *passed = g_strdup_printf("%u", row->passed);
		g_autofree char *age = age_of(now, row->last_pass);
		g_autofree char *allowed = row->max_age ? duration_format(row->max_age) : NULL;

		table_out_row(table, coverage_subject_name(row->subject), row->name, drills, passed,
			      age, allowed, coverage_state_name(row->state));
	}
	table_out_print(table, stdout);
}

static void print_gaps(const struct objective_verdict *verdict)
{
	if (verdict->reasons->len == 0) {
		puts("\nCoverage: MET");
		return;
	}
	printf("\nCoverage: %s\n", objective_state_name(verdict->state));
	for (guint i = 0; i < verdict->reasons->len; i++)
		printf("  %s\n", (char *)verdict->reasons->pdata[i]);
}

static json_t *service_json(const struct quarter_service *service, const GPtrArray *rows,
			    const struct objective_verdict *verdict)
{
	json_t *object = json_object(), *reasons = json_array();

	for (guint i = 0; i < verdict->reasons->len; i++)
		json_array_append_new(reasons, json_string(verdict->reasons->pdata[i]));
	json_set_string(object, "service", service->name);
	json_set_string(object, "state", objective_state_name(verdict->state));
	json_set(object, "reasons", reasons);
	json_set(object, "coverage", coverage_json(rows));
	return object;
}

/* list NULL: it is printed. */
static void show(const struct arguments *arguments, const struct report_sources *sources,
		 const struct quarter_service *service, json_t *list)
{
	usec_t now = clock_now();
	struct objective_verdict verdict;
	g_autoptr(GPtrArray) rows =
		coverage_compute(&(struct coverage_request){.service = service->name,
							    .readings = sources->readings,
							    .plans = service->plans,
							    .repositories = service->repositories,
							    .strata = service->strata,
							    .now = now,
							    .max_age = service->max_drill_age});

	coverage_judge(rows, &verdict);
	if (arguments_flag(arguments, "strict") && verdict.state != OBJECTIVE_MET)
		*arguments->exit_status = NOT_PROVEN;
	if (list) {
		json_array_append_new(list, service_json(service, rows, &verdict));
	} else if (!arguments_flag(arguments, "quiet") || *arguments->exit_status != 0) {
		printf("%s\n", service->name);
		print_rows(rows, now);
		print_gaps(&verdict);
	}
	objective_verdict_clear(&verdict);
}

bool cmd_drill_coverage(const struct arguments *arguments, GError **error)
{
	struct report_sources sources = {0};
	usec_t now = clock_now();
	json_t *list = arguments_flag(arguments, "json") ? json_array() : NULL;
	struct report_scope scope = report_scope_of(arguments, now, now);
	bool done = report_sources_read(arguments, &scope, &sources, error);

	for (guint i = 0; done && i < sources.troubles->len; i++)
		log_warning("%s", (char *)sources.troubles->pdata[i]);
	for (guint i = 0; done && i < sources.services->len; i++)
		show(arguments, &sources, sources.services->pdata[i], list);
	if (done && list) {
		json_t *document = json_object();

		json_set(document, "services", json_incref(list));
		json_out(document);
	}
	json_decref(list);
	report_sources_clear(&sources);
	return done;
}
