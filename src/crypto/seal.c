#include "crypto/seal.h"

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/library.h"
#include "crypto/secret.h"

#include <assert.h>
#include <limits.h>
#include <sodium.h>
#include <string.h>

#define MAGIC	    "ODRSEAL1"
#define MAGIC_SIZE  8
#define VERSION	    1
#define CIPHER	    1
#define NONCE_SIZE  12
#define DATA_SIZE   (SHA256_SIZE + 8 + 4)
#define SIZE_OFFSET 20
#define IGNORABLE   0x8000 /* field types from here on may be unknown */

struct sealer {
	GByteArray *header;
	uint8_t digest[SHA256_SIZE];
	uint8_t *chunk_key;
};

struct opener {
	uint8_t digest[SHA256_SIZE];
	uint8_t *chunk_key;
};

static void must(int result)
{
	if (result != 1)
		g_error("libcrypto cannot seal");
}

/* Keys. */

static void wrapping_key(const uint8_t service_id[SERVICE_ID_SIZE],
			 const uint8_t ephemeral[KEY_SIZE], const uint8_t recipient[KEY_SIZE],
			 const uint8_t shared[KEY_SIZE], uint8_t key[KEY_SIZE])
{
	static const char label[] = "odrbackup wrap 1"; /* with its NUL */
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, KEY_SIZE);
	crypto_generichash_update(&state, (const uint8_t *)label, sizeof(label));
	crypto_generichash_update(&state, service_id, SERVICE_ID_SIZE);
	crypto_generichash_update(&state, ephemeral, KEY_SIZE);
	crypto_generichash_update(&state, recipient, KEY_SIZE);
	crypto_generichash_update(&state, shared, KEY_SIZE);
	crypto_generichash_final(&state, key, KEY_SIZE);
	secret_wipe(&state, sizeof(state));
}

static void derive(const uint8_t object_key[KEY_SIZE], const char *label, uint8_t key[KEY_SIZE])
{
	crypto_generichash(key, KEY_SIZE, (const uint8_t *)label, strlen(label), object_key,
			   KEY_SIZE);
}

static void derive_chunk_key(const uint8_t object_key[KEY_SIZE], uint8_t key[KEY_SIZE])
{
	derive(object_key, "odrbackup chunk key 1", key);
}

static void derive_commitment(const uint8_t object_key[KEY_SIZE], uint8_t commitment[KEY_SIZE])
{
	derive(object_key, "odrbackup commitment 1", commitment);
}

static const uint8_t zero_nonce[NONCE_SIZE];

/* What is needed while keys are wrapped or unwrapped, in one piece of secret memory. */
struct wrapping {
	uint8_t object_key[KEY_SIZE];
	uint8_t ephemeral_secret[KEY_SIZE];
	uint8_t shared[KEY_SIZE];
	uint8_t key[KEY_SIZE];
	uint8_t commitment[KEY_SIZE];
};
typedef struct wrapping Wrapping;

static void wrapping_free(Wrapping *wrapping)
{
	secret_free(wrapping);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Wrapping, wrapping_free)

static bool wrap(Wrapping *wrapping, const struct seal_request *request,
		 const uint8_t ephemeral[KEY_SIZE], const struct recipient *recipient,
		 GByteArray *wraps, GError **error)
{
	uint8_t sealed[KEY_SIZE + SEAL_OVERHEAD];

	if (crypto_scalarmult(wrapping->shared, wrapping->ephemeral_secret,
			      recipient->public_key) != 0)
		return odr_fail(error, ODR_ERROR_USAGE,
				"the key of recipient '%s' is unusable: make a new one",
				recipient->name);
	wrapping_key(request->service_id, ephemeral, recipient->public_key, wrapping->shared,
		     wrapping->key);
	crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, wrapping->object_key, KEY_SIZE,
						  NULL, 0, NULL, zero_nonce, wrapping->key);
	bytes_put(wraps, recipient->public_key, KEY_SIZE);
	bytes_put(wraps, sealed, sizeof(sealed));
	return true;
}

