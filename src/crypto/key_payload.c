#include "crypto/key_payload.h"

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "crypto/secret.h"

#include <sodium.h>
#include <string.h>

#define CHECK_SIZE   16
#define SALT_SIZE    crypto_pwhash_SALTBYTES
#define NONCE_SIZE   crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE     crypto_aead_xchacha20poly1305_ietf_ABYTES
#define SEALED_MAX   (NONCE_SIZE + KEY_PAYLOAD_MAX + TAG_SIZE)
#define OPSLIMIT     crypto_pwhash_OPSLIMIT_MODERATE
#define MEMLIMIT     crypto_pwhash_MEMLIMIT_MODERATE
#define OPSLIMIT_MAX 16
#define MEMLIMIT_MAX ((uint64_t)1 << 30)

static const struct {
	const char *name;
	size_t key_size;
	bool digest_secret;
} types[KEY_TYPES] = {
	[KEY_OWNER] = {"owner", KEY_SECRET_SIZE, true},
	[KEY_IDENTITY] = {"identity", KEY_SIZE, true},
	[KEY_RECIPIENT] = {"recipient", 0, false},
	[KEY_BUNDLE] = {"bundle", KEY_SECRET_SIZE, true},
	[KEY_EVIDENCE] = {"evidence", KEY_SECRET_SIZE, false},
};

const char *key_type_name(enum key_type type)
{
	return types[type].name;
}

size_t key_payload_key_size(enum key_type type)
{
	return types[type].key_size;
}

bool key_payload_has_digest_secret(enum key_type type)
{
	return types[type].digest_secret;
}

static size_t payload_size(const struct key_payload *payload)
{
	return types[payload->type].key_size + (types[payload->type].digest_secret ? KEY_SIZE : 0);
}

void secret_text_free(SecretText *text)
{
	if (text)
		secret_wipe(text, strlen(text));
	g_free(text);
}

void secret_memory_free(SecretMemory *secret)
{
	secret_free(secret);
}

static GByteArray *payload_binding(const struct key_payload *payload)
{
	static const char label[] = "odrbackup key 1"; /* with its NUL */
	const char *type = types[payload->type].name;
	GByteArray *binding = g_byte_array_new();

	bytes_put(binding, label, sizeof(label));
	bytes_put(binding, type, strlen(type) + 1);
	bytes_put(binding, payload->service->id, SERVICE_ID_SIZE);
	bytes_put(binding, payload->service->owner_public, KEY_SIZE);
	bytes_put(binding, payload->public_key, KEY_SIZE);
	bytes_put_u32(binding, payload->scope);
	return binding;
}

/* Not protected. */

static void payload_check(const struct key_payload *payload, const uint8_t *bytes,
			  uint8_t check[CHECK_SIZE])
{
	g_autoptr(GByteArray) binding = payload_binding(payload);
	crypto_generichash_state state;
	uint8_t digest[32];

	crypto_generichash_init(&state, NULL, 0, sizeof(digest));
	crypto_generichash_update(&state, binding->data, binding->len);
	crypto_generichash_update(&state, bytes, payload_size(payload));
	crypto_generichash_final(&state, digest, sizeof(digest));
	memcpy(check, digest, CHECK_SIZE);
	secret_wipe(&state, sizeof(state));
}

static char *encode_plain(const struct key_payload *payload)
{
	g_autoptr(SecretMemory) plain = secret_new(KEY_PAYLOAD_MAX + CHECK_SIZE);
	size_t size = payload_size(payload);

	memcpy(plain, payload->bytes, size);
	payload_check(payload, payload->bytes, (uint8_t *)plain + size);
	return g_base64_encode(plain, size + CHECK_SIZE);
}

static bool decode_plain(struct key_payload *payload, const uint8_t *data, size_t size,
			 const char *what, GError **error)
{
	uint8_t check[CHECK_SIZE];

	if (size != payload_size(payload) + CHECK_SIZE)
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s is damaged: its secret is cut off",
				what);
	payload_check(payload, data, check);
	if (!secret_equal(check, data + payload_size(payload), CHECK_SIZE))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"%s is damaged: its secret does not belong to what stands beside "
				"it",
				what);
	memcpy(payload->bytes, data, payload_size(payload));
	return true;
}

/* Protected by a passphrase. */

struct stretching {
	uint64_t opslimit, memlimit;
	uint8_t salt[SALT_SIZE];
};

static bool stretch(const char *passphrase, const struct stretching *how, uint8_t key[KEY_SIZE])
{
	return crypto_pwhash(key, KEY_SIZE, passphrase, strlen(passphrase), how->salt,
			     how->opslimit, (size_t)how->memlimit,
			     crypto_pwhash_ALG_ARGON2ID13) == 0;
}

