#include "drill/plan/check_type.h"

#include <string.h>

#define AT(stage)   (1U << PLAN_STAGE_##stage)
#define WITH_SERVER (AT(PAUSED) | AT(PROMOTED) | AT(NEUTRALIZED) | AT(EXTENDED))

static const struct plan_check_class classes[PLAN_CHECK_TYPES] = {
	[PLAN_CHECK_POSTGRES] = {"postgres", PLAN_STAGE_PAUSED, AT(PAUSED), true, true,
				 "the cluster: identity, timeline, collations, extensions, roles, "
				 "indexes"},
	[PLAN_CHECK_ODOO_DATABASE] = {"odoo-database", PLAN_STAGE_PAUSED, AT(PAUSED), true, true,
				      "each database of Odoo's: modules, sequences, attachments "
				      "outside"},
	[PLAN_CHECK_FILESTORE] = {"filestore", PLAN_STAGE_PAUSED, AT(PAUSED), true, true,
				  "every file that a database names is there and right"},
	[PLAN_CHECK_CONFIG] = {"config", PLAN_STAGE_PAUSED, AT(PAUSED), true, true,
			       "the captured configuration is complete"},
	[PLAN_CHECK_HEARTBEAT] = {"heartbeat", PLAN_STAGE_PAUSED, AT(PAUSED), true, true,
				  "no beat is missing up to the target"},
	[PLAN_CHECK_NEUTRALIZED] = {"neutralized", PLAN_STAGE_NEUTRALIZED, AT(NEUTRALIZED), true,
				    true, "the copy can talk to nobody"},
	[PLAN_CHECK_SQL] = {"sql", PLAN_STAGE_PAUSED, WITH_SERVER | AT(APP), false, true,
			    "what a query gives"},
	[PLAN_CHECK_COMPARE] = {"compare", PLAN_STAGE_PAUSED, WITH_SERVER, false, true,
				"what a query gives here and at its source"},
	[PLAN_CHECK_TREND] = {"trend", PLAN_STAGE_PAUSED, AT(PAUSED) | AT(EXTENDED), false, false,
			      "a figure beside those of earlier drills"},
	[PLAN_CHECK_HTTP] = {"http", PLAN_STAGE_APP, AT(APP), false, true, "what Odoo answers"},
	[PLAN_CHECK_COMMAND] = {"command", PLAN_STAGE_PAUSED, WITH_SERVER | AT(APP), false, true,
				"what a program says"},
	[PLAN_CHECK_LOG] = {"log", PLAN_STAGE_APP, AT(APP) | AT(EXTENDED), false, true,
			    "what a log does not say"},
	[PLAN_CHECK_REPOSITORY] =
		{"repository", PLAN_STAGE_PAUSED, 0, false, true,
		 "what a recovery would read can be read, and is what was written"},
	[PLAN_CHECK_KIT] = {"kit", PLAN_STAGE_PAUSED, 0, false, true,
			    "a recovery kit opens, is complete, and not out of date"},
	[PLAN_CHECK_SPAN] = {"span", PLAN_STAGE_EXTENDED, AT(EXTENDED), false, true,
			     "how long a phase took"},
};

const struct plan_check_class *plan_check_class(enum plan_check_type type)
{
	return &classes[type];
}

bool plan_check_type_parse(const char *name, enum plan_check_type *type)
{
	for (size_t i = 0; i < PLAN_CHECK_TYPES; i++) {
		if (strcmp(classes[i].name, name) == 0) {
			*type = (enum plan_check_type)i;
			return true;
		}
	}
	return false;
}
