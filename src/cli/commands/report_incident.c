/* odrbackup report incident, incident export: a real recovery, for who decides, who audits, and who looks at it elsewhere. */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/evidence_trust.h"
#include "cli/incident_site.h"
#include "cli/output.h"
#include "cli/report_output.h"
#include "cli/trail.h"

#include <string.h>

#define EXITS_NOT_PROVEN 3
#define EXITS_MISSED	 5

static char *json_text(struct incident_site *site)
{
	g_autoptr(JsonValue) facts =
		report_incident_json(site->incident, incident_site_promise(site));
	g_autofree char *text = json_print_pretty(facts);

	return g_strconcat(text, "\n", NULL);
}

static Document *document_of(struct incident_site *site)
{
	return report_incident(site->incident, incident_site_promise(site), clock_now());
}

/* ---- report incident --------------------------------------------------------------------------- */

/* Of a service that is configured, where the chain is that of the configuration: else it is only looked at. */
static const Context *context_of(const struct incident_site *site)
{
	return site->contexts ? site->contexts->pdata[0] : NULL;
}

static bool write_report(struct incident_site *site, GError **error)
{
	const struct report_writing writing = {site->arguments, context_of(site),
					       site->incident->service, site->incident->id};
	enum report_format format = report_format_of(site->arguments);
	g_autofree char *text = NULL;

	if (format == REPORT_HTML || format == REPORT_MARKDOWN) {
		g_autoptr(Document) document = document_of(site);

		return report_write_document(&writing, document, error);
	}
	text = format == REPORT_JSON
		       ? json_text(site)
		       : report_incident_csv(site->incident, incident_site_promise(site));
	return report_write(&writing, text, strlen(text), error);
}

static int strict_status(struct incident_site *site)
{
	enum objective_state state =
		report_incident_state(site->incident, incident_site_promise(site));

	return state == OBJECTIVE_MISSED       ? EXITS_MISSED
	       : state == OBJECTIVE_NOT_PROVEN ? EXITS_NOT_PROVEN
					       : 0;
}

static bool check_format(const struct arguments *arguments, GError **error)
{
	enum report_format format = report_format_of(arguments);

	return format != REPORT_JUNIT ||
	       odr_fail(error, ODR_ERROR_USAGE,
			"%s is a format of single drills: name another by --render",
			report_format_name(format));
}

bool cmd_report_incident(const struct arguments *arguments, GError **error)
{
	struct incident_site site = {0};
	bool done = check_format(arguments, error) && incident_site_open(&site, arguments, error) &&
		    incident_site_find_any(&site, arguments_positional(arguments, 0), error) &&
		    write_report(&site, error);

	if (done && arguments_flag(arguments, "strict"))
		*arguments->exit_status = strict_status(&site);
	done = done && incident_site_judge(&site, error);
	incident_site_clear(&site);
	return done;
}

/* ---- incident export --------------------------------------------------------------------------- */

static bool write_file_in(const char *folder, const char *name, const char *text, GError **error)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	return file_write(path, text, strlen(text),
			  &(struct file_write){.mode = 0600, .exclusive = true}, error);
}

static bool write_reports(struct incident_site *site, const char *to, GError **error)
{
	g_autoptr(Document) document = document_of(site);
	g_autofree char *html = document_html(document);
	g_autofree char *markdown = document_markdown(document);
	g_autofree char *json = json_text(site);
	g_autofree char *csv = report_incident_csv(site->incident, incident_site_promise(site));

	return write_file_in(to, "incident.html", html, error) &&
	       write_file_in(to, "incident.md", markdown, error) &&
	       write_file_in(to, "incident.json", json, error) &&
	       write_file_in(to, "incident.csv", csv, error);
}

static void tell_exported(const struct incident_site *site, const char *to)
{
	const Context *context = context_of(site);
	json_t *data;

	if (!context)
		return;
	data = trail_of(context, "incident", site->incident->id);
	json_set_string(data, "service", site->incident->service);
	json_set_string(data, "folder", to);
	trail_add(context, AUDIT_INCIDENT_EXPORTED, NULL, data);
}

static void print_exported(const struct incident_site *site, const char *to)
{
	if (arguments_flag(site->arguments, "json")) {
		json_t *document = json_object();

		json_set_string(document, "incident", site->incident->id);
		json_set_string(document, "folder", to);
		json_out(document);
	} else if (!arguments_flag(site->arguments, "quiet")) {
		printf("%s\nNext: odrbackup audit verify --from %s\n", to, to);
	}
}

static bool export(struct incident_site *site, GError **error)
{
	g_autofree char *to = arguments_path(site->arguments, "output");
	g_autoptr(GPtrArray) keys = NULL;

	if (!to)
		return odr_fail(error, ODR_ERROR_USAGE, "incident export needs --output DIR");
	if (!incident_site_find_any(site, arguments_positional(site->arguments, 0), error))
		return false;
	keys = trust_exported(site->arguments, site->contexts, error);
	if (!keys || !incident_export(site->state, site->incident, keys, to, error) ||
	    !write_reports(site, to, error))
		return false;
	tell_exported(site, to);
	print_exported(site, to);
	return incident_site_judge(site, error);
}

bool cmd_incident_export(const struct arguments *arguments, GError **error)
{
	struct incident_site site;
	bool done = incident_site_open(&site, arguments, error) && export(&site, error);

	incident_site_clear(&site);
	return done;
}
