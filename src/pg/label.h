#ifndef ODR_PG_LABEL_H
#define ODR_PG_LABEL_H

#include "pg/wal.h"

/* backup_label and tablespace_map (POSTGRES.md 4.2). */
struct backup_label {
	lsn_t start, checkpoint;
	char first_segment[WAL_SEGMENT_NAME_SIZE];
	uint32_t timeline;
	bool from_standby;
};
bool backup_label_parse(const char *text, struct backup_label *label, GError **error);

/* OID → path; text in the file's own escaping. paths: GHashTable of guint32 (GUINT_TO_POINTER) → char*. */
bool tablespace_map_parse(const char *text, GHashTable **paths, GError **error);
char *tablespace_map_print(GHashTable *paths); /* sorted by OID; g_free; "" when empty */

#endif
