#include "repo/manifest.h"

/* The public and the sealed part of a manifest, as a writer whose key was stolen could sign them. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t service_id[SERVICE_ID_SIZE] = {0};
	g_autoptr(Manifest) manifest = manifest_new();
	g_autoptr(Manifest) sealed = manifest_new();

	manifest_public_parse((const char *)data, size, service_id, "20261121T230501Z-1a2b3c4d",
			      manifest, NULL);
	manifest_sealed_parse((const char *)data, size, sealed, NULL);
	return 0;
}
