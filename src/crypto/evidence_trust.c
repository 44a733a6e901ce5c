#include "crypto/evidence_trust.h"

#include "base/bytes.h"
#include "base/error.h"

#include <string.h>

/* Nobody but the owner makes an endorsement that verifies: what a comment says needs no other proof. */
static const struct key_service *owner_of(const struct evidence_trust *trust,
					  const struct evidence_signature *signature)
{
	if (!signature->has_endorsement)
		return NULL;
	for (size_t i = 0; i < trust->owner_count; i++)
		if (endorsement_verify(&signature->endorsement, &trust->owners[i]))
			return &trust->owners[i];
	return NULL;
}

static bool stranger(const struct evidence_signature *signature, const char *why, GError **error)
{
	g_autofree char *number = hex_encode(signature->number, EVIDENCE_KEY_NUMBER);

	return odr_fail(error, ODR_ERROR_CORRUPT, "it is signed by key %s, %s", number, why);
}

/* The number tells which of several it is; with one key the message names both. */
static bool verify_by_keys(const struct evidence_trust *trust,
			   const struct evidence_signature *signature, const void *data,
			   size_t size, struct evidence_signer *signer, GError **error)
{
	for (size_t i = 0; i < trust->key_count; i++) {
		const uint8_t *key = trust->keys[i];

		if (trust->key_count > 1 && !evidence_signature_is_by(signature, key))
			continue;
		memcpy(signer->public_key, key, KEY_SIZE);
		return evidence_signature_verify(signature, key, data, size, error);
	}
	return stranger(signature, "which is none of those given", error);
}

bool evidence_trust_verify(const struct evidence_trust *trust,
			   const struct evidence_signature *signature, const void *data,
			   size_t size, struct evidence_signer *signer, GError **error)
{
	struct evidence_signer found = {.owner = owner_of(trust, signature)};
	const uint8_t *endorsed = found.owner ? signature->endorsement.public_key : NULL;

	if (trust->key_count > 0) {
		if (!verify_by_keys(trust, signature, data, size, &found, error))
			return false;
		/* That of another key says nothing of this one. */
		if (endorsed && memcmp(endorsed, found.public_key, KEY_SIZE) != 0)
			found.owner = NULL;
	} else if (!endorsed) {
		return stranger(signature, "which no owner that is known here endorsed", error);
	} else {
		memcpy(found.public_key, endorsed, KEY_SIZE);
		if (!evidence_signature_verify(signature, endorsed, data, size, error))
			return false;
	}
	if (found.owner)
		found.endorsement = signature->endorsement;
	*signer = found;
	return true;
}

bool evidence_signer_check(const struct evidence_trust *trust, const struct evidence_signer *signer,
			   usec_t time, GError **error)
{
	const struct endorsement *endorsement = &signer->endorsement;
	g_autofree char *from = clock_format(endorsement->valid_from);
	g_autofree char *until = clock_format(endorsement->valid_until);
	g_autofree char *when = clock_format(time);

	if (trust->owner_count == 0)
		return true;
	if (!signer->owner)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"no owner that is known here endorsed the key that signed it");
	if (endorsement->role != KEY_ROLE_EVIDENCE)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"the key that signed it is endorsed as %s, not as evidence",
				key_role_name(endorsement->role));
	if (time + ENDORSEMENT_SLACK < endorsement->valid_from)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"the key that signed it was endorsed %s, and it is of %s", from,
				when);
	return endorsement_covers(endorsement, time) ||
	       odr_fail(error, ODR_ERROR_CORRUPT,
			"the endorsement of the key that signed it ended %s, and it is of %s",
			until, when);
}
