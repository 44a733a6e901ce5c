#ifndef ODR_OPS_BACKUP_FILESTORE_H
#define ODR_OPS_BACKUP_FILESTORE_H

#include "ops/backup/part.h"

/*
 * The part filestore: the folders of Odoo's attachments, or ordinary ones. The first capture of a generation
 * reads everything; later ones only what is new, and where nothing is, they end with a moment.
 *
 * Odoo writes a file once, straight to its final name, which is the SHA-1 of its content: a name that was
 * captured is never read again, and only folders that look otherwise than last time are listed. While files of
 * a database are listed and read, its collector of unused files is held off (odoo/fence.h).
 */
struct backup_filestore {
	const char *const *places; /* folders, or NAME:FOLDER; ends with NULL */
	const char *const
		*databases;   /* whose folders, by name or pattern; "!" excludes; NULL: all usual */
	bool plain;	      /* ordinary folders, not Odoo's */
	const char *conninfo; /* of the cluster with the databases; NULL: there is none */
	bool may_lock_job, may_lock_table;
	unsigned
		shrink_percent; /* what may vanish of one tree between two captures without an alarm */
	usec_t generation_length;
	bool full; /* begin a new generation */
};
BackupPart *backup_filestore_new(const struct backup_filestore *settings);

#endif
