#ifndef ODR_OPS_BACKUP_STEPS_H
#define ODR_OPS_BACKUP_STEPS_H

#include "base/file.h"
#include "ops/backup.h"
#include "ops/copy.h"
#include "pg/session.h"
#include "repo/chain.h"

/* What the files of a backup share; backup.c has the order of the steps. */
struct backup {
	const struct backup_request *request;
	struct backup_result *result;
	struct file_lock lock;
	struct chain chain;
	Session *session;
	struct session_server server;
	struct control control;
	char *pgdata;
	char *generation;
	usec_t started, lock_until;
	lsn_t start;
	struct session_backup_stop stop;
	struct pack_sink *sink;
	GPtrArray *files; /* struct pgdata_file */
	struct copy *copy;
	usec_t pinged;
	int64_t next_xid; /* no transaction from it on had begun when the copy ended */
	Manifest *manifest;
};

/* The last segment that the set needs. */
void backup_last_segment(const struct backup *backup, char name[WAL_SEGMENT_NAME_SIZE]);

/* backup_manifest.c: layer and table become durable and the manifest is filled in … */
bool backup_describe(struct backup *backup, GError **error);
/* … and published, which makes the set. */
bool backup_publish(struct backup *backup, GError **error);

#endif
