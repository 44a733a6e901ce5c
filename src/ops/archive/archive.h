#ifndef ODR_OPS_ARCHIVE_ARCHIVE_H
#define ODR_OPS_ARCHIVE_ARCHIVE_H

#include "crypto/keys.h"
#include "ops/archive/choice.h"
#include "store/store.h"

/*
 * archive_command and restore_command (POSTGRES.md 7). Linked by the small program: no libpq, SQLite,
 * jansson. Repositories are opened here, and only when needed: a duplicate needs none, and one that
 * cannot be reached must not hold up what the others can do.
 */
struct archive_push_request {
	const struct store_settings *repositories;
	size_t repository_count;
	const Bundle *bundle;
	const char
		*state;	  /* the service's folder: journal in <state>/wal, pin in <state>/cluster */
	const char *path; /* %p: relative to the working directory, or absolute */
	const char *data_directory; /* where the cluster is; NULL: wherever */
	unsigned batch;		    /* further .ready segments taken along at most */
	unsigned workers;
	int compress_level;
	usec_t lock_for; /* where the store locks; 0: not */
};
/* True when the file is durable in every repository, or was already with the same content. Other files
 * taken along never decide. A different file of the same name: EXISTS; of a copy of the cluster, in another
 * folder: REFUSED. Nothing in pg_wal is changed. */
bool archive_push(const struct archive_push_request *request, GError **error);
/* True where an earlier push took the file along, so that nothing is left to do: no repository is asked for
 * that, nor a bundle needed. False says nothing. */
bool archive_push_is_done(const struct archive_push_request *request);

struct archive_get_request {
	const struct store_settings *repositories;
	size_t repository_count;
	const Identity *identity;
	const char *spool; /* folder of fetched segments, of this service alone, made if missing
			    * (0700); NULL: no prefetch */
	const char *state; /* folder where archive_altered_keep keeps; NULL: nowhere */
	const char *file;  /* %f */
	const char *path;  /* %p */
	unsigned batch;	   /* segments to fetch ahead; 0: none */
	unsigned workers;
	usec_t timeout;		 /* how long trouble is retried */
	archive_find_sets *sets; /* as archive_sets */
};
enum archive_got {
	ARCHIVE_GOT,
	ARCHIVE_ABSENT, /* proven by a listing of every repository */
	ARCHIVE_NEEDS_SETS, /* of several objects, only sets tell which counts: ask a program that reads them */
};
/* Anything unclear is an error (the caller exits 126). Damaged objects are reported and others of the name
 * tried, unless a set lists the damaged one. A process that fetches ahead may be left in the background; it
 * holds nothing that a caller waits for. */
bool archive_get(const struct archive_get_request *request, enum archive_got *got, GError **error);

#endif