static char *encode_sealed(const struct key_payload *payload, const char *passphrase,
			   const struct stretching *how)
{
	g_autoptr(GByteArray) binding = payload_binding(payload);
	g_autoptr(SecretMemory) key = secret_new(KEY_SIZE);
	uint8_t sealed[SEALED_MAX];
	unsigned long long size;

	if (!stretch(passphrase, how, key))
		g_error("protecting a key by a passphrase needs %u MiB of memory", MEMLIMIT >> 20);
	random_bytes(sealed, NONCE_SIZE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE_SIZE, &size, payload->bytes,
						   payload_size(payload), binding->data,
						   binding->len, NULL, sealed, key);
	return g_base64_encode(sealed, NONCE_SIZE + size);
}

static bool decode_sealed(struct key_payload *payload, const uint8_t *data, size_t size,
			  const struct stretching *how, const char *passphrase, const char *what,
			  GError **error)
{
	g_autoptr(GByteArray) binding = payload_binding(payload);
	g_autoptr(SecretMemory) key = secret_new(KEY_SIZE);

	if (size != NONCE_SIZE + payload_size(payload) + TAG_SIZE)
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s is damaged: its secret is cut off",
				what);
	if (!stretch(passphrase, how, key))
		return odr_fail(error, ODR_ERROR_SYSTEM,
				"opening %s needs %" G_GUINT64_FORMAT " MiB of memory", what,
				how->memlimit >> 20);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(payload->bytes, NULL, NULL,
						       data + NONCE_SIZE, size - NONCE_SIZE,
						       binding->data, binding->len, data, key) != 0)
		return odr_fail(error, ODR_ERROR_AUTH,
				"the passphrase does not open %s (or the file was altered)", what);
	return true;
}

static bool stretching_parse(const char *protection, struct stretching *how)
{
	g_auto(GStrv) words = g_strsplit(protection, ";", 5);

	return g_strv_length(words) == 4 && strcmp(words[0], "argon2id") == 0 &&
	       g_ascii_string_to_unsigned(words[1], 10, crypto_pwhash_OPSLIMIT_MIN, OPSLIMIT_MAX,
					  &how->opslimit, NULL) &&
	       g_ascii_string_to_unsigned(words[2], 10, crypto_pwhash_MEMLIMIT_MIN, MEMLIMIT_MAX,
					  &how->memlimit, NULL) &&
	       hex_decode(words[3], how->salt, SALT_SIZE);
}

static bool unlock_sealed(struct key_payload *payload, const uint8_t *data, size_t size,
			  const char *protection, const char *what, const struct key_unlock *unlock,
			  GError **error)
{
	g_autoptr(SecretMemory) passphrase = NULL;
	struct stretching how;

	if (!stretching_parse(protection, &how))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"%s is damaged: it is not protected in a way this version knows",
				what);
	if (!unlock || !unlock->ask)
		return odr_fail(error, ODR_ERROR_AUTH,
				"%s is protected by a passphrase, and there is nobody to ask for "
				"it",
				what);
	passphrase = unlock->ask(unlock->data, what, error);
	if (!passphrase)
		return false;
	return decode_sealed(payload, data, size, &how, passphrase, what, error);
}

/* Both. */

void key_payload_encode(const struct key_payload *payload, const char *passphrase,
			char **protection, char **secret)
{
	struct stretching how = {.opslimit = OPSLIMIT, .memlimit = MEMLIMIT};
	g_autofree char *salt = NULL;

	if (!passphrase) {
		*protection = g_strdup("none");
		*secret = encode_plain(payload);
		return;
	}
	random_bytes(how.salt, SALT_SIZE);
	salt = hex_encode(how.salt, SALT_SIZE);
	*protection = g_strdup_printf("argon2id;%u;%u;%s", OPSLIMIT, MEMLIMIT, salt);
	*secret = encode_sealed(payload, passphrase, &how);
}

/* g_base64_decode skips what is not base64: here that is damage. */
static bool base64_is_clean(const char *text)
{
	size_t length = strlen(text);
	size_t letters = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789+/");

	return length % 4 == 0 && length > 0 && length - letters <= 2 &&
	       strspn(text + letters, "=") == length - letters;
}

bool key_payload_decode(struct key_payload *payload, const char *protection, const char *secret,
			const char *what, const struct key_unlock *unlock, GError **error)
{
	uint8_t *data;
	size_t size;
	bool decoded;

	if (!base64_is_clean(secret))
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s is damaged: its secret is not base64",
				what);
	data = g_base64_decode(secret, &size);
	if (strcmp(protection, "none") == 0)
		decoded = decode_plain(payload, data, size, what, error);
	else
		decoded = unlock_sealed(payload, data, size, protection, what, unlock, error);
	secret_wipe(data, size);
	g_free(data);
	return decoded;
}
