#ifndef ODR_CLI_RUN_NOTIFY_H
#define ODR_CLI_RUN_NOTIFY_H

#include "cli/settings/settings.h"
#include "drill/plan/plan.h"

/*
 * Tells people and monitoring what came of a drill, or that a unit of systemd failed (odrbackup.conf(5), [notify NAME]).
 * Every attempt has a time limit, and there are few; what cannot be told is a warning, and changes neither outcome nor
 * exit status of a drill.
 */
#define NOTIFY_UNIT_FAILED    "unit-failed" /* the outcome of a unit */
#define NOTIFY_STATUS_UNKNOWN (-1)
struct notify_message {
	const char *service, *plan, *run; /* NULL: it is of a unit */
	const char *unit, *result,
		*invocation; /* as systemd says; NULL: it is of a drill, or not known */
	const char *outcome; /* NULL: it begins */
	int exit_status;     /* NOTIFY_STATUS_UNKNOWN: there is none */
	const char *summary; /* a sentence; NULL: none. Not for healthchecks */
};

/* Those of the plan's groups that such an outcome concerns, each once: const struct settings_notify. NULL: that it
 * begins. Pure. */
GPtrArray *notify_chosen(const Settings *settings, const struct plan_notify *plan,
			 const char *outcome);

/* Tells those; also after a stop was requested. */
void notify_drill(const Settings *settings, const struct plan_notify *plan,
		  const struct notify_message *message);

/* Those of on-unit-failure=, each once: const struct settings_notify. Pure. */
GPtrArray *notify_of_units(const Settings *settings);
/* Tells all of them; how many could not be told. */
guint notify_tell(const GPtrArray *chosen, const struct notify_message *message);

/* What an http notification posts; g_free. Pure. */
char *notify_body(const struct notify_message *message, const char *host, usec_t time);
/* A run as healthchecks knows it: a UUID made of the id's digest; g_free. Pure. */
char *notify_run_uuid(const char *run);

#endif
