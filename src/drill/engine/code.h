#ifndef ODR_DRILL_ENGINE_CODE_H
#define ODR_DRILL_ENGINE_CODE_H

#include "drill/engine/engine.h"

/*
 * Where the code of Odoo is. The plan's configuration= names an odoo.conf whose addons_path is of this host; without that it
 * is the captured one, and the code is what was captured, put into the sandbox once: git and tar that do that have no network,
 * and can write nowhere else.
 */
struct drill_code {
	char *name;    /* of the odoo.conf, for people */
	char *text;    /* of it */
	char **addons; /* folders that are here, as Odoo looks through them */
	char *root; /* folder that has what was captured as it lay; "": code is this host's own */
	char *trouble; /* the end of a sentence: what of addons_path is missing; NULL: nothing is */
};
void drill_code_free(struct drill_code *code);
typedef struct drill_code DrillCode;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DrillCode, drill_code_free)

/* Puts the captured code there, if there is any. False only with STOPPED, or NO_SPACE. */
bool drill_code_prepare(Drill *drill, GError **error);
void drill_captured_clear(struct drill_captured *captured);
/* Why there is none, as the end of a sentence; NULL: there is. */
const char *drill_code_missing(const Drill *drill);
/* There is captured code, or there should be. */
bool drill_code_expected(const Drill *drill);
/* As it was captured; and what the plan says that Odoo is run from. NOT_FOUND or USAGE with what is not there. */
DrillCode *drill_code_captured(const Drill *drill, const char *database, GError **error);
DrillCode *drill_code_of(const Drill *drill, const char *database, GError **error);
/* A file of a module, by its path below the module's folder; *path NULL: no folder of the code has that module. What leads out of
 * that code is not there. g_free. */
char *drill_code_file(const DrillCode *code, const char *module, const char *name);

/* Part code-present of the checks of type odoo-database. */
void drill_check_code(Drill *drill);

#endif
