#include "cli/keys/kit.h"
#include "cli/settings/settings.h"

/* Configuration files and recovery kits. What parses has a tier and a repository for every service. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(Settings) settings = settings_parse((const char *)data, size, "fuzz", NULL);
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(Kit) kit = kit_parse(text, "fuzz", NULL);

	for (guint i = 0; settings && i < settings->services->len; i++) {
		const struct settings_service *service = settings->services->pdata[i];

		if (!service->tier || service->repositories->len == 0)
			__builtin_trap();
	}
	return 0;
}
