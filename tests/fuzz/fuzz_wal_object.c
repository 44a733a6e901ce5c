#include "crypto/secret.h"
#include "repo/wal_object.h"

#include <string.h>

/*
 * A WAL object: the name up to the first newline, then the object. Once as it is, and once with a good
 * signature, so that what stands behind the signature is reached, too.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct key_service *service, const char *local, const void *bytes,
		  size_t size)
{
	struct wal_facts facts = {0};

	if (wal_object_check(service, local, bytes, size, &facts, NULL))
		wal_facts_clear(&facts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static OwnerKey *owner;
	static Bundle *bundle;
	const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;

	if (!newline)
		return 0;
	if (!owner) {
		g_autoptr(GPtrArray) nobody = g_ptr_array_new();

		if (!crypto_init(NULL))
			return 0;
		owner = owner_key_new("fuzz");
		/* As in the inputs. */
		memset(owner->service.id, 0, SERVICE_ID_SIZE);
		bundle = bundle_new(owner, KEY_ROLE_WRITER, 0, 0, nobody);
	}

	g_autofree char *local = g_strndup((const char *)data, newline - data);
	const uint8_t *content = newline + 1;
	size_t content_size = size - (content - data);
	g_autofree uint8_t *signed_bytes = g_malloc(content_size + SIGNATURE_BLOCK_SIZE);
	uint8_t digest[SHA256_SIZE];

	check(&owner->service, local, content, content_size);
	memcpy(signed_bytes, content, content_size);
	sha256(content, content_size, digest);
	sign_object(bundle, local, digest, signed_bytes + content_size);
	check(&owner->service, local, signed_bytes, content_size + SIGNATURE_BLOCK_SIZE);
	return 0;
}
