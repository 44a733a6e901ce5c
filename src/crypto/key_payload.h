#ifndef ODR_CRYPTO_KEY_PAYLOAD_H
#define ODR_CRYPTO_KEY_PAYLOAD_H

#include "crypto/keys.h"

/*
 * Inside crypto/ only: the secret of a key file and how it becomes text. It is bound to the facts
 * that stand in the clear beside it:
 *   binding = "odrbackup key 1" NUL · type NUL · service id · owner's public key · own public key ·
 *             u32 scope (of an identity, else 0)
 * protection=argon2id;OPSLIMIT;MEMLIMIT;SALT   secret=base64 of nonce · XChaCha20-Poly1305-IETF of
 *             the secret, by the Argon2id (1.3) key of the passphrase, associated data = binding
 * protection=none   secret=base64 of the secret · the first 16 bytes of BLAKE2b-256 of binding and
 *             secret, which finds damage
 */
enum key_type { KEY_OWNER, KEY_IDENTITY, KEY_RECIPIENT, KEY_BUNDLE, KEY_EVIDENCE, KEY_TYPES };

struct key_payload {
	enum key_type type;
	const struct key_service *service;
	const uint8_t *public_key;
	uint32_t scope;
	/* KEY_PAYLOAD_MAX bytes of secret memory: the key, then the digest secret, which an evidence key
	 * lacks. Ed25519 for an owner, a bundle or an evidence key, X25519 for an identity. */
	uint8_t *bytes;
};
#define KEY_PAYLOAD_MAX (KEY_SECRET_SIZE + KEY_SIZE)
size_t key_payload_key_size(enum key_type type);
bool key_payload_has_digest_secret(enum key_type type);
const char *key_type_name(enum key_type type);

/* The values of protection= and secret=. The latter is to be wiped: secret_text_free. */
void key_payload_encode(const struct key_payload *payload, const char *passphrase,
			char **protection, char **secret);
bool key_payload_decode(struct key_payload *payload, const char *protection, const char *secret,
			const char *what, const struct key_unlock *unlock, GError **error);

/* Ordinary text that must not stay in memory; the same in secret memory. */
typedef char SecretText;
void secret_text_free(SecretText *text);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SecretText, secret_text_free)
typedef void SecretMemory;
void secret_memory_free(SecretMemory *secret);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SecretMemory, secret_memory_free)

#endif
