#include "crypto/evidence_key.h"

#include <stddef.h>
#include <stdint.h>

/* The text of a key file, read as each of the five types, and of a signature of evidence. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(OwnerKey) owner = owner_key_parse(text, "fuzz.key", NULL, NULL);
	g_autoptr(Identity) identity = identity_parse(text, "fuzz.key", NULL, NULL);
	g_autoptr(Bundle) bundle = bundle_parse(text, "fuzz.key", NULL);
	g_autoptr(EvidenceKey) evidence = evidence_key_parse(text, "fuzz.key", NULL, NULL);
	struct evidence_signature signature;
	uint8_t public_key[KEY_SIZE];
	struct key_service service = {0};
	struct recipient *recipient = recipient_parse(text, "fuzz.key", &service, NULL);
	struct key_facts facts;

	if (recipient) {
		g_autofree char *printed = recipient_print(recipient, &service);
	}
	recipient_free(recipient);
	key_service_clear(&service);
	if (key_facts_read(text, "fuzz.key", &facts, NULL))
		key_facts_clear(&facts);
	evidence_public_parse(text, "fuzz.key", public_key, NULL);
	evidence_signature_parse(text, size, &signature, NULL);
	return 0;
}
