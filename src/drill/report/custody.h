#ifndef ODR_DRILL_REPORT_CUSTODY_H
#define ODR_DRILL_REPORT_CUSTODY_H

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>

/*
 * Who made, used and tested the keys and recovery kits of a service, and proved its locks, as the audit chain of this host
 * tells. What was done on other hosts is in their chains.
 */
enum custody_act {
	CUSTODY_KIT_MADE,
	CUSTODY_KIT_TESTED,
	CUSTODY_KEY_TESTED,
	CUSTODY_IDENTITY_USED,
	CUSTODY_OWNER_USED,
	CUSTODY_KEY_MADE,
	CUSTODY_KEY_ENDORSED,
	CUSTODY_LOCK_TESTED,
	CUSTODY_ACTS
};
const char *custody_act_name(enum custody_act act);  /* "kit-tested" */
const char *custody_act_words(enum custody_act act); /* "Recovery kit tested" */

struct custody_event {
	enum custody_act act;
	usec_t time;
	char *service, *by; /* user@host */
	char *subject; /* fingerprint of a key, path of a kit, name of a repository; NULL: not said */
	bool failed;   /* of a test */
};
void custody_event_free(void *event);
/* struct custody_event, as they stand in the chain of a state folder; none where there is no chain. */
bool custody_read(const char *state, GPtrArray **events, GError **error);

/* The newest of its kind before an end, and how many there were from a begin on. Pure. */
struct custody_period {
	const char *service;
	usec_t from, until;
};
struct custody_row {
	const struct custody_event *last; /* NULL: never */
	unsigned times, failed;		  /* in the period */
};
struct custody_row custody_row(const GPtrArray *events, enum custody_act act,
			       const struct custody_period *period);

#endif
