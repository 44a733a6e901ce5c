#ifndef ODR_OPS_ARCHIVE_H
#define ODR_OPS_ARCHIVE_H

#include "repo/wal_journal.h"
#include "repo/wal_object.h"

/*
 * archive_command and restore_command (POSTGRES.md 7). Linked by the small program: no libpq, SQLite,
 * jansson.
 */
struct archive_push_request {
	const GPtrArray *repos;
	const Bundle *bundle;
	const char *state; /* the service's folder: journal in <state>/wal, pin in <state>/cluster */
	const char *path;  /* %p: relative to the working directory, or absolute */
	unsigned batch;    /* further .ready segments taken along at most */
	unsigned workers;
	int compress_level;
};
/* True when the file is durable in every repository, or was already with the same content. Other files
 * taken along never decide. A different file of the same name: EXISTS. */
bool archive_push(const struct archive_push_request *request, GError **error);

struct archive_get_request {
	const GPtrArray *repos;
	const Identity *identity;
	const char *spool; /* the service's spool folder, made if missing (0700); NULL: no prefetch */
	const char *file;  /* %f */
	const char *path;  /* %p */
	unsigned batch;    /* segments to fetch ahead */
	unsigned workers;
	usec_t timeout; /* how long trouble is retried */
};
/* found false: absence is proven by a listing of every repository. Anything else unclear is an error
 * (the caller exits 126). Damaged objects are reported and others of the name tried. */
bool archive_get(const struct archive_get_request *request, bool *found, GError **error);

#endif
