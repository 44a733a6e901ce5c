#ifndef ODR_CRYPTO_EVIDENCE_TRUST_H
#define ODR_CRYPTO_EVIDENCE_TRUST_H

#include "crypto/evidence_key.h"

/*
 * Whose signatures of evidence count. With keys alone: those of one of them, whoever endorsed it. With owners: those of a
 * key that one of them endorsed; with both, of one of the keys, and that it was endorsed is judged. A key that a service
 * had before counts by its owner, too.
 */
struct evidence_trust {
	const uint8_t (*keys)[KEY_SIZE];
	size_t key_count;
	const struct key_service *owners;
	size_t owner_count;
};
struct evidence_signer {
	uint8_t public_key[KEY_SIZE];
	const struct key_service *owner; /* who endorsed it, of the trust; NULL: nobody of those */
	struct endorsement endorsement;	 /* where there is an owner */
};
/* CORRUPT unless one of them signed these bytes. */
bool evidence_trust_verify(const struct evidence_trust *trust,
			   const struct evidence_signature *signature, const void *data,
			   size_t size, struct evidence_signer *signer, GError **error);
/* CORRUPT unless an owner of the trust endorsed it as evidence, and that held at this time (ENDORSEMENT_SLACK: clocks
 * differ). Where there are no owners nothing is judged. */
bool evidence_signer_check(const struct evidence_trust *trust, const struct evidence_signer *signer,
			   usec_t time, GError **error);

#endif
