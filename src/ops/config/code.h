#ifndef ODR_OPS_CONFIG_CODE_H
#define ODR_OPS_CONFIG_CODE_H

#include "ops/config/read.h"

/*
 * The code that a captured configuration has, as files again: below a folder as it lay on its host, so that
 * folder/opt/odoo/addons is what /opt/odoo/addons was. Checkouts of git come at the revision they had, with what was changed
 * and not committed, and without their history. Code is the customer's: git and tar are run as the caller says, and should be
 * able to do no more than write into that folder.
 */
struct config_code_request {
	ConfigRead *config;
	const char *folder; /* absolute; to be made */
	/* Runs a program, argv[0] absolute, to its end. False with what it said last. */
	bool (*run)(void *data, const char *const *argv, GError **error);
	void *run_data;
};
struct config_code {
	GPtrArray *tops; /* char *: what was put there, by its path on the host it came from */
	GPtrArray *gaps; /* struct config_gap: what could not be */
};
struct config_gap {
	char *top, *why; /* path on that host; a sentence's end */
};
/* Whether there is any. */
bool config_code_captured(const CollectIndex *index);
/* False only where nothing can be put anywhere, with STOPPED too; single checkouts become gaps. */
bool config_code_put(const struct config_code_request *request, struct config_code *code,
		     GError **error);
void config_code_clear(struct config_code *code);
/* Why a path is not there; NULL: nothing was captured of it. */
const char *config_code_gap(const struct config_code *code, const char *path);

#endif
