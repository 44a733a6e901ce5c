#ifndef ODR_DRILL_EVIDENCE_MIRROR_H
#define ODR_DRILL_EVIDENCE_MIRROR_H

#include "catalog/catalog.h"

/*
 * Inside drill/ only: the mirror of the audit chain. <folder>/catalog.db has the digest of every line that was appended
 * on this host, and an export has them in audit-mirror.tsv (seq, digest, event, run or "-"; a line each, by seq). A
 * chain that was cut behind its last checkpoint ends before its mirror. Whoever can write here can alter both: only
 * what is locked in a repository proves more.
 */
#define MIRROR_FILE "audit-mirror.tsv"

/* lines: struct catalog_audit. */
bool mirror_add(const char *state, const GPtrArray *lines, GError **error);
/* What catalog and export have, in no order: struct catalog_audit. None where there is neither. CORRUPT where the
 * export's is none. */
bool mirror_read(const char *folder, GPtrArray **lines, GError **error);
char *mirror_print(const GPtrArray *lines); /* g_free */

#endif
