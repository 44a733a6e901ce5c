/* Credentials in every form: what is taken is whole, and can go into headers. */
#include "store/s3_keys.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool fits(const char *text)
{
	for (; *text; text++)
		if (!g_ascii_isgraph(*text))
			return false;
	return true;
}

static void check(bool taken, struct s3_keys *keys)
{
	if (!taken)
		return;
	if (!*keys->access || !*keys->secret || !fits(keys->access) || !fits(keys->secret) ||
	    (keys->token && !fits(keys->token)))
		abort();
	s3_keys_clear(keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum s3_keys_form forms[] = {S3_KEYS_OF_PROCESS, S3_KEYS_OF_INSTANCE,
						  S3_KEYS_OF_CONTAINER};
	g_autofree char *text = g_strndup((const char *)data, size);
	struct s3_keys keys;

	check(s3_keys_parse_file(text, "fuzz", &keys, NULL), &keys);
	check(s3_keys_parse_session((const char *)data, size, &keys, NULL), &keys);
	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++)
		check(s3_keys_parse_json(forms[i], (const char *)data, size, &keys, NULL), &keys);
	return 0;
}
