/* odrbackup report incident, incident export: a real recovery, for who decides, who audits, and who looks at it elsewhere. */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/drill/evidence_trust.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/report/output.h"
#include "cli/run/trail.h"
#include "cli/site/incident_site.h"
#include "drill/evidence/audit.h"

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

/* What is written, and who answers for it. */
struct exporting {
	struct incident_site *site;
	const char *to;
	const EvidenceKey *key; /* NULL: nobody does */
	char *json;		/* incident.json */
};

static void exporting_clear(struct exporting *exporting)
{
	g_free(exporting->json);
}

/* That of the service of the incident. Without one it is exported all the same, and says that it is not signed. */
static const EvidenceKey *key_of(const struct incident_site *site)
{
	g_autoptr(GError) cause = NULL;

	for (guint i = 0; site->contexts && i < site->contexts->len; i++) {
		Context *context = site->contexts->pdata[i];

		if (g_strcmp0(context->service->name, site->incident->service) != 0)
			continue;
		if (context_evidence_key(context, &cause))
			return context->evidence_key;
		log_warning("incident.json is not signed: %s", cause->message);
		return NULL;
	}
	log_warning("incident.json is not signed: no evidence key of service '%s' is at hand",
		    site->incident->service ? site->incident->service : "?");
	return NULL;
}

/* The chain that lies beside it is that of which it tells. */
static bool set_chain(json_t *facts, const char *folder, GError **error)
{
	g_autofree char *path = audit_path(folder);
	struct audit_report report = {0};
	json_t *chain;

	if (!audit_read(path, NULL, NULL, &report, error))
		return false;
	chain = json_object();
	json_set_int(chain, "seq", (int64_t)report.head.seq);
	json_set_string(chain, "head", report.head.sha256);
	json_set(facts, "chain", chain);
	audit_report_clear(&report);
	return true;
}

static bool make_json(struct exporting *exporting, GError **error)
{
	struct incident_site *site = exporting->site;
	g_autoptr(JsonValue) facts =
		report_incident_json(site->incident, incident_site_promise(site));
	char name[EVIDENCE_KEY_NAME_SIZE] = "";
	g_autofree char *text = NULL;

	if (exporting->key)
		evidence_key_name(exporting->key->endorsement.public_key, name);
	json_set_string(facts, "signed_by", exporting->key ? name : NULL);
	if (!set_chain(facts, exporting->to, error))
		return false;
	text = json_print_pretty(facts);
	exporting->json = g_strconcat(text, "\n", NULL);
	return true;
}

static bool write_file_in(const char *folder, const char *name, const char *text, GError **error)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	return file_write(path, text, strlen(text),
			  &(struct file_write){.mode = 0600, .exclusive = true}, error);
}

static bool write_json(struct exporting *exporting, GError **error)
{
	g_autofree char *signature = NULL;

	if (!make_json(exporting, error) ||
	    !write_file_in(exporting->to, "incident.json", exporting->json, error))
		return false;
	if (!exporting->key)
		return true;
	signature =
		evidence_signature_print(exporting->key, exporting->json, strlen(exporting->json));
	return write_file_in(exporting->to, "incident.json.sig", signature, error);
}

static bool write_reports(struct exporting *exporting, GError **error)
{
	struct incident_site *site = exporting->site;
	g_autoptr(Document) document = document_of(site);
	g_autofree char *html = document_html(document);
	g_autofree char *markdown = document_markdown(document);
	g_autofree char *csv = report_incident_csv(site->incident, incident_site_promise(site));

	return write_file_in(exporting->to, "incident.html", html, error) &&
	       write_file_in(exporting->to, "incident.md", markdown, error) &&
	       write_file_in(exporting->to, "incident.csv", csv, error) &&
	       write_json(exporting, error);
}

static void tell_exported(const struct exporting *exporting)
{
	const struct incident_site *site = exporting->site;
	const Context *context = context_of(site);
	g_autofree char *sha256 =
		g_compute_checksum_for_string(G_CHECKSUM_SHA256, exporting->json, -1);
	json_t *data;

	if (!context)
		return;
	data = trail_of(context, "incident", site->incident->id);
	json_set_string(data, "service", site->incident->service);
	json_set_string(data, "folder", exporting->to);
	json_set_string(data, "sha256", sha256);
	json_set_bool(data, "signed", exporting->key != NULL);
	trail_add(context, AUDIT_INCIDENT_EXPORTED, NULL, data);
}

static void print_exported(const struct exporting *exporting)
{
	const struct arguments *arguments = exporting->site->arguments;

	if (arguments_flag(arguments, "json")) {
		json_t *document = json_object();

		json_set_string(document, "incident", exporting->site->incident->id);
		json_set_string(document, "folder", exporting->to);
		json_set_bool(document, "signed", exporting->key != NULL);
		json_out(document);
	} else if (!arguments_flag(arguments, "quiet")) {
		printf("%s: incident.json %s\nNext: odrbackup audit verify --from %s\n",
		       exporting->to,
		       exporting->key ? "is signed, see odrbackup-evidence(5)" : "is not signed",
		       exporting->to);
	}
}

static bool export(struct incident_site *site, GError **error)
{
	g_autofree char *to = arguments_path(site->arguments, "output");
	__attribute__((cleanup(exporting_clear))) struct exporting exporting = {.site = site,
										.to = to};
	g_autoptr(GPtrArray) keys = NULL;

	if (!to)
		return odr_fail(error, ODR_ERROR_USAGE, "incident export needs --output DIR");
	if (!incident_site_find_any(site, arguments_positional(site->arguments, 0), error))
		return false;
	keys = trust_exported(site->arguments, site->contexts, error);
	if (!keys || !incident_export(site->state, site->incident, keys, to, error))
		return false;
	exporting.key = key_of(site);
	if (!write_reports(&exporting, error))
		return false;
	tell_exported(&exporting);
	print_exported(&exporting);
	return incident_site_judge(site, error);
}

bool cmd_incident_export(const struct arguments *arguments, GError **error)
{
	struct incident_site site;
	bool done = incident_site_open(&site, arguments, error) && export(&site, error);

	incident_site_clear(&site);
	return done;
}
