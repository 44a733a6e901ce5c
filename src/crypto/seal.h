#ifndef ODR_CRYPTO_SEAL_H
#define ODR_CRYPTO_SEAL_H

#include "crypto/digest.h"
#include "crypto/keys.h"

/*
 * A sealed object (pack, layer, WAL object, manifest, mark, anchor):
 *
 *   header   magic "ODRSEAL1" · u16 version 1 · u16 kind · u64 features · u32 header size ·
 *            typed fields (service, cipher, ephemeral key, commitment, wraps, extra …)
 *   chunks   sealed, back to back; then optional unused bytes
 *   footer   sealed as chunk 2^64-1: u32 count, then per chunk u64 offset, u32 sealed size, u32 plain
 *            size, XXH3-128 of the plain content
 *   trailer  u32 sealed size of the footer · u32 number of chunks · magic "ODREND01"
 *
 * All numbers are little-endian. A random 32-byte object key K is wrapped to every recipient:
 *   shared   = X25519(ephemeral, recipient)
 *   wrapping = BLAKE2b-256("odrbackup wrap 1" NUL, service id, ephemeral public key,
 *              recipient's public key, shared)
 *   wrap     = ChaCha20-Poly1305-IETF of K by the wrapping key, nonce zero, no associated data
 * From K, where BLAKE2b-256 is keyed by K and the label has no NUL:
 *   chunk key  = BLAKE2b-256("odrbackup chunk key 1")
 *   commitment = BLAKE2b-256("odrbackup commitment 1")
 * Chunks: ChaCha20-Poly1305-IETF by the chunk key, nonce = u32 0 and u64 chunk number, associated
 * data = SHA-256 of the whole header · u64 number · u32 plain length, where the plain length is that
 * of what is sealed (codec byte included). The tag of 16 bytes follows the ciphertext.
 *
 * Features: a reader refuses unknown bits 0 to 31 and may ignore 32 to 63. No bit has a meaning yet.
 */
enum seal_kind {
	SEAL_PACK = 1,
	SEAL_LAYER = 2,
	SEAL_WAL = 3,
	SEAL_MANIFEST = 4,
	SEAL_MARK = 5,
	SEAL_ANCHOR = 6
};

#define SEAL_OVERHEAD	   16 /* bytes a sealed chunk is longer than its content */
#define SEAL_FOOTER_NUMBER UINT64_MAX
#define SEAL_HEADER_MAX	   ((size_t)16 << 20) /* a manifest's public part lies in the header */
#define SEAL_TRAILER_SIZE  16
#define SEAL_FOOTER_ROW	   32
#define SEAL_WRAP_SIZE	   (KEY_SIZE + KEY_SIZE + SEAL_OVERHEAD)
/* Header field types, each at most once, in any order; all but the last must be there. A reader
 * ignores unknown ones from 0x8000 on and refuses others. */
enum seal_field {
	SEAL_FIELD_SERVICE = 1,	   /* 16 bytes */
	SEAL_FIELD_CIPHER = 2,	   /* u16: 1 */
	SEAL_FIELD_EPHEMERAL = 3,  /* X25519 public key */
	SEAL_FIELD_COMMITMENT = 4, /* 32 bytes */
	SEAL_FIELD_WRAPS = 5,  /* recipient's public key · 48 bytes; 1 to RECIPIENTS_MAX times */
	SEAL_FIELD_PUBLIC = 6, /* kind-specific public part */
};

/* Sealing: one sealer per object, used by one thread; seal_chunk may be called by several threads
 * for different numbers (it has no state but the key). */
typedef struct sealer Sealer;
void sealer_free(Sealer *sealer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sealer, sealer_free)
struct seal_request {
	enum seal_kind kind;
	const uint8_t *service_id;
	const GPtrArray *recipients; /* struct recipient; scope WAL only receives SEAL_WAL */
	const void *public_part;     /* NULL: none */
	size_t public_size;
};
Sealer *sealer_new(const struct seal_request *request, GError **error);
const uint8_t *sealer_header(const Sealer *sealer, size_t *size);
void sealer_header_digest(const Sealer *sealer, uint8_t digest[SHA256_SIZE]);
/* sealed has room for size + SEAL_OVERHEAD; plain and sealed may be the same place. */
void seal_chunk(const Sealer *sealer, uint64_t number, const void *plain, size_t size,
		void *sealed);

/* Opening. The header is hostile until checked. Errors: CORRUPT for damage, REFUSED for what a newer
 * version wrote; they speak of "the object", the caller's context says which. */
struct seal_header {
	enum seal_kind kind;
	size_t size; /* whole header */
	uint8_t service_id[SERVICE_ID_SIZE];
	const uint8_t *public_part; /* inside the header's bytes */
	size_t public_size;
	uint8_t digest[SHA256_SIZE];
	const uint8_t *ephemeral, *commitment, *wraps;
	size_t wrap_count;
};
/* Size of the header from its first 24 bytes, for ranged reads. */
#define SEAL_HEADER_START 24
bool seal_header_size(const void *start, size_t *size, GError **error);
/* bytes must outlive header. Refuses unknown versions and features by name. */
bool seal_header_parse(const void *bytes, size_t size, struct seal_header *header, GError **error);

typedef struct opener Opener;
void opener_free(Opener *opener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Opener, opener_free)
/* Finds the wrap for the identity and checks the commitment; AUTH when no wrap is for it. The service
 * must be the identity's: AUTH. The opener copies what it needs. */
Opener *opener_new(const struct seal_header *header, const Identity *identity, GError **error);
/* plain has room for sealed_size - SEAL_OVERHEAD; thread-safe. CORRUPT when not authentic. */
bool open_chunk(const Opener *opener, uint64_t number, const void *sealed, size_t sealed_size,
		void *plain, GError **error);

#endif
