#ifndef ODR_PG_CONTROL_H
#define ODR_PG_CONTROL_H

#include "pg/wal.h"

/* global/pg_control (pg_control.h; POSTGRES.md 1.1). */
#define CONTROL_FILE_SIZE 8192
struct control {
	uint64_t system_identifier;
	uint32_t control_version, catalog_version;
	int major; /* 13 … 18 */
	uint32_t state;
	lsn_t checkpoint, redo;
	uint32_t timeline;
	lsn_t minimum_recovery;
	int32_t max_connections, max_worker_processes, max_wal_senders, max_prepared_transactions,
		max_locks_per_transaction;
	uint32_t wal_level, block_size, blocks_per_segment, wal_block_size, wal_segment_size;
	uint32_t checksum_version; /* 0: off */
};
enum control_state {
	CONTROL_SHUT_DOWN = 1,
	CONTROL_SHUT_DOWN_IN_RECOVERY = 2,
	CONTROL_IN_ARCHIVE_RECOVERY = 5,
	CONTROL_IN_PRODUCTION = 6
};
/* Checks CRC, versions, sizes. */
bool control_parse(const void *bytes, size_t size, struct control *control, GError **error);
/* Reads PGDATA/global/pg_control, again while the CRC is wrong (torn read), as PostgreSQL's own programs
 * do. bytes may be NULL. */
bool control_read(const char *pgdata, struct control *control, uint8_t bytes[CONTROL_FILE_SIZE],
		  GError **error);

/* Directory of a tablespace's own version, "PG_15_202209061"; g_free. */
char *control_tablespace_directory(const struct control *control);

#endif
