#ifndef ODR_OPS_RESTORE_FILESTORE_H
#define ODR_OPS_RESTORE_FILESTORE_H

#include "ops/filestore/choice.h"
#include "ops/restore/restore.h"

/*
 * A filestore from its captures into a folder: for each database, or other folder that was captured, a folder of its
 * name. What several captures have is taken once; what the later ones say was removed stays. Every file is checked
 * against the digest of what was captured.
 */

/* What the repository has of it. */
struct filestore_holdings {
	Repo *repo;
	ManifestIndex *index;
	const GPtrArray *manifests; /* of the index: those that were read */
	GPtrArray *moments;  /* struct moment, oldest first: as listed, until one is wanted */
	GPtrArray *troubles; /* char *: what did not verify */
};
/* What there is, by its name; what is needed is read when it is chosen. */
bool filestore_holdings_read(Repo *repo, const Identity *identity,
			     struct filestore_holdings *holdings, GError **error);
void filestore_holdings_clear(struct filestore_holdings *holdings);
/* What that very set has: an id, latest, oldest. NOT_FOUND. */
bool filestore_holdings_set(struct filestore_holdings *holdings, const char *wanted,
			    const Manifest **manifest, GError **error);
/* As the layout of the newest capture wants it: the union around the moment, or exactly one capture. Adds to troubles. */
bool filestore_holdings_choose(struct filestore_holdings *holdings,
			       const struct filestore_span *span, struct filestore_choice *choice,
			       GError **error);

struct restore_filestore_request {
	Repo *repo;
	const Identity *identity;
	const struct filestore_choice *choice;
	const char
		*folder; /* absolute; missing or empty, or left by a restore that was interrupted */
	const char *tree;   /* only this one; NULL: all */
	GHashTable *wanted; /* of it only these files, by their names in it; NULL: all */
	bool throw_away;    /* nothing is synced */
	unsigned workers;
	const char *spool; /* folder for long lists */
	const char *run_id;
	void (*progress)(void *data, const struct restore_progress *progress);
	void *progress_data;
};
struct restore_filestore_result {
	uint64_t files, bytes; /* written */
	unsigned trees;
};
/* REFUSED where the folder is another's; touches nothing. */
bool restore_filestore_guard(const char *folder, GError **error);
bool restore_filestore(const struct restore_filestore_request *request,
		       struct restore_filestore_result *result, GError **error);

#endif
