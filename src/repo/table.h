#ifndef ODR_REPO_TABLE_H
#define ODR_REPO_TABLE_H

#include "repo/repo.h"

/*
 * The packs one layer refers to, in the clear, so that a keeper works without keys. Bytes: magic
 * "ODRTABL1" · u16 version 1 · u16 0 · u64 features · u16 length and text of the generation · u32
 * count · rows of SHA-256 of the pack (its name), u64 size, SHA-256 of its header. Object: named by its
 * own SHA-256. Feature bits are as in crypto/seal.h. What a newer version wrote is REFUSED.
 */
struct pack_row {
	uint8_t name[SHA256_SIZE];
	uint64_t size;
	uint8_t header[SHA256_SIZE];
};
typedef struct table Table;
struct table {
	char *generation;
	GArray *rows; /* struct pack_row */
};
#define TABLE_ROWS_MAX 800000 /* 72 bytes each, within one object */
Table *table_new(const char *generation);
void table_free(Table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)
GByteArray *table_encode(const Table *table);
bool table_parse(const void *bytes, size_t size, Table **table, GError **error);
bool table_store(const GPtrArray *repos, const Table *table, usec_t lock_until,
		 uint8_t sha256[SHA256_SIZE], GError **error);
bool table_load(Repo *repo, const uint8_t sha256[SHA256_SIZE], Table **table, GError **error);

#endif
