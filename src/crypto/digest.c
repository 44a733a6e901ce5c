#include "crypto/digest.h"

#include "crypto/library.h"

#include <sodium.h>
#include <string.h>
#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
# include <xxh_x86dispatch.h> /* chooses AVX2 or AVX-512 by what the CPU has */
#else
# include <xxhash.h>
#endif

struct sha256 {
	EVP_MD_CTX *context;
};

/* Digests fail only for want of memory or by our mistake. */
static void must(int result)
{
	if (result != 1)
		g_error("libcrypto cannot compute a digest");
}

struct sha256 *sha256_new(void)
{
	struct sha256 *state = g_new0(struct sha256, 1);

	state->context = EVP_MD_CTX_new();
	must(state->context && EVP_DigestInit_ex2(state->context, library_get()->sha256, NULL));
	return state;
}

void sha256_reset(struct sha256 *state)
{
	must(EVP_DigestInit_ex2(state->context, NULL, NULL));
}

void sha256_update(struct sha256 *state, const void *data, size_t size)
{
	must(EVP_DigestUpdate(state->context, data, size));
}

void sha256_final(struct sha256 *state, uint8_t digest[SHA256_SIZE])
{
	must(EVP_DigestFinal_ex(state->context, digest, NULL));
}

void sha256_free(struct sha256 *state)
{
	if (!state)
		return;
	EVP_MD_CTX_free(state->context);
	g_free(state);
}

static void digest_at_once(const EVP_MD *type, const void *data, size_t size, uint8_t *digest)
{
	EVP_MD_CTX *context = library_thread()->digest;

	must(EVP_DigestInit_ex2(context, type, NULL));
	must(EVP_DigestUpdate(context, data, size));
	must(EVP_DigestFinal_ex(context, digest, NULL));
}

void sha256(const void *data, size_t size, uint8_t digest[SHA256_SIZE])
{
	digest_at_once(library_get()->sha256, data, size, digest);
}

void sha1(const void *data, size_t size, uint8_t digest[SHA1_SIZE])
{
	digest_at_once(library_get()->sha1, data, size, digest);
}

struct sha1 {
	EVP_MD_CTX *context;
};

struct sha1 *sha1_new(void)
{
	struct sha1 *state = g_new0(struct sha1, 1);

	state->context = EVP_MD_CTX_new();
	must(state->context && EVP_DigestInit_ex2(state->context, library_get()->sha1, NULL));
	return state;
}

void sha1_reset(struct sha1 *state)
{
	must(EVP_DigestInit_ex2(state->context, NULL, NULL));
}

void sha1_update(struct sha1 *state, const void *data, size_t size)
{
	must(EVP_DigestUpdate(state->context, data, size));
}

void sha1_final(struct sha1 *state, uint8_t digest[SHA1_SIZE])
{
	must(EVP_DigestFinal_ex(state->context, digest, NULL));
}

void sha1_free(struct sha1 *state)
{
	if (!state)
		return;
	EVP_MD_CTX_free(state->context);
	g_free(state);
}

#define SHA256_BLOCK 64

/* RFC 2104 */
void hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
		 uint8_t digest[SHA256_SIZE])
{
	EVP_MD_CTX *context = library_thread()->digest;
	uint8_t inner[SHA256_BLOCK] = {0}, outer[SHA256_BLOCK], between[SHA256_SIZE];

	if (key_size > sizeof(inner))
		sha256(key, key_size, inner);
	else if (key_size > 0)
		memcpy(inner, key, key_size);
	for (size_t i = 0; i < SHA256_BLOCK; i++) {
		outer[i] = inner[i] ^ 0x5c;
		inner[i] ^= 0x36;
	}
	must(EVP_DigestInit_ex2(context, library_get()->sha256, NULL));
	must(EVP_DigestUpdate(context, inner, sizeof(inner)));
	must(EVP_DigestUpdate(context, data, size));
	must(EVP_DigestFinal_ex(context, between, NULL));
	must(EVP_DigestInit_ex2(context, library_get()->sha256, NULL));
	must(EVP_DigestUpdate(context, outer, sizeof(outer)));
	must(EVP_DigestUpdate(context, between, sizeof(between)));
	must(EVP_DigestFinal_ex(context, digest, NULL));
	sodium_memzero(inner, sizeof(inner));
	sodium_memzero(outer, sizeof(outer));
}

void md5(const struct iovec *parts, int count, uint8_t digest[MD5_SIZE])
{
	EVP_MD_CTX *context = library_thread()->digest;

	must(EVP_DigestInit_ex2(context, EVP_md5(), NULL));
	for (int i = 0; i < count; i++)
		must(EVP_DigestUpdate(context, parts[i].iov_base, parts[i].iov_len));
	must(EVP_DigestFinal_ex(context, digest, NULL));
}

static void xxh128_put(XXH128_hash_t hash, uint8_t digest[XXH128_SIZE])
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, hash);
	memcpy(digest, canonical.digest, XXH128_SIZE);
}

void xxh128(uint64_t seed, const void *data, size_t size, uint8_t digest[XXH128_SIZE])
{
	xxh128_put(XXH3_128bits_withSeed(data, size, seed), digest);
}

struct xxh128 {
	XXH3_state_t *state;
};

struct xxh128 *xxh128_new(uint64_t seed)
{
	struct xxh128 *state = g_new0(struct xxh128, 1);

	state->state = XXH3_createState();
	if (!state->state)
		g_error("cannot make a digest: out of memory");
	XXH3_128bits_reset_withSeed(state->state, seed);
	return state;
}

void xxh128_update(struct xxh128 *state, const void *data, size_t size)
{
	if (size > 0)
		XXH3_128bits_update(state->state, data, size);
}

void xxh128_final(const struct xxh128 *state, uint8_t digest[XXH128_SIZE])
{
	xxh128_put(XXH3_128bits_digest(state->state), digest);
}

void xxh128_free(struct xxh128 *state)
{
	if (!state)
		return;
	XXH3_freeState(state->state);
	g_free(state);
}

uint64_t xxh64(uint64_t seed, const void *data, size_t size)
{
	return XXH3_64bits_withSeed(data, size, seed);
}

void content_digest_join(uint64_t seed, const uint8_t *block_digests, size_t count,
			 uint8_t digest[XXH128_SIZE])
{
	if (count == 0)
		xxh128(seed, "", 0, digest);
	else if (count == 1)
		memmove(digest, block_digests, XXH128_SIZE);
	else
		xxh128(seed, block_digests, count * XXH128_SIZE, digest);
}

void random_bytes(void *buffer, size_t size)
{
	library_get();
	randombytes_buf(buffer, size);
}
