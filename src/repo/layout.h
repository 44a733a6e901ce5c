#ifndef ODR_REPO_LAYOUT_H
#define ODR_REPO_LAYOUT_H

#include "crypto/digest.h"
#include "crypto/keys.h"
#include "pg/wal.h"

/*
 * Names of objects (DESIGN.md section 5). "Local" names are relative to the service's folder and are
 * what signatures cover: "set/20261121T230501Z-1a2b3c4d". All results: g_free. All parsers judge
 * hostile text.
 */
#define LAYOUT_REPOSITORY "repository" /* beside the services' folders */

#define SET_ID_LENGTH 25 /* 20261121T230501Z-<8 hex> */
char *set_id_new(usec_t now);
bool set_id_valid(const char *id);
usec_t set_id_time(const char *id); /* of a valid id */

/* Generation ids: <lock date, 20261231>-<16 hex>. */
char *generation_id_new(usec_t lock_until);
bool generation_id_valid(const char *id);
usec_t generation_lock_date(const char *id); /* start of the day after the lock date */

char *layout_set(const char *set_id);
char *layout_pack(const char *generation, const uint8_t sha256[SHA256_SIZE]);
char *layout_table(const uint8_t sha256[SHA256_SIZE]);
/* file: segment, history, .partial or .backup name; digest: seeded XXH3-128 of the plain content. */
char *layout_wal(const char *file, const uint8_t digest[XXH128_SIZE]);
char *layout_wal_prefix(const char *file); /* "wal/<timeline>/<file>-" */

char *layout_moment(const char *part, const char *name);
/* Names of holds are made as set ids are. */
char *layout_hold(const char *set_id, const char *name);
bool layout_parse_hold(const char *local, char **set_id, char **name);
bool layout_parse_moment(const char *local, char **part, char **name);

/* Ids of marks: <time, 20261121T230501Z>-<16 hex of the name's keyed digest>. */
#define MARK_DIGEST_SIZE 8
char *mark_id_of(usec_t made, const uint8_t digest[MARK_DIGEST_SIZE]);
bool mark_id_valid(const char *id);
char *layout_mark(const char *mark_id);
bool layout_parse_mark(const char *local, char **mark_id, uint8_t digest[MARK_DIGEST_SIZE]);
/* An anchor has the id of its mark. */
char *layout_anchor(const char *mark_id);
bool layout_parse_anchor(const char *local, char **mark_id);

/* Files of evidence, and of checkpoints of the audit chain: suffix ".json", ".json.sig", …; parsed is the first. */
char *layout_evidence(const char *run, const char *name);
char *layout_checkpoint(const char *id, const char *suffix);
bool layout_parse_checkpoint(const char *local, char **id);

bool layout_parse_set(const char *local, char **set_id);
bool layout_parse_pack(const char *local, char **generation, uint8_t sha256[SHA256_SIZE]);
bool layout_parse_wal(const char *local, char **file, uint8_t digest[XXH128_SIZE]);

#endif