/* Sealing. */

static bool receives(const struct recipient *recipient, enum seal_kind kind)
{
	return recipient->scope == RECIPIENT_SCOPE_ALL || kind == SEAL_WAL;
}

static bool wrap_all(Wrapping *wrapping, const struct seal_request *request,
		     const uint8_t ephemeral[KEY_SIZE], GByteArray *wraps, GError **error)
{
	const GPtrArray *recipients = request->recipients;

	for (guint i = 0; i < recipients->len; i++) {
		const struct recipient *recipient = recipients->pdata[i];

		if (receives(recipient, request->kind) &&
		    !wrap(wrapping, request, ephemeral, recipient, wraps, error))
			return false;
	}
	if (wraps->len == 0)
		return odr_fail(error, ODR_ERROR_USAGE,
				"there is no recipient to seal to: nobody could ever open this");
	if (wraps->len > RECIPIENTS_MAX * SEAL_WRAP_SIZE)
		return odr_fail(error, ODR_ERROR_USAGE,
				"there are %u recipients, at most %d are possible", recipients->len,
				RECIPIENTS_MAX);
	return true;
}

static GByteArray *header_encode(const struct seal_request *request,
				 const uint8_t ephemeral[KEY_SIZE],
				 const uint8_t commitment[KEY_SIZE], const GByteArray *wraps)
{
	GByteArray *header = g_byte_array_new();
	const uint8_t cipher[2] = {CIPHER, 0};

	bytes_put(header, MAGIC, MAGIC_SIZE);
	bytes_put_u16(header, VERSION);
	bytes_put_u16(header, request->kind);
	bytes_put_u64(header, 0); /* features */
	bytes_put_u32(header, 0); /* the size, below */
	bytes_put_field(header, SEAL_FIELD_SERVICE, request->service_id, SERVICE_ID_SIZE);
	bytes_put_field(header, SEAL_FIELD_CIPHER, cipher, sizeof(cipher));
	bytes_put_field(header, SEAL_FIELD_EPHEMERAL, ephemeral, KEY_SIZE);
	bytes_put_field(header, SEAL_FIELD_COMMITMENT, commitment, KEY_SIZE);
	bytes_put_field(header, SEAL_FIELD_WRAPS, wraps->data, wraps->len);
	if (request->public_part)
		bytes_put_field(header, SEAL_FIELD_PUBLIC, request->public_part,
				(uint32_t)request->public_size);
	bytes_set_u32(header->data + SIZE_OFFSET, header->len);
	return header;
}

Sealer *sealer_new(const struct seal_request *request, GError **error)
{
	g_autoptr(Wrapping) wrapping = secret_new(sizeof(*wrapping));
	g_autoptr(GByteArray) wraps = g_byte_array_new();
	g_autoptr(Sealer) sealer = g_new0(Sealer, 1);
	uint8_t ephemeral[KEY_SIZE];

	if (request->public_size > SEAL_HEADER_MAX - RECIPIENTS_MAX * SEAL_WRAP_SIZE - 1024) {
		odr_fail(error, ODR_ERROR_FAILED, "a public part of %zu bytes is too long",
			 request->public_size);
		return NULL;
	}
	random_bytes(wrapping->object_key, KEY_SIZE);
	random_bytes(wrapping->ephemeral_secret, KEY_SIZE);
	crypto_scalarmult_base(ephemeral, wrapping->ephemeral_secret);
	if (!wrap_all(wrapping, request, ephemeral, wraps, error))
		return NULL;

	derive_commitment(wrapping->object_key, wrapping->commitment);
	sealer->header = header_encode(request, ephemeral, wrapping->commitment, wraps);
	sha256(sealer->header->data, sealer->header->len, sealer->digest);
	sealer->chunk_key = secret_new(KEY_SIZE);
	derive_chunk_key(wrapping->object_key, sealer->chunk_key);
	return g_steal_pointer(&sealer);
}

