#include "crypto/evidence_key.h"

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/secret.h"

#include <sodium.h>
#include <string.h>

#define ALGORITHM      "Ed"
#define ALGORITHM_SIZE 2
#define COMMENT	       "untrusted comment: "
#define ABOUT	       "odrbackup evidence key "
#define BLOB_START     (ALGORITHM_SIZE + EVIDENCE_KEY_NUMBER)
#define PUBLIC_SIZE    (BLOB_START + KEY_SIZE)
#define SIGNED_SIZE    (BLOB_START + SIGNATURE_SIZE)
#define PEM_BEGIN      "-----BEGIN PUBLIC KEY-----"
#define PEM_END	       "-----END PUBLIC KEY-----"

/* SubjectPublicKeyInfo of an Ed25519 key (RFC 8410), up to the key. */
static const uint8_t spki_start[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
				     0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
#define SPKI_SIZE (sizeof(spki_start) + KEY_SIZE)

void evidence_key_free(EvidenceKey *key)
{
	if (!key)
		return;
	key_service_clear(&key->service);
	secret_free(key->secret);
	g_free(key);
}

EvidenceKey *evidence_key_new(const OwnerKey *owner, usec_t now, usec_t validity)
{
	EvidenceKey *key = g_new0(EvidenceKey, 1);
	struct endorsement *endorsement = &key->endorsement;

	key_service_copy(&key->service, &owner->service);
	key->secret = secret_new(KEY_SECRET_SIZE);
	crypto_sign_keypair(endorsement->public_key, key->secret);
	endorsement->role = KEY_ROLE_EVIDENCE;
	endorsement->valid_from = now;
	endorsement->valid_until = validity ? now + validity : 0;
	endorsement_sign(endorsement, owner);
	return key;
}

bool evidence_key_check(const EvidenceKey *key, usec_t now, GError **error)
{
	usec_t until = key->endorsement.valid_until;

	if (until == 0 || now <= until)
		return true;
	g_autofree char *end = clock_format(until);

	return odr_fail(error, ODR_ERROR_AUTH,
			"the endorsement of this host's evidence key ended %s; make a new one with "
			"'odrbackup key new evidence' and install it here",
			end);
}

/* Names. */

static void spki_encode(const uint8_t public_key[KEY_SIZE], uint8_t der[SPKI_SIZE])
{
	memcpy(der, spki_start, sizeof(spki_start));
	memcpy(der + sizeof(spki_start), public_key, KEY_SIZE);
}

static void spki_sha256(const uint8_t public_key[KEY_SIZE], uint8_t digest[SHA256_SIZE])
{
	uint8_t der[SPKI_SIZE];

	spki_encode(public_key, der);
	sha256(der, sizeof(der), digest);
}

void evidence_key_name(const uint8_t public_key[KEY_SIZE], char name[EVIDENCE_KEY_NAME_SIZE])
{
	uint8_t digest[SHA256_SIZE];

	spki_sha256(public_key, digest);
	g_autofree char *hex = hex_encode(digest, sizeof(digest));

	g_strlcpy(name, hex, EVIDENCE_KEY_NAME_SIZE);
}

/* Public keys. */

/* "Ed", the number of the key, and what follows. */
static char *blob_print(const uint8_t public_key[KEY_SIZE], const uint8_t *what, size_t size)
{
	uint8_t blob[SIGNED_SIZE], digest[SHA256_SIZE];

	spki_sha256(public_key, digest);
	memcpy(blob, ALGORITHM, ALGORITHM_SIZE);
	memcpy(blob + ALGORITHM_SIZE, digest, EVIDENCE_KEY_NUMBER);
	memcpy(blob + BLOB_START, what, size);
	return g_base64_encode(blob, BLOB_START + size);
}

char *evidence_key_signify(const uint8_t public_key[KEY_SIZE])
{
	g_autofree char *blob = blob_print(public_key, public_key, KEY_SIZE);
	char name[EVIDENCE_KEY_NAME_SIZE];

	evidence_key_name(public_key, name);
	return g_strconcat(COMMENT ABOUT, name, "\n", blob, "\n", NULL);
}

char *evidence_key_pem(const uint8_t public_key[KEY_SIZE])
{
	uint8_t der[SPKI_SIZE];
	g_autofree char *base64 = NULL;

	spki_encode(public_key, der);
	base64 = g_base64_encode(der, sizeof(der));
	return g_strconcat(PEM_BEGIN "\n", base64, "\n" PEM_END "\n", NULL);
}

/* Exactly size bytes, in the one way they are written. */
static bool base64_read(const char *text, uint8_t *data, size_t size)
{
	gsize length;
	g_autofree uint8_t *found = g_base64_decode(text, &length);
	g_autofree char *again = g_base64_encode(found, length);

	if (length != size || strcmp(again, text) != 0)
		return false;
	memcpy(data, found, size);
	return true;
}

/* The second of two lines, where the first is a comment. */
static bool signify_read(const char *text, uint8_t *blob, size_t size)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", 4);

	return g_strv_length(lines) == 3 && !*lines[2] && g_str_has_prefix(lines[0], COMMENT) &&
	       base64_read(lines[1], blob, size) && memcmp(blob, ALGORITHM, ALGORITHM_SIZE) == 0;
}

