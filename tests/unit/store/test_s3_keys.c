#include "store/s3_keys.h"

#include "base/error.h"

#include <string.h>

#define EXPIRES G_GINT64_CONSTANT(1795302301000000) /* 2026-11-21T23:05:01Z */

static void assert_keys(struct s3_keys *keys, const char *access, const char *secret,
			const char *token)
{
	g_assert_cmpstr(keys->access, ==, access);
	g_assert_cmpstr(keys->secret, ==, secret);
	g_assert_cmpstr(keys->token, ==, token);
	s3_keys_clear(keys);
}

static void test_file(void)
{
	struct s3_keys keys;

	g_assert_true(s3_keys_parse_file("# mine\n[default]\n aws_access_key_id = AK \r\n"
					 "aws_secret_access_key=a/b+c=\nregion=x\n",
					 "'f'", &keys, NULL));
	assert_keys(&keys, "AK", "a/b+c=", NULL);
	g_assert_true(s3_keys_parse_file("aws_access_key_id=A\naws_secret_access_key=s\n"
					 "aws_session_token=t",
					 "'f'", &keys, NULL));
	assert_keys(&keys, "A", "s", "t");
}

static const struct form {
	const char *name;
	enum s3_keys_form form;
	const char *text;
} forms[] = {
	{"of-a-process", S3_KEYS_OF_PROCESS,
	 "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\","
	 "\"Expiration\":\"2026-11-21T23:05:01Z\"}"},
	{"of-an-instance", S3_KEYS_OF_INSTANCE,
	 "{\"Code\":\"Success\",\"LastUpdated\":\"2026-11-21T17:05:01Z\",\"Type\":\"AWS-HMAC\","
	 "\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Token\":\"t\","
	 "\"Expiration\":\"2026-11-21T23:05:01Z\"}"},
	{"of-a-container", S3_KEYS_OF_CONTAINER,
	 "{\"RoleArn\":\"arn\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Token\":\"t\","
	 "\"Expiration\":\"2026-11-21T23:05:01.000000868Z\"}"},
};

static void test_form(gconstpointer data)
{
	const struct form *form = data;
	struct s3_keys keys = {0};
	g_autoptr(GError) error = NULL;

	s3_keys_parse_json(form->form, form->text, strlen(form->text), &keys, &error);
	g_assert_no_error(error);
	g_assert_cmpint(keys.expires, ==, EXPIRES);
	assert_keys(&keys, "A", "s", "t");
}

#define STS(root, credentials)                                                        \
 "<" root " xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"                     \
 "<AssumeRoleWithWebIdentityResult><Audience>odr</Audience><Credentials>" credentials \
 "</Credentials></AssumeRoleWithWebIdentityResult><ResponseMetadata><RequestId>x"     \
 "</RequestId></ResponseMetadata></" root ">"

static void test_session(void)
{
	static const char text[] =
		STS("AssumeRoleWithWebIdentityResponse",
		    "<AccessKeyId>A</AccessKeyId><Expiration>2026-11-21T23:05:01.000000868Z"
		    "</Expiration><SecretAccessKey>s</SecretAccessKey>"
		    "<SessionToken>t&amp;/+=</SessionToken>");
	struct s3_keys keys = {0};
	g_autoptr(GError) error = NULL;

	s3_keys_parse_session(text, strlen(text), &keys, &error);
	g_assert_no_error(error);
	g_assert_cmpint(keys.expires, ==, EXPIRES);
	assert_keys(&keys, "A", "s", "t&/+=");
}