void sealer_free(Sealer *sealer)
{
	if (!sealer)
		return;
	g_clear_pointer(&sealer->header, g_byte_array_unref);
	secret_free(sealer->chunk_key);
	g_free(sealer);
}

const uint8_t *sealer_header(const Sealer *sealer, size_t *size)
{
	*size = sealer->header->len;
	return sealer->header->data;
}

void sealer_header_digest(const Sealer *sealer, uint8_t digest[SHA256_SIZE])
{
	memcpy(digest, sealer->digest, SHA256_SIZE);
}

static void chunk_nonce(uint64_t number, uint8_t nonce[NONCE_SIZE])
{
	bytes_set_u32(nonce, 0);
	bytes_set_u64(nonce + 4, number);
}

static void chunk_data(const uint8_t header_digest[SHA256_SIZE], uint64_t number, size_t plain_size,
		       uint8_t data[DATA_SIZE])
{
	memcpy(data, header_digest, SHA256_SIZE);
	bytes_set_u64(data + SHA256_SIZE, number);
	bytes_set_u32(data + SHA256_SIZE + 8, (uint32_t)plain_size);
}

void seal_chunk(const Sealer *sealer, uint64_t number, const void *plain, size_t size, void *sealed)
{
	EVP_CIPHER_CTX *context = library_thread()->seal;
	uint8_t nonce[NONCE_SIZE], data[DATA_SIZE];
	int length;

	assert(size <= INT_MAX - SEAL_OVERHEAD);
	chunk_nonce(number, nonce);
	chunk_data(sealer->digest, number, size, data);
	must(EVP_EncryptInit_ex2(context, NULL, sealer->chunk_key, nonce, NULL));
	must(EVP_EncryptUpdate(context, NULL, &length, data, sizeof(data)));
	must(EVP_EncryptUpdate(context, sealed, &length, plain, (int)size));
	must(EVP_EncryptFinal_ex(context, (uint8_t *)sealed + size, &length));
	must(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, SEAL_OVERHEAD,
				 (uint8_t *)sealed + size));
}

/* Opening. */

static bool features_known(uint64_t features, GError **error)
{
	for (int bit = 0; bit < 32; bit++)
		if (features >> bit & 1)
			return odr_fail(
				error, ODR_ERROR_REFUSED,
				"the object needs feature bit %d that this version does not know",
				bit);
	return true;
}

bool seal_header_size(const void *start, size_t *size, GError **error)
{
	const uint8_t *at = start;
	unsigned version = bytes_u16(at + MAGIC_SIZE);
	size_t total = bytes_u32(at + SIZE_OFFSET);

	if (memcmp(at, MAGIC, MAGIC_SIZE) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"the object does not begin as a sealed object does");
	if (version > VERSION)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the object was written in format version %u, this program reads "
				"version %d",
				version, VERSION);
	if (version != VERSION || total < SEAL_HEADER_START || total > SEAL_HEADER_MAX)
		return odr_fail(error, ODR_ERROR_CORRUPT, "the header of the object is damaged");
	*size = total;
	return true;
}

/* Where a field's content goes, and which sizes it may have; a unit of 0: any size. */
static bool field_take(struct seal_header *header, const struct bytes_field *field)
{
	switch ((enum seal_field)field->type) {
	case SEAL_FIELD_SERVICE:
		if (field->size != SERVICE_ID_SIZE)
			return false;
		memcpy(header->service_id, field->data, SERVICE_ID_SIZE);
		return true;
	case SEAL_FIELD_CIPHER:
		return field->size == 2;
	case SEAL_FIELD_EPHEMERAL:
		header->ephemeral = field->data;
		return field->size == KEY_SIZE;
	case SEAL_FIELD_COMMITMENT:
		header->commitment = field->data;
		return field->size == KEY_SIZE;
	case SEAL_FIELD_WRAPS:
		header->wraps = field->data;
		header->wrap_count = field->size / SEAL_WRAP_SIZE;
		return field->size % SEAL_WRAP_SIZE == 0 && header->wrap_count > 0 &&
		       header->wrap_count <= RECIPIENTS_MAX;
	case SEAL_FIELD_PUBLIC:
		header->public_part = field->data;
		header->public_size = field->size;
		return true;
	}
	return false;
}

