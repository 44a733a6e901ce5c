#include "store/s3_credentials.h"

#include "base/error.h"
#include "base/file.h"

#include <string.h>
#include <sys/stat.h>

static void assert_keys(struct s3_keys *keys, const char *access, const char *secret,
			const char *token)
{
	g_assert_cmpstr(keys->access, ==, access);
	g_assert_cmpstr(keys->secret, ==, secret);
	g_assert_cmpstr(keys->token, ==, token);
	s3_keys_clear(keys);
}

static const struct refusal {
	const char *name, *text, *message;
} refusals[] = {
	{"nothing", "", "'f' lacks aws_access_key_id or aws_secret_access_key"},
	{"no-secret", "aws_access_key_id=a\n",
	 "'f' lacks aws_access_key_id or aws_secret_access_key"},
	{"two-profiles", "[a]\naws_access_key_id=a\naws_secret_access_key=s\n[b]\n",
	 "'f' holds 2 profiles; put the one that is meant into a file of its own"},
	{"blanks", "aws_access_key_id=a b\naws_secret_access_key=s\n",
	 "a key in 'f' holds blanks or control characters"},
};

static void test_refusal(gconstpointer data)
{
	const struct refusal *refusal = data;
	struct s3_keys keys = {0};
	g_autoptr(GError) error = NULL;

	g_assert_false(s3_keys_parse_file(refusal->text, "'f'", &keys, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_AUTH);
	g_assert_cmpstr(error->message, ==, refusal->message);
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

static void test_json(void)
{
	static const char good[] =
		"{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\","
		"\"SessionToken\":\"t\",\"Expiration\":\"2026-11-21T23:05:01Z\"}";
	static const char bad[] = "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":secret";
	struct s3_keys keys = {0};
	g_autoptr(GError) error = NULL;

	g_assert_true(s3_keys_parse_json(good, strlen(good), &keys, NULL));
	g_assert_cmpint(keys.expires, ==, G_GINT64_CONSTANT(1795302301000000));
	assert_keys(&keys, "A", "s", "t");
	g_assert_false(s3_keys_parse_json(bad, strlen(bad), &keys, &error));
	g_assert_cmpstr(error->message, ==, "the credential process prints no JSON");
}

/* What the file holds is read once, and again when the store says that it has expired. */
static void test_renewal(void)
{
	g_autofree char *folder = g_dir_make_tmp("credentials-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "keys", NULL);
	static const char first[] = "aws_access_key_id=A\naws_secret_access_key=1\n";
	static const char second[] = "aws_access_key_id=A\naws_secret_access_key=2\n";
	S3Credentials *credentials = s3_credentials_new(path, NULL);
	struct s3_keys keys;
	g_autoptr(GError) error = NULL;

	g_assert_true(file_write(path, first, strlen(first), &(struct file_write){0}, NULL));
	g_assert_true(s3_credentials_get(credentials, &keys, NULL));
	assert_keys(&keys, "A", "1", NULL);
	g_assert_true(file_write(path, second, strlen(second), &(struct file_write){0}, NULL));
	g_assert_true(s3_credentials_get(credentials, &keys, NULL));
	assert_keys(&keys, "A", "1", NULL);
	s3_credentials_expire(credentials);
	g_assert_true(s3_credentials_get(credentials, &keys, NULL));
	assert_keys(&keys, "A", "2", NULL);
	s3_credentials_expire(credentials);
	g_assert_cmpint(chmod(path, 0640), ==, 0);
	g_assert_false(s3_credentials_get(credentials, &keys, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_AUTH);
	s3_credentials_free(credentials);
	file_remove_tree(folder, NULL);
}

static void test_process(void)
{
	S3Credentials *credentials = s3_credentials_new(
		NULL,
		"/bin/echo '{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\"}'");
	S3Credentials *failing = s3_credentials_new(NULL, "/bin/false");
	struct s3_keys keys;
	g_autoptr(GError) error = NULL;

	g_assert_true(s3_credentials_get(credentials, &keys, NULL));
	assert_keys(&keys, "A", "s", NULL);
	g_assert_false(s3_credentials_get(failing, &keys, &error));
	g_assert_cmpstr(error->message, ==,
			"cannot read the credentials: '/bin/false' ended with status 1");
	s3_credentials_free(credentials);
	s3_credentials_free(failing);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/s3-credentials/file", test_file);
	for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
		g_autofree char *path =
			g_strconcat("/store/s3-credentials/refuses/", refusals[i].name, NULL);

		g_test_add_data_func(path, &refusals[i], test_refusal);
	}
	g_test_add_func("/store/s3-credentials/json", test_json);
	g_test_add_func("/store/s3-credentials/renewal", test_renewal);
	g_test_add_func("/store/s3-credentials/process", test_process);
	return g_test_run();
}
