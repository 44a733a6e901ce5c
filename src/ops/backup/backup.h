#ifndef ODR_OPS_BACKUP_BACKUP_H
#define ODR_OPS_BACKUP_BACKUP_H

#include "repo/manifest.h"
#include "repo/moment.h"

/*
 * A run that captures parts of a service into a new set: each part in turn (backup_part.h says what a part
 * is), then one manifest for all of them, which alone makes the set; or, where nothing is new in any of them,
 * a moment for each (repo/moment.h).
 *
 * The parts are independent: one that fails is left out of the set, and the result says why; only when
 * none is left does the run fail. A run stopped by a signal publishes nothing.
 */
struct backup_progress {
	const char *phase; /* "checking the archive", "copying", … */
	uint64_t bytes_done, bytes_total;
};
struct backup_database; /* ops/backup_database.h: how to capture the part */
struct backup_filestore;
struct backup_config; /* ops/backup_config.h */
struct backup_request {
	const GPtrArray *repos;		     /* Repo; every one must take everything */
	const struct store_settings *stores; /* where they lie, as many */
	const Bundle *bundle;
	const char *state; /* the service's folder */
	const char *run_id;
	const char *program; /* "odrbackup 0.1" */
	unsigned workers;
	int compress_level;
	usec_t retain, backup_every;
	usec_t lock_wait; /* for the lock of each part, and that of the chain */
	void (*progress)(void *data, const struct backup_progress *progress); /* or NULL */
	void *progress_data;
	/* The parts to capture, at least one; NULL: not this one. */
	const struct backup_database *database;
	const struct backup_filestore *filestore;
	const struct backup_config *config;
};
struct backup_failure {
	const char *part;
	GError *error;
};
struct backup_result {
	Manifest *
		manifest; /* as published; damaged->len > 0: source damage is recorded in it. NULL: none */
	GPtrArray *moments; /* struct moment: instead of a manifest */
	GArray *stored_at; /* usec_t of the manifest in every repository, by its clock; 0: untold */
	bool new_chain;	   /* the writer's chain began anew: why */
	char *chain_reason;
	GPtrArray *notes;     /* sentences for the user, char * */
	GPtrArray *failures;  /* struct backup_failure: parts that the set lacks */
	GPtrArray *omissions; /* sentences, char *: what else should be captured and is not */
	unsigned damaged_new; /* damage that the set before did not have */
};
void backup_result_clear(struct backup_result *result);
/* On failure the result still has notes; clear it in any case. */
bool backup_run(const struct backup_request *request, struct backup_result *result, GError **error);

#endif
