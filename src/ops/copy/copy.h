#ifndef ODR_OPS_COPY_COPY_H
#define ODR_OPS_COPY_COPY_H

#include "pg/pgdata.h"
#include "repo/manifest.h"

/*
 * The copying half of a backup: files of PGDATA (and of elsewhere) into packs, by workers. Page
 * checksums are verified on the way.
 */
struct copy_settings {
	const char *pgdata;
	const struct control *control;
	lsn_t backup_start;
	usec_t started; /* when the server was asked to begin, by the host's clock */
	struct pack_sink *sink;
	unsigned workers;
	uint64_t digest_seed; /* of content digests */
	const char *spool;    /* folder for the list of entries where it is long */
	/* Called in the calling thread several times a second; false ends the copy with its error. */
	bool (*tick)(void *data, uint64_t bytes_done, GError **error);
	void *tick_data;
};
struct copy;
/* files: struct pgdata_file, sorted by path; borrowed until copy_free. */
struct copy *copy_new(const struct copy_settings *settings, const GPtrArray *files);
void copy_free(struct copy *copy);
uint64_t copy_bytes_total(const struct copy *copy);
/* All but the files marked last. */
bool copy_run(struct copy *copy, GError **error);
/* pg_control: read until its checksum holds. */
bool copy_last(struct copy *copy, GError **error);
/* A file outside PGDATA by its absolute path, followed if it is a link, or a folder (alone). */
bool copy_outside(struct copy *copy, const char *path, GError **error);
/* What is known when the server has ended the backup. */
struct copy_end {
	lsn_t stop;
	GHashTable *tablespaces; /* its tablespace_map: OID → path */
};
/* What was copied: calls each for every entry in order of path, without files that vanished and tablespaces
 * that were created meanwhile. damaged gets what was damaged (struct damage), files with pages from the
 * future included. */
struct copy_gather {
	layer_each each;
	void *data;
	GPtrArray *damaged;
};
bool copy_finish(struct copy *copy, const struct copy_end *end, const struct copy_gather *gather,
		 GError **error);

#endif
