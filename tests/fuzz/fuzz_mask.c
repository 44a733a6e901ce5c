#include "collect/mask.h"
#include "crypto/keys.h"

#include <string.h>

/* Configuration of any kind. Masking ends, keeps lines apart, and gives nothing new the second time. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void mask_document(const struct mask *mask, const char *text, size_t size)
{
	g_autoptr(JsonValue) value = NULL;

	if (json_parse(text, size, "fuzz", &value, NULL))
		mask_json(mask, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t secret[KEY_SIZE] = {1};
	struct mask mask;
	unsigned count;

	mask_init(&mask, secret, NULL);
	g_autofree char *masked = mask_text(&mask, (const char *)data, size, &count);

	if (count == 0 && strncmp(masked, (const char *)data, MIN(size, strlen(masked))) != 0)
		__builtin_trap();
	mask_document(&mask, (const char *)data, size);
	return 0;
}
