/* A file of mode 0600, or a credential from systemd. */
#include "base/error.h"
#include "base/file.h"
#include "crypto/secret.h"
#include "store/s3_source.h"

#include <string.h>

#define FILE_MAX ((size_t)64 << 10)

static bool read_systemd(const char *name, char **text, GError **error)
{
	const char *folder = g_getenv("CREDENTIALS_DIRECTORY");

	if (!folder || strchr(name, '/'))
		return odr_fail(error, ODR_ERROR_AUTH,
				"there is no systemd credential '%s'; give it by LoadCredential=, "
				"or name a file by its absolute path",
				name);
	g_autofree char *path = g_build_filename(folder, name, NULL);

	/* systemd guards it by more than its mode shows. */
	return file_read_text(path, FILE_MAX, text, error);
}

static bool read_file(const struct s3_source_settings *settings, struct s3_keys *keys,
		      usec_t *given_at, GError **error)
{
	g_autofree char *what = g_strdup_printf("'%s'", settings->file);
	g_autofree char *text = NULL;
	bool done = g_path_is_absolute(settings->file)
			    ? file_read_secret(settings->file, FILE_MAX, &text, error)
			    : read_systemd(settings->file, &text, error);

	if (!done)
		return false;
	done = s3_keys_parse_file(text, what, keys, error);
	secret_wipe(text, strlen(text));
	return done;
}

const struct s3_source s3_source_file = {.name = "file", .what = "'%s'", .read = read_file};
