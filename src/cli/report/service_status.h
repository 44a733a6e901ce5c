#ifndef ODR_CLI_REPORT_SERVICE_STATUS_H
#define ODR_CLI_REPORT_SERVICE_STATUS_H

#include "cli/site/context.h"
#include "ops/status.h"

/* The objective of a component, in the order of SETTINGS_COMPONENTS: its own, or that of the tier; 0: none. */
usec_t service_rpo(const Context *context, unsigned component);
/* The status of the context's service, from the catalog and the local journal; status_clear. */
bool service_status(Context *context, struct status *status, GError **error);

/* What check found of a repository when it last looked. */
enum service_number {
	SERVICE_READ_BACK,    /* when it was read back, object by object, and was good */
	SERVICE_LOCKED_UNTIL, /* the newest set */
	SERVICE_UNLOCKED,     /* objects that are not, though it locks */
	SERVICE_NUMBERS
};
/* -1: not known. */
bool service_number(const Context *context, Catalog *catalog, enum service_number which,
		    const char *repository, int64_t *value, GError **error);
bool service_note_number(const Context *context, Catalog *catalog, enum service_number which,
			 const char *repository, int64_t value, GError **error);
/* When all its repositories were last read back: the oldest; 0: one never was. */
bool service_read_back(const Context *context, Catalog *catalog, usec_t *time, GError **error);
/* What check found of the archiver, while that is news. */
struct service_archiver {
	int64_t ready, failed; /* -1: not known */
};
bool service_archiver(const Context *context, Catalog *catalog, struct service_archiver *archiver,
		      GError **error);
bool service_note_archiver(const Context *context, Catalog *catalog,
			   const struct service_archiver *archiver, GError **error);

#endif
