#include "repo/manifest.h"
#include "repo/mark.h"

/* The public and the sealed part of a manifest, and of a mark, as a writer whose key was stolen could sign them. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t service_id[SERVICE_ID_SIZE] = {0};
	g_autoptr(Manifest) manifest = manifest_new();
	g_autoptr(Manifest) sealed = manifest_new();
	g_autoptr(Mark) mark = g_new0(Mark, 1);

	manifest_public_parse((const char *)data, size, service_id, "20261121T230501Z-1a2b3c4d",
			      manifest, NULL);
	manifest_sealed_parse((const char *)data, size, sealed, NULL);
	mark_public_parse((const char *)data, size, service_id, "20261121T230501Z-0011223344556677",
			  mark, NULL);
	mark_sealed_parse((const char *)data, size, mark, NULL);
	return 0;
}