static bool fields_parse(struct bytes_reader *reader, struct seal_header *header, GError **error)
{
	const unsigned required = 1U << SEAL_FIELD_SERVICE | 1U << SEAL_FIELD_CIPHER |
				  1U << SEAL_FIELD_EPHEMERAL | 1U << SEAL_FIELD_COMMITMENT |
				  1U << SEAL_FIELD_WRAPS;
	unsigned seen = 0;
	struct bytes_field field;

	while (bytes_get_field(reader, &field)) {
		if (field.type >= IGNORABLE)
			continue;
		if (field.type == 0 || field.type > SEAL_FIELD_PUBLIC)
			return odr_fail(error, ODR_ERROR_REFUSED,
					"the object has header field %u that this version does not "
					"know",
					field.type);
		if (seen & 1U << field.type || !field_take(header, &field))
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"field %u in the header of the object is damaged",
					field.type);
		if (field.type == SEAL_FIELD_CIPHER && bytes_u16(field.data) != CIPHER)
			return odr_fail(error, ODR_ERROR_REFUSED,
					"the object is sealed by cipher %u that this version does "
					"not know",
					bytes_u16(field.data));
		seen |= 1U << field.type;
	}
	if (!bytes_reader_ok(reader) || (seen & required) != required)
		return odr_fail(error, ODR_ERROR_CORRUPT, "the header of the object is incomplete");
	return true;
}

static bool wraps_differ(const struct seal_header *header)
{
	for (size_t a = 0; a < header->wrap_count; a++)
		for (size_t b = 0; b < a; b++)
			if (memcmp(header->wraps + a * SEAL_WRAP_SIZE,
				   header->wraps + b * SEAL_WRAP_SIZE, KEY_SIZE) == 0)
				return false;
	return true;
}

bool seal_header_parse(const void *bytes, size_t size, struct seal_header *header, GError **error)
{
	struct seal_header parsed = {0};
	struct bytes_reader reader;
	const uint8_t *at = bytes;

	if (size < SEAL_HEADER_START)
		return odr_fail(error, ODR_ERROR_CORRUPT, "the object is too short for a header");
	if (!seal_header_size(bytes, &parsed.size, error) ||
	    !features_known(bytes_u64(at + 12), error))
		return false;
	if (parsed.size > size)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"the object is cut off: %zu of %zu bytes of its header are there",
				size, parsed.size);

	parsed.kind = bytes_u16(at + 10);
	if (parsed.kind < SEAL_PACK || parsed.kind > SEAL_ANCHOR)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the object is of kind %u that this version does not know",
				(unsigned)parsed.kind);
	bytes_reader_init(&reader, at + SEAL_HEADER_START, parsed.size - SEAL_HEADER_START);
	if (!fields_parse(&reader, &parsed, error))
		return false;
	if (!wraps_differ(&parsed))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"the header of the object names a recipient twice");

	sha256(bytes, parsed.size, parsed.digest);
	*header = parsed;
	return true;
}

static const uint8_t *wrap_find(const struct seal_header *header, const Identity *identity)
{
	for (size_t i = 0; i < header->wrap_count; i++) {
		const uint8_t *wrap = header->wraps + i * SEAL_WRAP_SIZE;

		if (memcmp(wrap, identity->recipient.public_key, KEY_SIZE) == 0)
			return wrap + KEY_SIZE;
	}
	return NULL;
}

static bool refuse_stranger(const struct seal_header *header, const Identity *identity,
			    GError **error)
{
	g_autofree char *fingerprint = key_fingerprint(identity->recipient.public_key);

	return odr_fail(error, ODR_ERROR_AUTH,
			"identity '%s' (%s) cannot open the object: it is not among its %zu "
			"recipients",
			identity->recipient.name, fingerprint, header->wrap_count);
}

