#include "crypto/sign.h"

#include "base/bytes.h"
#include "base/error.h"

#include <sodium.h>
#include <string.h>

#define MAGIC		   "ODRSIGN1"
#define MAGIC_SIZE	   8
#define VERSION		   1
#define ENDORSEMENT_OFFSET 2
#define SIGNATURE_OFFSET   (ENDORSEMENT_OFFSET + ENDORSEMENT_SIZE)
#define SIZE_OFFSET	   (SIGNATURE_OFFSET + SIGNATURE_SIZE)
#define MAGIC_OFFSET	   (SIZE_OFFSET + 4)

static GByteArray *message_make(const uint8_t service_id[SERVICE_ID_SIZE], const char *name,
				const uint8_t content_sha256[SHA256_SIZE])
{
	static const char label[] = "odrbackup signature 1"; /* with its NUL */
	GByteArray *message = g_byte_array_new();

	bytes_put(message, label, sizeof(label));
	bytes_put(message, service_id, SERVICE_ID_SIZE);
	bytes_put_u32(message, (uint32_t)strlen(name));
	bytes_put(message, name, strlen(name));
	bytes_put(message, content_sha256, SHA256_SIZE);
	return message;
}

void sign_object(const Bundle *bundle, const char *name, const uint8_t content_sha256[SHA256_SIZE],
		 uint8_t block[SIGNATURE_BLOCK_SIZE])
{
	g_autoptr(GByteArray) message = message_make(bundle->service.id, name, content_sha256);

	block[0] = VERSION;
	block[1] = 0;
	endorsement_encode(&bundle->endorsement, block + ENDORSEMENT_OFFSET);
	crypto_sign_detached(block + SIGNATURE_OFFSET, NULL, message->data, message->len,
			     bundle->secret);
	bytes_set_u32(block + SIZE_OFFSET, SIGNATURE_BLOCK_SIZE);
	memcpy(block + MAGIC_OFFSET, MAGIC, MAGIC_SIZE);
}

static bool block_check_form(const uint8_t block[SIGNATURE_BLOCK_SIZE], GError **error)
{
	unsigned version = bytes_u16(block);

	if (memcmp(block + MAGIC_OFFSET, MAGIC, MAGIC_SIZE) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it does not end with a signature");
	if (bytes_u32(block + SIZE_OFFSET) != SIGNATURE_BLOCK_SIZE)
		return odr_fail(error, ODR_ERROR_CORRUPT, "its signature has a wrong size");
	if (version != VERSION)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"its signature is of version %u, this program knows version %d",
				version, VERSION);
	return true;
}

static bool signer_check(const struct key_service *service, enum key_role role,
			 const struct endorsement *endorsement, GError **error)
{
	g_autofree char *signer = key_fingerprint(endorsement->public_key);
	g_autofree char *owner = key_fingerprint(service->owner_public);

	if (!endorsement_verify(endorsement, service))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"it is signed by key %s, which owner %s did not endorse", signer,
				owner);
	if (endorsement->role != role)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"it is signed by key %s in the role of %s, due is %s", signer,
				key_role_name(endorsement->role), key_role_name(role));
	return true;
}

bool sign_verify_block(const struct key_service *service, enum key_role role, const char *name,
		       const uint8_t content_sha256[SHA256_SIZE],
		       const uint8_t block[SIGNATURE_BLOCK_SIZE], struct signature_facts *facts,
		       GError **error)
{
	g_autoptr(GByteArray) message = message_make(service->id, name, content_sha256);
	struct endorsement endorsement;

	if (!block_check_form(block, error))
		return false;
	if (!endorsement_decode(block + ENDORSEMENT_OFFSET, &endorsement))
		return odr_fail(error, ODR_ERROR_CORRUPT, "its endorsement is damaged");
	if (!signer_check(service, role, &endorsement, error))
		return false;
	if (crypto_sign_verify_detached(block + SIGNATURE_OFFSET, message->data, message->len,
					endorsement.public_key) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"its signature does not fit its content and name");

	facts->endorsement = endorsement;
	return true;
}

bool sign_verify(const struct key_service *service, enum key_role role, const char *name,
		 const void *object, size_t size, struct signature_facts *facts, GError **error)
{
	struct signature_facts found = {0};
	uint8_t digest[SHA256_SIZE];

	if (size < SIGNATURE_BLOCK_SIZE)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it is too short to be signed");
	found.content_size = size - SIGNATURE_BLOCK_SIZE;
	sha256(object, found.content_size, digest);
	if (!sign_verify_block(service, role, name, digest,
			       (const uint8_t *)object + found.content_size, &found, error))
		return false;

	*facts = found;
	return true;
}
