#ifndef ODR_OPS_BACKUP_H
#define ODR_OPS_BACKUP_H

#include "repo/manifest.h"

/*
 * Full capture of a running cluster: archive check, non-exclusive start, copy by workers, pg_control
 * last, stop, all WAL durable, then the manifest, which alone makes the set.
 */
struct backup_progress {
	const char *phase; /* "checking the archive", "copying", … */
	uint64_t bytes_done, bytes_total;
};
struct backup_request {
	const GPtrArray *repos;		     /* Repo; every one must take everything */
	const struct store_settings *stores; /* where they lie, as many */
	const Bundle *bundle;
	const char *conninfo;
	const char *data_directory; /* NULL: as the server says */
	const char *state;	    /* the service's folder */
	const char *run_id;
	const char *program; /* "odrbackup 0.1" */
	unsigned workers;
	int compress_level;
	usec_t retain, backup_every, generation_length;
	usec_t archive_timeout; /* how long to wait for a segment to become durable */
	usec_t lock_wait;
	void (*progress)(void *data, const struct backup_progress *progress); /* or NULL */
	void *progress_data;
};
struct backup_result {
	Manifest *manifest; /* as published; damaged->len > 0: source damage is recorded in it */
	bool new_chain;	    /* the writer's chain began anew: why */
	char *chain_reason;
	GPtrArray *notes; /* sentences for the user, char * */
};
void backup_result_clear(struct backup_result *result);
bool backup_run(const struct backup_request *request, struct backup_result *result, GError **error);

#endif