static bool pem_read(const char *text, uint8_t public_key[KEY_SIZE])
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", 5);
	uint8_t der[SPKI_SIZE];

	if (g_strv_length(lines) != 4 || *lines[3] || strcmp(lines[0], PEM_BEGIN) != 0 ||
	    strcmp(lines[2], PEM_END) != 0 || !base64_read(lines[1], der, sizeof(der)) ||
	    memcmp(der, spki_start, sizeof(spki_start)) != 0)
		return false;
	memcpy(public_key, der + sizeof(spki_start), KEY_SIZE);
	return true;
}

bool evidence_public_read(const char *text, uint8_t public_key[KEY_SIZE])
{
	uint8_t blob[PUBLIC_SIZE];

	if (pem_read(text, public_key))
		return true;
	if (!signify_read(text, blob, sizeof(blob)))
		return false;
	memcpy(public_key, blob + BLOB_START, KEY_SIZE);
	return true;
}

/* Signatures. */

char *evidence_signature_print(const EvidenceKey *key, const void *data, size_t size)
{
	const uint8_t *public_key = key->endorsement.public_key;
	uint8_t signature[SIGNATURE_SIZE], endorsement[ENDORSEMENT_SIZE];
	char name[EVIDENCE_KEY_NAME_SIZE];

	crypto_sign_detached(signature, NULL, data, size, key->secret);
	endorsement_encode(&key->endorsement, endorsement);
	evidence_key_name(public_key, name);

	g_autofree char *blob = blob_print(public_key, signature, sizeof(signature));
	g_autofree char *word = g_base64_encode(endorsement, sizeof(endorsement));

	return g_strconcat(COMMENT ABOUT, name, " ", word, "\n", blob, "\n", NULL);
}

/* "… <name> <endorsement>", where we wrote it. */
static void read_endorsement(const char *text, struct evidence_signature *signature)
{
	const char *about = COMMENT ABOUT;
	uint8_t bytes[ENDORSEMENT_SIZE];
	g_autofree char *line = g_strndup(text, strcspn(text, "\n"));
	const char *word = strrchr(line, ' ');

	signature->has_endorsement = g_str_has_prefix(line, about) &&
				     base64_read(word + 1, bytes, sizeof(bytes)) &&
				     endorsement_decode(bytes, &signature->endorsement);
}

bool evidence_signature_parse(const char *text, size_t size, struct evidence_signature *signature,
			      GError **error)
{
	uint8_t blob[SIGNED_SIZE];
	g_autofree char *copy = size <= EVIDENCE_SIGNATURE_MAX ? g_strndup(text, size) : NULL;
	struct evidence_signature found = {0};

	if (!copy || strlen(copy) != size || !signify_read(copy, blob, sizeof(blob)))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"that is no signature in the form of signify");
	memcpy(found.number, blob + ALGORITHM_SIZE, EVIDENCE_KEY_NUMBER);
	memcpy(found.signature, blob + BLOB_START, SIGNATURE_SIZE);
	read_endorsement(copy, &found);
	*signature = found;
	return true;
}

bool evidence_signature_is_by(const struct evidence_signature *signature,
			      const uint8_t public_key[KEY_SIZE])
{
	uint8_t digest[SHA256_SIZE];

	spki_sha256(public_key, digest);
	return memcmp(signature->number, digest, EVIDENCE_KEY_NUMBER) == 0;
}

bool evidence_signature_verify(const struct evidence_signature *signature,
			       const uint8_t public_key[KEY_SIZE], const void *data, size_t size,
			       GError **error)
{
	if (!evidence_signature_is_by(signature, public_key)) {
		uint8_t digest[SHA256_SIZE];

		spki_sha256(public_key, digest);

		g_autofree char *number = hex_encode(signature->number, EVIDENCE_KEY_NUMBER);
		g_autofree char *due = hex_encode(digest, EVIDENCE_KEY_NUMBER);

		return odr_fail(error, ODR_ERROR_CORRUPT, "it is signed by key %s, not by %s",
				number, due);
	}
	return crypto_sign_verify_detached(signature->signature, data, size, public_key) == 0 ||
	       odr_fail(error, ODR_ERROR_CORRUPT, "its signature does not fit its bytes");
}
