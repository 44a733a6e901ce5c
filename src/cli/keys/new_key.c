#include "cli/keys/new_key.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/line/output.h"
#include "cli/site/unlock.h"

#include <string.h>

bool new_key_write(const char *path, const char *text, mode_t mode, GError **error)
{
	return file_write(path, text, strlen(text),
			  &(struct file_write){.mode = mode, .exclusive = true}, error);
}

bool new_key_tell(const struct arguments *arguments, const char *path, const char *next,
		  GError **error)
{
	g_autoptr(KeyText) text = NULL;
	struct key_facts facts;

	if (!file_read_text(path, KEY_TEXT_MAX, &text, error) ||
	    !key_facts_read(text, path, &facts, error))
		return false;
	if (arguments_flag(arguments, "json")) {
		json_t *document = json_object();

		json_set_string(document, "file", path);
		json_set_string(document, "type", facts.type);
		json_set_string(document, "service", facts.service_name);
		json_set_string(document, "service_id", facts.service_id);
		json_set_string(document, "fingerprint", facts.fingerprint);
		json_set_string(document, "owner_fingerprint", facts.owner_fingerprint);
		json_out(document);
	} else if (!arguments_flag(arguments, "quiet")) {
		g_autofree char *detail = text_escape(facts.detail);

		printf("%s\n  %s of service %s, fingerprint %s\n  %s\n%s\n", path, facts.type,
		       facts.service_name, facts.fingerprint, detail, next);
	}
	key_facts_clear(&facts);
	return true;
}

bool new_key_passphrase(const struct arguments *arguments, const char *path, char **passphrase,
			GError **error)
{
	g_autofree char *what = g_strdup_printf("'%s'", path);

	return passphrase_choose(arguments, what, passphrase, error);
}

bool new_key_check_free(const char *path, GError **error)
{
	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return true;
	return odr_fail(error, ODR_ERROR_EXISTS,
			"'%s' is there already; a key file is never overwritten", path);
}
