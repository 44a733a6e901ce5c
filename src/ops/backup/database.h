#ifndef ODR_OPS_BACKUP_DATABASE_H
#define ODR_OPS_BACKUP_DATABASE_H

#include "ops/backup/part.h"

/*
 * The part database: a full capture of a running cluster. Archive check, non-exclusive start, copy by
 * workers, pg_control last, stop, all WAL durable.
 */
struct backup_database {
	const char *conninfo;
	const char *data_directory; /* NULL: as the server says */
	usec_t generation_length;
	usec_t archive_timeout; /* how long to wait for a segment to become durable */
};
BackupPart *backup_database_new(const struct backup_database *settings);

#endif
