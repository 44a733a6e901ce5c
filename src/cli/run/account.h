#ifndef ODR_CLI_RUN_ACCOUNT_H
#define ODR_CLI_RUN_ACCOUNT_H

#include "base/json.h"
#include "cli/site/context.h"
#include "drill/measure/span.h"

/*
 * What a recovery tells the audit chain of itself, beside that it began and how it ended: since when, what it spent its
 * time on, what it aims at; and for which incident, so that this one is measured by it (drill/incident/incident.h).
 */
struct account {
	char *incident;	    /* id; NULL: none */
	usec_t began, from; /* when the command was given: wall clock, monotonic */
	GArray *spans;	    /* struct drill_span */
	json_t *facts;
};
void account_begin(struct account *account);
void account_clear(struct account *account);
/* --incident: an id, or "latest". REFUSED where it is closed, or of another service. One that this host does not know is
 * fine, and said: its timeline is elsewhere, and the chain of this host is joined to it later. A chain that
 * cannot be read holds no restore up, either. */
bool account_incident(const Context *context, char **id, GError **error);
/* A phase that began at from, monotonic, and ends now. */
struct account_phase {
	enum drill_phase phase;
	const char *component;
	usec_t from;
	uint64_t bytes;
	bool failed;
};
void account_add(struct account *account, const struct account_phase *phase);
/* The plan is made: PHASE_LOCATE. */
void account_located(struct account *account, bool failed);
/* One that could not begin is an attempt all the same: where it is of an incident, it is recorded as a run that failed. */
void account_failed(struct account *account, const Context *context, const char *command,
		    const GError *error);
/* Into the data of a line: at the end spans and facts as well. */
void account_tell(const struct account *account, bool ended, json_t *data);

#endif
