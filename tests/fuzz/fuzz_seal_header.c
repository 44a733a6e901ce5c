#include "crypto/seal.h"

#include <stddef.h>
#include <stdint.h>

/* A sealed object's header, and the object's first chunk as if it followed. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static Identity *identity;
	struct seal_header header;
	size_t whole;

	if (!identity) {
		g_autoptr(OwnerKey) owner = owner_key_new("fuzz");

		identity = identity_new(owner, "fuzz", RECIPIENT_SCOPE_ALL);
	}
	if (size >= SEAL_HEADER_START)
		seal_header_size(data, &whole, NULL);
	if (!seal_header_parse(data, size, &header, NULL))
		return 0;

	g_autoptr(Opener) opener = opener_new(&header, identity, NULL);

	if (opener)
		g_error("a header opened for an identity that nobody sealed to");
	return 0;
}
