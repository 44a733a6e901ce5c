#ifndef ODR_DRILL_ENGINE_SITE_H
#define ODR_DRILL_ENGINE_SITE_H

#include "drill/engine/engine.h"

/* The place of checks: a database of the copy, at its moment. */
struct drill_site {
	char *conninfo, *target, *lsn;
	struct drill_check_site site; /* made of them */
};
void drill_site_make(Drill *drill, const char *database, struct drill_site *site);
void drill_site_clear(struct drill_site *site);

/* It is one of Odoo's, and the check looks at it. */
bool drill_check_is_for(const struct plan_check *check, const struct drill_database *database);

#endif
