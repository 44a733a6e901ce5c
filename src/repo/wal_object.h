#ifndef ODR_REPO_WAL_OBJECT_H
#define ODR_REPO_WAL_OBJECT_H

#include "repo/layout.h"
#include "repo/repo.h"
#include "repo/signed_object.h"
#include "stream/compress.h"

/*
 * Sealed WAL files: kind SEAL_WAL, public part = typed fields (WAL_FIELD_*), chunks of CHUNK_MAX packed
 * with the chunk codec, a writer's signature at the end. Named wal/<timeline>/<file>-<digest>, digest
 * being the seeded XXH3-128 of the whole plain file. A file of more than WAL_PIECE_SIZE becomes several
 * objects with ".<k>of<n>" appended, k from 1; it is there when all n are.
 */
#define WAL_FILE_MAX   ((uint64_t)1 << 30)
#define WAL_PIECE_SIZE ((uint64_t)32 << 20)
enum wal_field {
	WAL_FIELD_FILE = 1,   /* text */
	WAL_FIELD_SIZE = 2,   /* u64, of the whole file */
	WAL_FIELD_SYSTEM = 3, /* u64 system identifier, 0: none (history files) */
	WAL_FIELD_MAJOR = 4,  /* u32, 0: none */
	WAL_FIELD_PIECE = 5,  /* u32 k, u32 n, u64 offset */
};
unsigned wal_object_pieces(uint64_t file_size); /* n, at least 1 */
uint64_t wal_piece_offset(unsigned piece);
uint64_t wal_piece_size(uint64_t file_size, unsigned piece);

struct wal_object {
	char *local; /* name */
	GByteArray *bytes;
};
void wal_object_clear(struct wal_object *object);
struct wal_object_request {
	const Bundle *bundle;
	const char *file;
	const void *content; /* the whole file */
	uint64_t size;
	uint8_t digest[XXH128_SIZE]; /* by wal_object_digest */
	unsigned piece;		     /* 1 … n */
	uint64_t system_identifier;
	int major;
	int compress_level;
	unsigned threads; /* compress and seal chunks in parallel; 0 or 1: none */
};
void wal_object_digest(const uint8_t digest_secret[KEY_SIZE], const void *content, uint64_t size,
		       uint8_t digest[XXH128_SIZE]);
/* The same for content that comes in parts. */
struct xxh128 *wal_object_digest_new(const uint8_t digest_secret[KEY_SIZE]);
bool wal_object_seal(const struct wal_object_request *request, struct wal_object *object,
		     GError **error);

struct wal_facts {
	char *file;
	uint64_t size, system_identifier;
	int major;
	unsigned piece, pieces;
	uint64_t offset;
	struct endorsement writer;
};
void wal_facts_clear(struct wal_facts *facts);
/* Checks signature, name, form, without a key. CORRUPT, or REFUSED for what a newer version wrote. */
bool wal_object_check(const struct key_service *service, const char *local, const void *object,
		      size_t size, struct wal_facts *facts, GError **error);
/* As wal_object_check, and gives what its content is read from: refers to the bytes. */
bool wal_object_open(const struct key_service *service, const char *local, const void *bytes,
		     size_t size, struct signed_object *object, struct wal_facts *facts,
		     GError **error);

char *wal_object_name(const char *file, const uint8_t digest[XXH128_SIZE], unsigned piece,
		      unsigned pieces);
/* Takes a name apart. piece and pieces are 1 for a file of one object. Judges hostile text. */
bool wal_object_name_parse(const char *local, char **file, uint8_t digest[XXH128_SIZE],
			   unsigned *piece, unsigned *pieces);

#endif
