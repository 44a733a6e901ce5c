/* odrbackup report: what drills and the catalog prove, for those who decide and those who audit. */
#include "drill/report/report.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/line/commands.h"
#include "cli/report/output.h"
#include "cli/report/sources.h"
#include "cli/site/context.h"
#include "drill/evidence/evidence.h"
#include "drill/report/quarter.h"
#include "repo/layout.h"
#include "repo/manifest.h"

#include <stdio.h>
#include <string.h>

#define POSTURE_PERIOD	 (90 * USEC_PER_DAY)
#define EXITS_NOT_PROVEN 3
#define EXITS_MISSED	 5

/* ---- one drill -------------------------------------------------------------------------------- */

/* latest: of this service. */
static bool find_run(const Context *context, const char *name, char **run, GError **error)
{
	g_autoptr(GPtrArray) readings = NULL, troubles = g_ptr_array_new_with_free_func(g_free);

	if (strcmp(name, "latest") != 0) {
		if (!set_id_valid(name))
			return odr_fail(error, ODR_ERROR_USAGE,
					"'%s' is no run; a run is 'latest', or looks like "
					"20261121T230501Z-1a2b3c4d",
					name);
		*run = g_strdup(name);
		return true;
	}
	if (!reading_load_all(context->settings->state, &readings, troubles, error))
		return false;
	for (guint i = readings->len; i-- > 0;) {
		const json_t *record = ((const Reading *)readings->pdata[i])->record;

		if (g_strcmp0(reading_text(record, "source.service"), context->service->name) ==
		    0) {
			*run = g_strdup(reading_text(record, "run.id"));
			return true;
		}
	}
	return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no record of a drill of service %s",
			context->service->name);
}

static bool write_drill(const struct report_writing *writing, const char *folder, GError **error)
{
	g_autofree char *text =
		report_drill_text(folder, report_format_of(writing->arguments), error);

	return text && report_write(writing, text, strlen(text), error);
}

bool cmd_report_drill(const struct arguments *arguments, GError **error)
{
	const char *second = arguments_positional(arguments, 1);
	const char *name = second ? second : arguments_positional(arguments, 0);
	g_autoptr(Context) context =
		context_open(arguments, second ? arguments_positional(arguments, 0) : NULL, error);
	g_autofree char *run = NULL;

	if (!context || !find_run(context, name, &run, error))
		return false;

	g_autofree char *folder = evidence_folder(context->settings->state, run);

	return write_drill(
		       &(struct report_writing){arguments, context, context->service->name, run},
		       folder, error) ||
	       odr_context(error, "cannot report run %s", run);
}

/* ---- a period --------------------------------------------------------------------------------- */

/* A record that cannot be read is evidence that is missing: it must not go unnoticed. */
static void tell_troubles(const struct report_sources *sources)
{
	for (guint i = 0; i < sources->troubles->len; i++)
		log_warning("%s", (char *)sources->troubles->pdata[i]);
}

/* Tables of single drills only. */
static bool check_format(const struct arguments *arguments, GError **error)
{
	enum report_format format = report_format_of(arguments);

	return (format != REPORT_CSV && format != REPORT_JUNIT) ||
	       odr_fail(error, ODR_ERROR_USAGE,
			"%s is a format of single drills: odrbackup report drill RUN",
			report_format_name(format));
}

/* The chain is the host's, whichever service is named. */
static bool write_quarter(const struct report_sources *sources, const Quarter *quarter,
			  const char *subject, Document *document, GError **error)
{
	const Context *context = sources->contexts->pdata[0];
	const struct arguments *arguments = context->arguments;
	struct report_writing writing = {arguments, context, arguments_positional(arguments, 0),
					 subject};
	enum objective_state state = quarter_state(quarter);
	bool written;

	if (report_format_of(arguments) == REPORT_JSON) {
		g_autoptr(JsonValue) facts = quarter_json(quarter);
		g_autofree char *text = json_print_pretty(facts);
		g_autofree char *line = g_strconcat(text, "\n", NULL);

		written = report_write(&writing, line, strlen(line), error);
	} else {
		written = report_write_document(&writing, document, error);
	}
	if (written && arguments_flag(arguments, "strict"))
		*arguments->exit_status = state == OBJECTIVE_MISSED	  ? EXITS_MISSED
					  : state == OBJECTIVE_NOT_PROVEN ? EXITS_NOT_PROVEN
									  : 0;
	return written;
}

static bool report_quarter(const struct arguments *arguments, struct quarter_request *request,
			   struct report_sources *sources, GError **error)
{
	struct quarter_request earlier = *request;
	g_autofree char *name = quarter_name(request->from - 1);

	earlier.name = name;
	earlier.now = request->from;
	if (!quarter_parse(name, &earlier.from, &earlier.to, error))
		return false;

	struct report_scope scope = report_scope_of(arguments, earlier.from, request->to);

	if (!report_sources_read(arguments, &scope, sources, error))
		return false;
	report_sources_chain(sources);
	request->services = earlier.services = sources->services;
	request->readings = earlier.readings = sources->readings;
	request->chain = &sources->chain;
	request->custody = sources->custody;
	tell_troubles(sources);

	g_autoptr(Quarter) quarter = quarter_compute(request);
	g_autoptr(Quarter) before = quarter_compute(&earlier);
	g_autoptr(Document) document = quarter_document(quarter, before);

	return write_quarter(sources, quarter, request->name, document, error);
}

/* The one that is named, the one we are in, or that before it; g_free. */
static char *name_of(const char *named, usec_t now)
{
	g_autofree char *current = quarter_name(now);
	usec_t from, to;

	if (!named)
		return g_steal_pointer(&current);
	if (strcmp(named, "last") != 0 || !quarter_parse(current, &from, &to, NULL))
		return g_strdup(named);
	return quarter_name(from - 1);
}

bool cmd_report_quarterly(const struct arguments *arguments, GError **error)
{
	struct report_sources sources = {0};
	struct quarter_request request = {.now = clock_now()};
	g_autofree char *name = name_of(arguments_text(arguments, "quarter"), request.now);
	bool done;

	request.name = name;
	if (!check_format(arguments, error))
		return false;
	if (!quarter_parse(request.name, &request.from, &request.to, error))
		return odr_context(error, "--quarter");
	if (request.from > request.now)
		return odr_fail(error, ODR_ERROR_USAGE, "--quarter: %s has not begun yet",
				request.name);
	done = report_quarter(arguments, &request, &sources, error);
	report_sources_clear(&sources);
	return done;
}

static bool report_posture(const struct arguments *arguments, struct quarter_request *request,
			   struct report_sources *sources, GError **error)
{
	struct report_scope scope = report_scope_of(arguments, request->from, request->to);

	if (!report_sources_read(arguments, &scope, sources, error))
		return false;
	report_sources_chain(sources);
	request->services = sources->services;
	request->readings = sources->readings;
	request->chain = &sources->chain;
	request->custody = sources->custody;
	tell_troubles(sources);

	g_autoptr(Quarter) quarter = quarter_compute(request);
	g_autoptr(Document) document = quarter_posture(quarter);

	return write_quarter(sources, quarter, request->name, document, error);
}

bool cmd_report_posture(const struct arguments *arguments, GError **error)
{
	struct report_sources sources = {0};
	usec_t now = clock_now();
	struct quarter_request request = {
		.name = "the last 90 days", .from = now - POSTURE_PERIOD, .to = now, .now = now};
	bool done = check_format(arguments, error) &&
		    report_posture(arguments, &request, &sources, error);

	report_sources_clear(&sources);
	return done;
}
