#include "store/s3_credentials.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/pool.h"
#include "base/process.h"
#include "crypto/secret.h"

#include <string.h>

#define FILE_MAX	((size_t)64 << 10)
#define RENEW_BEFORE	(5 * USEC_PER_MIN)
#define PROCESS_TIMEOUT (60 * USEC_PER_SEC)

struct s3_credentials {
	char *file, *process;
	struct mutex *mutex;
	struct s3_keys keys; /* access NULL: not read; guarded by mutex */
};

static char *secret_copy(const char *text)
{
	char *copy;

	if (!text)
		return NULL;
	copy = secret_new(strlen(text) + 1);
	memcpy(copy, text, strlen(text));
	return copy;
}

void s3_keys_clear(struct s3_keys *keys)
{
	g_clear_pointer(&keys->access, g_free);
	g_clear_pointer(&keys->secret, secret_free);
	g_clear_pointer(&keys->token, secret_free);
	keys->expires = 0;
}

static void keys_copy(struct s3_keys *to, const struct s3_keys *from)
{
	to->access = g_strdup(from->access);
	to->secret = secret_copy(from->secret);
	to->token = secret_copy(from->token);
	to->expires = from->expires;
}

/* What goes into headers must not end them. */
static bool plain(const char *text)
{
	for (; *text; text++)
		if (!g_ascii_isgraph(*text))
			return false;
	return true;
}

static bool keys_check(const struct s3_keys *keys, const char *what, GError **error)
{
	if (!keys->access || !keys->secret || !*keys->access || !*keys->secret)
		return odr_fail(error, ODR_ERROR_AUTH,
				"%s lacks aws_access_key_id or aws_secret_access_key", what);
	if (!plain(keys->access) || !plain(keys->secret) || (keys->token && !plain(keys->token)))
		return odr_fail(error, ODR_ERROR_AUTH,
				"a key in %s holds blanks or control characters", what);
	return true;
}

S3Credentials *s3_credentials_new(const char *file, const char *process)
{
	S3Credentials *credentials = g_new0(S3Credentials, 1);

	credentials->file = g_strdup(file);
	credentials->process = g_strdup(process);
	credentials->mutex = mutex_new();
	return credentials;
}

void s3_credentials_free(S3Credentials *credentials)
{
	if (!credentials)
		return;
	s3_keys_clear(&credentials->keys);
	mutex_free(credentials->mutex);
	g_free(credentials->file);
	g_free(credentials->process);
	g_free(credentials);
}

/* Files. */

static void take_line(struct s3_keys *keys, const char *line)
{
	const char *equals = strchr(line, '=');
	g_autofree char *name = equals ? g_strndup(line, (gsize)(equals - line)) : NULL;
	char *value;

	if (!name)
		return;
	g_strstrip(name);
	value = g_strstrip(g_strdup(equals + 1));
	if (strcmp(name, "aws_access_key_id") == 0 && !keys->access)
		keys->access = g_strdup(value);
	else if (strcmp(name, "aws_secret_access_key") == 0 && !keys->secret)
		keys->secret = secret_copy(value);
	else if (strcmp(name, "aws_session_token") == 0 && !keys->token)
		keys->token = secret_copy(value);
	secret_wipe(value, strlen(value));
	g_free(value);
}

bool s3_keys_parse_file(const char *text, const char *what, struct s3_keys *keys, GError **error)
{
	struct s3_keys found = {0};
	unsigned groups = 0;

	while (*text) {
		size_t length = strcspn(text, "\n");
		g_autofree char *line = g_strndup(text, length);

		if (*g_strchug(line) == '[')
			groups++;
		else if (*line != '#' && *line != ';')
			take_line(&found, line);
		secret_wipe(line, strlen(line));
		text += length + (text[length] == '\n');
	}
	if (groups > 1)
		odr_fail(error, ODR_ERROR_AUTH,
			 "%s holds %u profiles; put the one that is meant into a file of its own",
			 what, groups);
	if (groups > 1 || !keys_check(&found, what, error)) {
		s3_keys_clear(&found);
		return false;
	}
	*keys = found;
	return true;
}

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

static bool read_file(const char *file, struct s3_keys *keys, GError **error)
{
	g_autofree char *what = g_strdup_printf("'%s'", file);
	g_autofree char *text = NULL;
	bool done;

	done = g_path_is_absolute(file) ? file_read_secret(file, FILE_MAX, &text, error)
					: read_systemd(file, &text, error);
	if (!done)
		return false;
	done = s3_keys_parse_file(text, what, keys, error);
	secret_wipe(text, strlen(text));
	return done;
}

