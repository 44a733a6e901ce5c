#ifndef ODR_CRYPTO_EVIDENCE_KEY_H
#define ODR_CRYPTO_EVIDENCE_KEY_H

#include "crypto/digest.h"
#include "crypto/keys.h"

/*
 * The key that signs evidence, and nothing else: Ed25519, endorsed by the owner in the role evidence. Programs that
 * know nothing of odrbackup verify what it signs: its public part is written as signify(1) has it and as SPKI PEM, its
 * signatures are signify's. It is named by the SHA-256 of its SPKI DER; its key number are the first 8 bytes of that.
 *
 *   public key   untrusted comment: odrbackup evidence key <name>
 *                base64 of "Ed", key number, public key
 *   signature    untrusted comment: odrbackup evidence key <name> <endorsement, base64>
 *                base64 of "Ed", key number, Ed25519 signature of the bytes
 */
#define EVIDENCE_KEY_NUMBER 8
typedef struct evidence_key EvidenceKey;
struct evidence_key {
	struct key_service service;
	struct endorsement endorsement;
	uint8_t *secret; /* secret_new, KEY_SECRET_SIZE */
};
void evidence_key_free(EvidenceKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvidenceKey, evidence_key_free)

EvidenceKey *evidence_key_new(const OwnerKey *owner, usec_t now, usec_t validity);
/* As the other kinds of key files (crypto/keys.h). */
char *evidence_key_print(const EvidenceKey *key, const char *passphrase);
EvidenceKey *evidence_key_parse(const char *text, const char *what, const struct key_unlock *unlock,
				GError **error);
/* AUTH if its endorsement does not hold now. */
bool evidence_key_check(const EvidenceKey *key, usec_t now, GError **error);

/* The SHA-256 of the SPKI DER, in hex. */
#define EVIDENCE_KEY_NAME_SIZE (2 * SHA256_SIZE + 1)
void evidence_key_name(const uint8_t public_key[KEY_SIZE], char name[EVIDENCE_KEY_NAME_SIZE]);
char *evidence_key_signify(const uint8_t public_key[KEY_SIZE]); /* g_free */
char *evidence_key_pem(const uint8_t public_key[KEY_SIZE]);	/* g_free */
/* Either of the two; false: neither. */
bool evidence_public_read(const char *text, uint8_t public_key[KEY_SIZE]);
/* The same, or a whole key file, for whose public part no passphrase is needed. */
bool evidence_public_parse(const char *text, const char *what, uint8_t public_key[KEY_SIZE],
			   GError **error);

/* The text of a signature; g_free. */
char *evidence_signature_print(const EvidenceKey *key, const void *data, size_t size);
#define EVIDENCE_SIGNATURE_MAX ((size_t)1200) /* bytes of its text */
struct evidence_signature {
	uint8_t number[EVIDENCE_KEY_NUMBER];
	uint8_t signature[SIGNATURE_SIZE];
	bool has_endorsement; /* in the comment: the caller's to verify */
	struct endorsement endorsement;
};
/* Hostile text: CORRUPT. */
bool evidence_signature_parse(const char *text, size_t size, struct evidence_signature *signature,
			      GError **error);
/* Whether it bears the number of this key. */
bool evidence_signature_is_by(const struct evidence_signature *signature,
			      const uint8_t public_key[KEY_SIZE]);
/* CORRUPT unless this key signed these bytes. */
bool evidence_signature_verify(const struct evidence_signature *signature,
			       const uint8_t public_key[KEY_SIZE], const void *data, size_t size,
			       GError **error);

#endif