enum reader { FILES, PROCESS, INSTANCE, CONTAINER, SESSION };
static const struct refusal {
	const char *name;
	enum reader reader;
	const char *text, *message;
} refusals[] = {
	{"nothing", FILES, "", "'f' lacks an access key or its secret"},
	{"no-secret", FILES, "aws_access_key_id=a\n", "'f' lacks an access key or its secret"},
	{"two-profiles", FILES, "[a]\naws_access_key_id=a\naws_secret_access_key=s\n[b]\n",
	 "'f' holds 2 profiles; put the one that is meant into a file of its own"},
	{"blanks", FILES, "aws_access_key_id=a b\naws_secret_access_key=s\n",
	 "a key in 'f' holds blanks or control characters"},
	{"no-json", PROCESS, "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":secret",
	 "what the credential process prints is no JSON"},
	{"a-list", PROCESS, "[1]",
	 "what the credential process prints: member 'Version' is missing or not an integer"},
	{"another-version", PROCESS,
	 "{\"Version\":2,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\"}",
	 "what the credential process prints is not of version 1"},
	{"no-time", PROCESS,
	 "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Expiration\":\"soon\"}",
	 "what the credential process prints has an Expiration that is no time"},
	{"a-line-end-in-a-key", PROCESS,
	 "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\\r\\nX: y\"}",
	 "a key in what the credential process prints holds blanks or control characters"},
	{"no-success", INSTANCE, "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"no\"}",
	 "the answer of the instance metadata service says that it has none"},
	{"a-page", INSTANCE, "<html><body>Welcome</body></html>",
	 "the answer of the instance metadata service is no JSON"},
	{"a-number-for-a-key", CONTAINER, "{\"AccessKeyId\":1,\"SecretAccessKey\":\"s\"}",
	 "the answer of the container's credential service: member 'AccessKeyId' is missing or "
	 "not a string"},
	{"an-empty-key", CONTAINER, "{\"AccessKeyId\":\"\",\"SecretAccessKey\":\"s\"}",
	 "the answer of the container's credential service lacks an access key or its secret"},
	{"no-xml", SESSION, "{}", "the answer of STS is not what AssumeRoleWithWebIdentity gives"},
	{"another-root", SESSION,
	 STS("AssumeRoleResponse", "<AccessKeyId>A</AccessKeyId>"
				   "<SecretAccessKey>s</SecretAccessKey>"),
	 "the answer of STS is not what AssumeRoleWithWebIdentity gives"},
	{"no-keys", SESSION, STS("AssumeRoleWithWebIdentityResponse", ""),
	 "the answer of STS lacks an access key or its secret"},
	{"an-entity-of-its-own", SESSION,
	 "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>" STS(
		 "AssumeRoleWithWebIdentityResponse", "<AccessKeyId>&e;</AccessKeyId>"),
	 "the answer of STS is not what AssumeRoleWithWebIdentity gives"},
	{"a-line-end-in-a-token", SESSION,
	 STS("AssumeRoleWithWebIdentityResponse", "<AccessKeyId>A</AccessKeyId><SecretAccessKey>s"
						  "</SecretAccessKey><SessionToken>t&#10;X: y"
						  "</SessionToken>"),
	 "a key in the answer of STS holds blanks or control characters"},
};

static bool parse(enum reader reader, const char *text, struct s3_keys *keys, GError **error)
{
	static const enum s3_keys_form read_forms[] = {
		[PROCESS] = S3_KEYS_OF_PROCESS,
		[INSTANCE] = S3_KEYS_OF_INSTANCE,
		[CONTAINER] = S3_KEYS_OF_CONTAINER,
	};

	if (reader == FILES)
		return s3_keys_parse_file(text, "'f'", keys, error);
	if (reader == SESSION)
		return s3_keys_parse_session(text, strlen(text), keys, error);
	return s3_keys_parse_json(read_forms[reader], text, strlen(text), keys, error);
}

static void test_refusal(gconstpointer data)
{
	const struct refusal *refusal = data;
	struct s3_keys keys = {0};
	g_autoptr(GError) error = NULL;

	g_assert_false(parse(refusal->reader, refusal->text, &keys, &error));
	g_assert_cmpstr(error->message, ==, refusal->message);
	g_assert_null(keys.access);
	g_assert_null(keys.secret);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/s3-keys/of-a-file", test_file);
	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
		g_autofree char *path = g_strconcat("/store/s3-keys/", forms[i].name, NULL);

		g_test_add_data_func(path, &forms[i], test_form);
	}
	g_test_add_func("/store/s3-keys/of-a-session", test_session);
	for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
		g_autofree char *path =
			g_strconcat("/store/s3-keys/refuses/", refusals[i].name, NULL);

		g_test_add_data_func(path, &refusals[i], test_refusal);
	}
	return g_test_run();
}
