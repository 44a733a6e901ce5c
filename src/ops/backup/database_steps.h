#ifndef ODR_OPS_BACKUP_DATABASE_STEPS_H
#define ODR_OPS_BACKUP_DATABASE_STEPS_H

#include "ops/backup/database.h"
#include "ops/copy/copy.h"
#include "pg/session.h"

/* What the files of a database's capture share; backup_database.c has the order of the steps. */
struct database_capture {
	BackupPart part;
	const struct backup_database *settings;
	Session *session;
	struct session_server server;
	struct control control;
	char *pgdata;
	char *generation;
	usec_t lock_until;
	lsn_t start;
	struct session_backup_stop stop;
	struct pack_sink *sink;
	GPtrArray *files; /* struct pgdata_file */
	struct copy *copy;
	usec_t pinged;
	int64_t next_xid; /* no transaction from it on had begun when the copy ended */
	/* What the manifest will say: */
	struct layer_ref layer;
	uint64_t entries, bytes;
	GPtrArray *damaged;   /* struct damage */
	GPtrArray *databases; /* struct session_database */
};

/* The last segment that the set needs. */
void database_last_segment(const struct database_capture *capture,
			   char name[WAL_SEGMENT_NAME_SIZE]);

/* backup_database_set.c: layer and table become durable … */
bool database_store_layer(struct database_capture *capture, GError **error);
/* … and the manifest is filled in. */
bool database_describe(BackupPart *part, Manifest *manifest, GError **error);

#endif
