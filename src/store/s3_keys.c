#include "store/s3_keys.h"

#include "base/error.h"
#include "base/json.h"
#include "crypto/secret.h"
#include "store/s3_xml.h"

#include <string.h>

static char *secret_copy(const char *text)
{
	char *copy = secret_new(strlen(text) + 1);

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
		return odr_fail(error, ODR_ERROR_AUTH, "%s lacks an access key or its secret",
				what);
	if (!plain(keys->access) || !plain(keys->secret) || (keys->token && !plain(keys->token)))
		return odr_fail(error, ODR_ERROR_AUTH,
				"a key in %s holds blanks or control characters", what);
	return true;
}

/* Hands over what was found, if it is whole. */
static bool keys_finish(struct s3_keys *found, bool parsed, const char *what, struct s3_keys *keys,
			GError **error)
{
	if (!parsed || !keys_check(found, what, error)) {
		s3_keys_clear(found);
		return false;
	}
	*keys = *found;
	return true;
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
	return keys_finish(&found, groups <= 1, what, keys, error);
}

/* JSON. */

static const struct {
	const char *what;
	const char *token; /* the member that holds it */
} forms[] = {
	[S3_KEYS_OF_PROCESS] = {"what the credential process prints", "SessionToken"},
	[S3_KEYS_OF_INSTANCE] = {"the answer of the instance metadata service", "Token"},
	[S3_KEYS_OF_CONTAINER] = {"the answer of the container's credential service", "Token"},
};

/* Versions and outcomes, where the form has them. */
static bool check_form(enum s3_keys_form form, json_t *document, GError **error)
{
	const char *what = forms[form].what, *code = NULL;
	int64_t version = 1;

	if (form == S3_KEYS_OF_PROCESS &&
	    !json_int_member(document, what, "Version", &version, error))
		return false;
	if (form == S3_KEYS_OF_INSTANCE &&
	    !json_string_optional(document, what, "Code", &code, error))
		return false;
	if (version != 1)
		return odr_fail(error, ODR_ERROR_AUTH, "%s is not of version 1", what);
	if (code && strcmp(code, "Success") != 0)
		return odr_fail(error, ODR_ERROR_AUTH, "%s says that it has none", what);
	return true;
}

static bool take_json(enum s3_keys_form form, json_t *document, struct s3_keys *keys,
		      GError **error)
{
	const char *what = forms[form].what;
	const char *access = NULL, *secret = NULL, *token = NULL, *expires = NULL;

	if (!check_form(form, document, error) ||
	    !json_string_member(document, what, "AccessKeyId", &access, error) ||
	    !json_string_member(document, what, "SecretAccessKey", &secret, error) ||
	    !json_string_optional(document, what, forms[form].token, &token, error) ||
	    !json_string_optional(document, what, "Expiration", &expires, error))
		return false;
	if (expires && !s3_time_parse(expires, &keys->expires, NULL))
		return odr_fail(error, ODR_ERROR_AUTH, "%s has an Expiration that is no time",
				what);
	keys->access = g_strdup(access);
	keys->secret = secret_copy(secret);
	keys->token = token ? secret_copy(token) : NULL;
	return true;
}

bool s3_keys_parse_json(enum s3_keys_form form, const char *text, size_t size, struct s3_keys *keys,
			GError **error)
{
	struct s3_keys found = {0};
	g_autoptr(JsonValue) document = NULL;

	/* The parser's own message could quote a key. */
	if (!json_parse(text, size, "credentials", &document, NULL))
		return odr_fail(error, ODR_ERROR_AUTH, "%s is no JSON", forms[form].what);
	return keys_finish(&found, take_json(form, document, &found, error), forms[form].what, keys,
			   error);
}

/* STS. */

#define SESSION "/AssumeRoleWithWebIdentityResult/Credentials"

static bool session_field(void *data, const char *path, const char *text, GError **error)
{
	struct s3_keys *keys = data;

	if (strcmp(path, SESSION "/AccessKeyId") == 0 && !keys->access)
		keys->access = g_strdup(text);
	else if (strcmp(path, SESSION "/SecretAccessKey") == 0 && !keys->secret)
		keys->secret = secret_copy(text);
	else if (strcmp(path, SESSION "/SessionToken") == 0 && !keys->token)
		keys->token = secret_copy(text);
	else if (strcmp(path, SESSION "/Expiration") == 0)
		return s3_time_parse(text, &keys->expires, error);
	return true;
}

bool s3_keys_parse_session(const char *text, size_t size, struct s3_keys *keys, GError **error)
{
	static const char what[] = "the answer of STS";
	struct s3_keys found = {0};
	const struct s3_xml xml = {
		.root = "AssumeRoleWithWebIdentityResponse",
		.ended = session_field,
		.data = &found,
	};
	bool parsed = s3_xml_scan(text, size, &xml, NULL);

	if (!parsed)
		odr_fail(error, ODR_ERROR_AUTH, "%s is not what AssumeRoleWithWebIdentity gives",
			 what);
	return keys_finish(&found, parsed, what, keys, error);
}