/* Programs. */

static bool take_json(json_t *document, struct s3_keys *keys, GError **error)
{
	static const char what[] = "what the credential process prints";
	const char *access = NULL, *secret = NULL, *token = NULL, *expires = NULL;
	int64_t version;

	if (!json_int_member(document, what, "Version", &version, error) ||
	    !json_string_member(document, what, "AccessKeyId", &access, error) ||
	    !json_string_member(document, what, "SecretAccessKey", &secret, error) ||
	    !json_string_optional(document, what, "SessionToken", &token, error) ||
	    !json_string_optional(document, what, "Expiration", &expires, error))
		return false;
	if (version != 1)
		return odr_fail(error, ODR_ERROR_AUTH, "%s is not of version 1", what);
	if (expires && !clock_parse(expires, &keys->expires, error))
		return odr_context(error, "%s", what);
	keys->access = g_strdup(access);
	keys->secret = secret_copy(secret);
	keys->token = secret_copy(token);
	return keys_check(keys, what, error);
}

bool s3_keys_parse_json(const char *text, size_t size, struct s3_keys *keys, GError **error)
{
	struct s3_keys found = {0};
	g_autoptr(JsonValue) document = NULL;

	/* The parser's own message could quote a key. */
	if (!json_parse(text, size, "credentials", &document, NULL))
		return odr_fail(error, ODR_ERROR_AUTH, "the credential process prints no JSON");
	if (!take_json(document, &found, error)) {
		s3_keys_clear(&found);
		return false;
	}
	*keys = found;
	return true;
}

static bool run_process(const char *command, struct s3_keys *keys, GError **error)
{
	g_auto(GStrv) words = NULL;
	struct process_result result = {0};
	struct process_request request = {.limit = FILE_MAX, .timeout_us = PROCESS_TIMEOUT};
	bool done;

	if (!g_shell_parse_argv(command, NULL, &words, NULL))
		return odr_fail(error, ODR_ERROR_USAGE,
				"credential-process= is no command line: '%s'", command);
	request.argv = (const char *const *)words;
	if (!process_run(&request, &result, error))
		return false;
	if (result.status != 0)
		done = odr_fail(error, ODR_ERROR_AUTH, "'%s' ended with status %d", words[0],
				result.status);
	else
		done = s3_keys_parse_json(result.out, strlen(result.out), keys, error);
	secret_wipe(result.out, strlen(result.out));
	process_result_clear(&result);
	return done;
}

/* Whatever the reason: without keys there is no access. */
static bool read_keys(const S3Credentials *credentials, struct s3_keys *keys, GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (credentials->process ? run_process(credentials->process, keys, &cause)
				 : read_file(credentials->file, keys, &cause))
		return true;
	if (odr_error_is(cause, ODR_ERROR_STOPPED) || odr_error_is(cause, ODR_ERROR_USAGE)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	return odr_fail(error, ODR_ERROR_AUTH, "cannot read the credentials: %s", cause->message);
}

static bool current(const S3Credentials *credentials, struct s3_keys *keys)
{
	bool good;

	mutex_lock(credentials->mutex);
	good = credentials->keys.access && (credentials->keys.expires == 0 ||
					    clock_now() < credentials->keys.expires - RENEW_BEFORE);
	if (good)
		keys_copy(keys, &credentials->keys);
	mutex_unlock(credentials->mutex);
	return good;
}

/* Several workers may read at once: the lock is not held meanwhile, and one of them is as good. */
bool s3_credentials_get(S3Credentials *credentials, struct s3_keys *keys, GError **error)
{
	struct s3_keys fresh = {0};

	*keys = (struct s3_keys){0};
	if (current(credentials, keys))
		return true;
	if (!read_keys(credentials, &fresh, error))
		return false;
	keys_copy(keys, &fresh);
	mutex_lock(credentials->mutex);
	s3_keys_clear(&credentials->keys);
	credentials->keys = fresh;
	mutex_unlock(credentials->mutex);
	return true;
}

char *s3_credentials_describe(const S3Credentials *credentials)
{
	return credentials->process ? g_strdup_printf("the program '%s'", credentials->process)
				    : g_strdup_printf("'%s'", credentials->file);
}

void s3_credentials_expire(S3Credentials *credentials)
{
	mutex_lock(credentials->mutex);
	s3_keys_clear(&credentials->keys);
	mutex_unlock(credentials->mutex);
}
