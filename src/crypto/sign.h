#ifndef ODR_CRYPTO_SIGN_H
#define ODR_CRYPTO_SIGN_H

#include "crypto/digest.h"
#include "crypto/keys.h"

/*
 * Signatures stand at the end of a signed object:
 *   content · u16 version 1 · endorsement · signature · u32 size of this block (with what follows)
 *   · magic "ODRSIGN1"
 * The signature covers: "odrbackup signature 1" NUL · service id · u32 length and text of the
 * object's name (without prefix and service) · SHA-256 of the content.
 */
#define SIGNATURE_BLOCK_SIZE (2 + ENDORSEMENT_SIZE + SIGNATURE_SIZE + 4 + 8)

/* The block for an object whose content has this digest. */
void sign_object(const Bundle *bundle, const char *name, const uint8_t content_sha256[SHA256_SIZE],
		 uint8_t block[SIGNATURE_BLOCK_SIZE]);

struct signature_facts {
	struct endorsement endorsement; /* who signed */
	size_t content_size;		/* bytes before the block */
};
/* Checks form, endorsement by the service's owner, role and signature of a whole object. Fails with
 * ODR_ERROR_CORRUPT; the caller's context names the object. Validity in time is not judged. */
bool sign_verify(const struct key_service *service, enum key_role role, const char *name,
		 const void *object, size_t size, struct signature_facts *facts, GError **error);
/* The same when the content's digest is known already and only the block is at hand; content_size is
 * left alone. */
bool sign_verify_block(const struct key_service *service, enum key_role role, const char *name,
		       const uint8_t content_sha256[SHA256_SIZE],
		       const uint8_t block[SIGNATURE_BLOCK_SIZE], struct signature_facts *facts,
		       GError **error);

#endif
