#ifndef ODR_CLI_VIEWS_PROOF_H
#define ODR_CLI_VIEWS_PROOF_H

#include "odoo/attachments.h"
#include "ops/filestore/proof.h"

#include <jansson.h>

/* How the proof of one database's filestore is shown. */
struct proof_view {
	const char *database, *folder;
	const struct filestore_proof *proof;
	const struct attachments *attachments; /* where others are */
};
void proof_view_print(const struct proof_view *view);
json_t *proof_view_json(const struct proof_view *view); /* new reference */

#endif
