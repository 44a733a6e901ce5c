#ifndef ODR_CLI_SITE_INCIDENT_SITE_H
#define ODR_CLI_SITE_INCIDENT_SITE_H

#include "cli/site/context.h"
#include "drill/report/incident.h"

/*
 * Where the timeline of an incident lies: the state folder of the configuration, of a recovery kit, or --state DIR, for a
 * host that has neither. No repository is opened; a key is asked for only by an export, which signs with it.
 */
struct incident_site {
	const struct arguments *arguments;
	GPtrArray *contexts; /* Context; NULL with --state */
	char *state;
	Incident *incident; /* after incident_site_find */
	struct incident_promise promise;
};
bool incident_site_open(struct incident_site *site, const struct arguments *arguments,
			GError **error);
void incident_site_clear(struct incident_site *site);
/* One that is named, or "latest"; NULL: the only one that is open. Warns of chains that do not hold. */
bool incident_site_find(struct incident_site *site, const char *name, GError **error);
/* As show and reports have it: NULL is the latest, open or closed. */
bool incident_site_find_any(struct incident_site *site, const char *name, GError **error);
/* Read again, with what was appended meanwhile. */
bool incident_site_renew(struct incident_site *site, GError **error);
/* What the tier of its service promises; NULL: the configuration does not have that service, or there is none. */
const struct incident_promise *incident_site_promise(struct incident_site *site);
/* Chains that do not hold: CORRUPT, once all was shown. */
bool incident_site_judge(const struct incident_site *site, GError **error);

#endif
