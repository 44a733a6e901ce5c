#include "cli/site/incident_site.h"

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

#include <string.h>

/* A host that was lost has neither. */
static bool has_configuration(const struct arguments *arguments, GError **error)
{
	return arguments_text(arguments, "config") || arguments_text(arguments, "kit") ||
	       g_file_test(SETTINGS_FILE, G_FILE_TEST_EXISTS) ||
	       odr_fail(error, ODR_ERROR_USAGE,
			"there is no configuration '%s'; name another by -c FILE, a recovery kit "
			"by --kit FILE, or with --state DIR a folder that keeps the timeline",
			SETTINGS_FILE);
}

bool incident_site_open(struct incident_site *site, const struct arguments *arguments,
			GError **error)
{
	g_autofree char *state = arguments_path(arguments, "state");

	*site = (struct incident_site){.arguments = arguments};
	if (state) {
		site->state = g_steal_pointer(&state);
		return true;
	}
	if (!has_configuration(arguments, error))
		return false;
	site->contexts = context_open_all(arguments, NULL, error);
	if (!site->contexts)
		return false;
	site->state = g_strdup(((Context *)site->contexts->pdata[0])->settings->state);
	return true;
}

void incident_site_clear(struct incident_site *site)
{
	incident_free(site->incident);
	g_clear_pointer(&site->contexts, g_ptr_array_unref);
	g_free(site->state);
}

static bool load(struct incident_site *site, const char *name, GError **error)
{
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);
	Incident *found = NULL;
	bool done = name ? incident_load(site->state, name, &found, troubles, error)
			 : incident_load_open(site->state, &found, troubles, error);

	for (guint i = 0; i < troubles->len; i++)
		log_warning("%s", (char *)troubles->pdata[i]);
	if (!done)
		return false;
	incident_free(site->incident);
	site->incident = found;
	return true;
}

bool incident_site_find(struct incident_site *site, const char *name, GError **error)
{
	return load(site, name, error);
}

bool incident_site_find_any(struct incident_site *site, const char *name, GError **error)
{
	return load(site, name ? name : "latest", error);
}

bool incident_site_renew(struct incident_site *site, GError **error)
{
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);
	Incident *found = NULL;

	if (!incident_load(site->state, site->incident->id, &found, troubles, error))
		return false;
	incident_free(site->incident);
	site->incident = found;
	return true;
}

const struct incident_promise *incident_site_promise(struct incident_site *site)
{
	for (guint i = 0; site->contexts && i < site->contexts->len; i++) {
		const struct settings_service *service =
			((Context *)site->contexts->pdata[i])->service;
		const struct settings_tier *tier = service->tier;

		if (g_strcmp0(service->name, site->incident->service) != 0)
			continue;
		site->promise = (struct incident_promise){
			.tier = tier->name,
			.rpo = tier->rpo_component[0] ? tier->rpo_component[0] : tier->rpo,
			.rto = tier->rto,
			.detect = tier->assume_detect,
			.decide = tier->assume_decide,
			.cutover = tier->assume_cutover};
		return &site->promise;
	}
	return NULL;
}

bool incident_site_judge(const struct incident_site *site, GError **error)
{
	return !site->incident->broken ||
	       odr_fail(error, ODR_ERROR_CORRUPT,
			"what is told of incident %s may not be what was written: odrbackup audit "
			"verify tells where its chain is broken",
			site->incident->id);
}
