#ifndef ODR_CRYPTO_DIGEST_H
#define ODR_CRYPTO_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define SHA256_SIZE 32
#define SHA1_SIZE   20
#define MD5_SIZE    16
#define XXH128_SIZE 16

/* SHA-256 through libcrypto, which uses the CPU's instructions. */
struct sha256;
struct sha256 *sha256_new(void);
void sha256_reset(struct sha256 *state);
void sha256_update(struct sha256 *state, const void *data, size_t size);
void sha256_final(struct sha256 *state, uint8_t digest[SHA256_SIZE]);
void sha256_free(struct sha256 *state);
void sha256(const void *data, size_t size, uint8_t digest[SHA256_SIZE]);
void sha1(const void *data, size_t size, uint8_t digest[SHA1_SIZE]);
/* The same in pieces: reset, update, final, and again. */
struct sha1;
struct sha1 *sha1_new(void);
void sha1_reset(struct sha1 *state);
void sha1_update(struct sha1 *state, const void *data, size_t size);
void sha1_final(struct sha1 *state, uint8_t digest[SHA1_SIZE]);
void sha1_free(struct sha1 *state);
void hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
		 uint8_t digest[SHA256_SIZE]);
/* For stores that demand Content-MD5; it guards against nothing but accidents. */
void md5(const struct iovec *parts, int count, uint8_t digest[MD5_SIZE]);

/* XXH3-128 with a secret seed, canonical (big-endian) bytes. Finds accidents, not attackers. */
void xxh128(uint64_t seed, const void *data, size_t size, uint8_t digest[XXH128_SIZE]);
/* The same of all that was given, in order. */
struct xxh128;
struct xxh128 *xxh128_new(uint64_t seed);
void xxh128_update(struct xxh128 *state, const void *data, size_t size);
void xxh128_final(const struct xxh128 *state, uint8_t digest[XXH128_SIZE]);
void xxh128_free(struct xxh128 *state);
/* XXH3-64 with a seed, for comparing pages. */
uint64_t xxh64(uint64_t seed, const void *data, size_t size);

/*
 * Digest of a file's content that can be computed block by block in any order: XXH3-128 of each
 * 1 MiB block; a file of one block (or empty: the block of no bytes) has that block's digest, a
 * longer one the XXH3-128 of the concatenated block digests. Same seed throughout.
 */
#define CONTENT_BLOCK_SIZE ((size_t)1 << 20)
void content_digest_join(uint64_t seed, const uint8_t *block_digests, size_t count,
			 uint8_t digest[XXH128_SIZE]);

/* CRC-32C (Castagnoli), as in pg_control and PostgreSQL's manifests; crc32c_init() first, then
 * update, then crc32c_value. Hardware instruction where there is one. */
uint32_t crc32c_init(void);
uint32_t crc32c_update(uint32_t state, const void *data, size_t size);
uint32_t crc32c_update_portable(uint32_t state, const void *data, size_t size); /* the same */
uint32_t crc32c_value(uint32_t state);

void random_bytes(void *buffer, size_t size); /* cryptographic */

#endif
