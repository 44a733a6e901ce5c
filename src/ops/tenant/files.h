#ifndef ODR_OPS_TENANT_FILES_H
#define ODR_OPS_TENANT_FILES_H

#include "ops/filestore/proof.h"
#include "ops/restore/filestore.h"
#include "ops/tenant/tenant.h"

/*
 * The files of a recovered database: those, and only those, that it names itself, out of all captures around its moment;
 * then each is proven to be there, and right.
 */
struct tenant_files_request {
	const Tenant *tenant;
	const char *database; /* its name then, which is that of its tree */
	Repo *repo;
	const Identity *identity;
	struct filestore_span span; /* the database's moment lies within */
	const char *folder;	    /* missing or empty: gets a folder of the database's name */
	const char *spool, *run_id;
	unsigned workers;
	bool throw_away; /* nothing is synced */
	void (*progress)(void *data, const struct restore_progress *progress);
	void *progress_data;
};
struct tenant_files {
	struct restore_filestore_result restored;
	struct filestore_proof proof;
	char *gap;	   /* a sentence: why some may be missing; or NULL */
	json_t *elsewhere; /* attachments that lie in other stores, as odoo/attachments.h counts them */
	char *elsewhere_text; /* the same for people, or NULL */
};
void tenant_files_clear(struct tenant_files *files);
/* NOT_FOUND where no filestore was captured; REFUSED for a database that is none of Odoo's. What is missing is no
 * failure: it stands in the proof. */
bool tenant_files(const struct tenant_files_request *request, struct tenant_files *files,
		  GError **error);

#endif
