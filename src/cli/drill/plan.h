#ifndef ODR_CLI_DRILL_PLAN_H
#define ODR_CLI_DRILL_PLAN_H

#include "cli/line/arguments.h"
#include "cli/settings/settings.h"
#include "drill/plan/plan.h"

/* The configuration as --config says; NULL without an error where none is named and the usual file is not there: then
 * plans are not compared with it. */
bool drill_settings(const struct arguments *arguments, Settings **settings, GError **error);

/* What is named on a command line: a path, or a name in the folder of plans. g_free. */
char *drill_plan_path(const Settings *settings, const char *name);
DrillPlan *drill_plan_read(const Settings *settings, const char *path, GError **error);
/* A text as if it lay at path; files it names are looked for beside that. Not compared with a configuration. */
DrillPlan *drill_plan_read_text(const char *text, const char *path, GError **error);
/* Both, with the configuration of the command line. */
DrillPlan *drill_plan_open(const struct arguments *arguments, const char *name, GError **error);

/* Paths of all plans in the folder, sorted: char *. NOT_FOUND without the folder. */
bool drill_plans_found(const Settings *settings, GPtrArray **paths, GError **error);

/* All that can be read, DrillPlan; about the others a sentence in troubles. Without a folder there are none. */
GPtrArray *drill_plans_load(const Settings *settings, GPtrArray *troubles);
/* Checks of a process that no plan of its service has: nothing will ever prove them. g_strfreev. Pure. */
char **drill_plans_lacking(const GPtrArray *plans, const struct settings_process *process);

#endif
