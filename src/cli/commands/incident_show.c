/* odrbackup incident list, show: what was written down. */
#include "base/log.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/site/incident_site.h"
#include "cli/views/incident.h"

static bool list(const struct incident_site *site, GError **error)
{
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) incidents = NULL;

	if (!incident_load_all(site->state, arguments_positional(site->arguments, 0), &incidents,
			       troubles, error))
		return false;
	for (guint i = 0; i < troubles->len; i++)
		log_warning("%s", (char *)troubles->pdata[i]);
	if (arguments_flag(site->arguments, "json"))
		json_out(incident_list_json(incidents));
	else
		incident_list_print(incidents);
	return true;
}

bool cmd_incident_list(const struct arguments *arguments, GError **error)
{
	struct incident_site site;
	bool done = incident_site_open(&site, arguments, error) && list(&site, error);

	incident_site_clear(&site);
	return done;
}

bool cmd_incident_show(const struct arguments *arguments, GError **error)
{
	struct incident_site site;
	bool done = incident_site_open(&site, arguments, error) &&
		    incident_site_find_any(&site, arguments_positional(arguments, 0), error);

	if (done && arguments_flag(arguments, "json"))
		json_out(report_incident_json(site.incident, incident_site_promise(&site)));
	else if (done)
		incident_print(site.incident);
	done = done && incident_site_judge(&site, error);
	incident_site_clear(&site);
	return done;
}
