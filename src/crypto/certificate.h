#ifndef ODR_CRYPTO_CERTIFICATE_H
#define ODR_CRYPTO_CERTIFICATE_H

#include "base/clock.h"
#include "crypto/digest.h"

#include <glib.h>

/* X.509 certificates in PEM, for people: what they are for, and how long. Nothing is verified. */
struct certificate {
	char *subject, *issuer; /* one line, RFC 2253 */
	char *names;		/* of the subject: "DNS:erp.example, IP:192.0.2.1"; may be empty */
	char *serial;		/* hex */
	usec_t not_before, not_after;
	uint8_t sha256[SHA256_SIZE];	 /* of the whole certificate: its fingerprint */
	uint8_t key_sha256[SHA256_SIZE]; /* of its public key */
	bool authority;
};
void certificate_free(struct certificate *certificate);

/* Every certificate in the text, in order: struct certificate. What is between them does not matter; what
 * is damaged is left out, and counted in *damaged (or NULL). At most CERTIFICATES_MAX. */
#define CERTIFICATES_MAX 1000
GPtrArray *certificates_parse(const char *text, size_t size, unsigned *damaged);
/* The SHA-256 of the public key that belongs to the first private key in the text; false: there is none that
 * can be read without a passphrase. */
bool certificate_key_digest(const char *text, size_t size, uint8_t sha256[SHA256_SIZE]);

#endif