static bool refuse_service(const struct seal_header *header, const Identity *identity,
			   GError **error)
{
	g_autofree char *there = hex_encode(header->service_id, SERVICE_ID_SIZE);
	g_autofree char *here = hex_encode(identity->service.id, SERVICE_ID_SIZE);

	return odr_fail(error, ODR_ERROR_AUTH,
			"the object belongs to service %s, identity '%s' to service %s", there,
			identity->recipient.name, here);
}

static bool unwrap(Wrapping *wrapping, const struct seal_header *header, const uint8_t *sealed_key,
		   const Identity *identity, GError **error)
{
	if (crypto_scalarmult(wrapping->shared, identity->secret, header->ephemeral) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "the object's ephemeral key is unusable");
	wrapping_key(header->service_id, header->ephemeral, identity->recipient.public_key,
		     wrapping->shared, wrapping->key);
	if (crypto_aead_chacha20poly1305_ietf_decrypt(wrapping->object_key, NULL, NULL, sealed_key,
						      KEY_SIZE + SEAL_OVERHEAD, NULL, 0, zero_nonce,
						      wrapping->key) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"the wrapped key in the object's header is not authentic");
	derive_commitment(wrapping->object_key, wrapping->commitment);
	if (!secret_equal(wrapping->commitment, header->commitment, KEY_SIZE))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"the object's header commits to another key");
	return true;
}

Opener *opener_new(const struct seal_header *header, const Identity *identity, GError **error)
{
	g_autoptr(Wrapping) wrapping = secret_new(sizeof(*wrapping));
	const uint8_t *sealed_key = wrap_find(header, identity);
	Opener *opener;

	if (memcmp(header->service_id, identity->service.id, SERVICE_ID_SIZE) != 0) {
		refuse_service(header, identity, error);
		return NULL;
	}
	if (!sealed_key) {
		refuse_stranger(header, identity, error);
		return NULL;
	}
	if (!unwrap(wrapping, header, sealed_key, identity, error))
		return NULL;

	opener = g_new0(Opener, 1);
	memcpy(opener->digest, header->digest, SHA256_SIZE);
	opener->chunk_key = secret_new(KEY_SIZE);
	derive_chunk_key(wrapping->object_key, opener->chunk_key);
	return opener;
}

void opener_free(Opener *opener)
{
	if (!opener)
		return;
	secret_free(opener->chunk_key);
	g_free(opener);
}

bool open_chunk(const Opener *opener, uint64_t number, const void *sealed, size_t sealed_size,
		void *plain, GError **error)
{
	EVP_CIPHER_CTX *context = library_thread()->open;
	uint8_t nonce[NONCE_SIZE], data[DATA_SIZE], tag[SEAL_OVERHEAD];
	size_t size = sealed_size - SEAL_OVERHEAD;
	int length;

	if (sealed_size < SEAL_OVERHEAD || sealed_size > INT_MAX)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"a sealed chunk of %zu bytes is impossible", sealed_size);
	chunk_nonce(number, nonce);
	chunk_data(opener->digest, number, size, data);
	memcpy(tag, (const uint8_t *)sealed + size, SEAL_OVERHEAD);
	must(EVP_DecryptInit_ex2(context, NULL, opener->chunk_key, nonce, NULL));
	must(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, SEAL_OVERHEAD, tag));
	must(EVP_DecryptUpdate(context, NULL, &length, data, sizeof(data)));
	must(EVP_DecryptUpdate(context, plain, &length, sealed, (int)size));
	if (EVP_DecryptFinal_ex(context, (uint8_t *)plain + size, &length) == 1)
		return true;

	memset(plain, 0, size);
	if (number == SEAL_FOOTER_NUMBER)
		return odr_fail(error, ODR_ERROR_CORRUPT, "the footer is not authentic");
	return odr_fail(error, ODR_ERROR_CORRUPT, "chunk %" G_GUINT64_FORMAT " is not authentic",
			number);
}
