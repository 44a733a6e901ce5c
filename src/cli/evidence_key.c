#include "cli/evidence_key.h"

#include "base/error.h"
#include "base/file.h"

bool evidence_key_chosen(const struct arguments *arguments, const Context *context,
			 uint8_t public_key[KEY_SIZE], GError **error)
{
	const char *given = arguments_text(arguments, "key");
	const char *path = given || !context ? given : context->service->evidence_key;
	g_autoptr(KeyText) text = NULL;
	g_autofree char *what = NULL;

	if (!path)
		return odr_fail(error, ODR_ERROR_USAGE,
				"with which key is it to be verified? Give --key FILE, or set "
				"evidence-key= in the configuration");
	what = g_strdup_printf("'%s'", path);
	if (!file_read_text(path, KEY_TEXT_MAX, &text, error))
		return odr_context(error, "cannot read the key of evidence");
	return evidence_public_parse(text, what, public_key, error);
}
