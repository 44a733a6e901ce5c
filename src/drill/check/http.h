#ifndef ODR_DRILL_CHECK_HTTP_H
#define ODR_DRILL_CHECK_HTTP_H

#include "drill/check/check.h"

/*
 * A check of type http: its steps are carried out in order, with one set of cookies; the first that is not answered as it
 * has to be ends it. What the application says is hostile: bounded in size, depth and time.
 */
struct drill_http_site {
	const char *socket;   /* that leads to the application */
	const char *url;      /* as it is called inside: "http://127.0.0.1:8069" */
	const char *conninfo; /* for equals-sql */
	const char *database;
	const char *login, *password; /* of the drill; the password is in no message */
	const char *run_id;
};
/* False only with STOPPED. */
bool drill_check_http(const DrillPlan *plan, const struct drill_http_site *site,
		      DrillCheckResult *result, GError **error);

#endif
