#include "store/s3_source.h"

#include "base/error.h"
#include "base/file.h"
#include "loopback.h"

#define FULL	 "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define RELATIVE "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define TOKEN	 "AWS_CONTAINER_AUTHORIZATION_TOKEN"

static const struct loopback_answer answers[] = {
	{"GET /v1/of-the-pod ", "200 OK", NULL,
	 "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Token\":\"t\","
	 "\"Expiration\":\"2026-11-21T23:05:01Z\"}"},
	{"GET /v1/denied ", "403 Forbidden", NULL, "{\"message\":\"no\"}"},
};
static const struct s3_source_settings settings = {.from = "container"};

static void clear_environment(void)
{
	g_unsetenv(FULL);
	g_unsetenv(RELATIVE);
	g_unsetenv(TOKEN);
	g_unsetenv(TOKEN "_FILE");
}

static char *keys_by(const char *path)
{
	struct loopback loopback = loopback_start(answers, G_N_ELEMENTS(answers));
	g_autofree char *url = g_strconcat(loopback.url, path, NULL);
	struct s3_keys keys = {0};
	usec_t given_at = 0;
	g_autoptr(GError) error = NULL;
	char *log;

	g_setenv(FULL, url, TRUE);
	s3_source_container.read(&settings, &keys, &given_at, &error);
	log = loopback_stop(&loopback);
	g_assert_no_error(error);
	g_assert_cmpstr(keys.token, ==, "t");
	s3_keys_clear(&keys);
	clear_environment();
	return log;
}

static void test_keys(void)
{
	g_autofree char *log = keys_by("/v1/of-the-pod");

	g_assert_null(strstr(log, "Authorization"));
}

static void test_token(void)
{
	g_autofree char *log = NULL;

	g_setenv(TOKEN, "Bearer x", TRUE);
	log = keys_by("/v1/of-the-pod");
	g_assert_nonnull(strstr(log, "Authorization: Bearer x\r\n"));
}

/* The file is read each time: it is replaced. */
static void test_token_file(void)
{
	g_autofree char *path = g_build_filename(g_get_tmp_dir(), "token-XXXXXX", NULL);
	g_autofree char *log = NULL;

	close(g_mkstemp(path));
	g_assert_true(g_file_set_contents(path, "of-the-file\n", -1, NULL));
	g_setenv(TOKEN, "of-the-variable", TRUE);
	g_setenv(TOKEN "_FILE", path, TRUE);
	log = keys_by("/v1/of-the-pod");
	g_assert_nonnull(strstr(log, "Authorization: of-the-file\r\n"));
	g_unlink(path);
}

static const struct refusal {
	const char *name, *variable, *value, *token, *message;
} refusals[] = {
	{"nothing", TOKEN, "x", NULL,
	 "this is no container with a role: neither " RELATIVE " nor " FULL " is set"},
	{"a-host-elsewhere", FULL, "http://192.0.2.1/keys", NULL,
	 FULL " leads by plain http to '192.0.2.1', which is neither this host nor an address of "
	      "such a service"},
	{"a-name-that-looks-near", FULL, "http://127.0.0.1.example.com/keys", NULL,
	 FULL " leads by plain http to '127.0.0.1.example.com', which is neither this host nor an "
	      "address of such a service"},
	{"a-user-before-the-host", FULL, "http://169.254.170.2@example.com/keys", NULL,
	 "what " FULL " holds leads nowhere"},
	{"a-path-that-changes-the-host", RELATIVE, "@example.com/keys", NULL,
	 "what " RELATIVE " holds leads nowhere"},
	{"a-name-that-changes-the-host", RELATIVE, ".example.com/keys", NULL,
	 "what " RELATIVE " holds leads nowhere"},
	{"a-token-of-two-lines", FULL, "http://127.0.0.1:1/", "x\r\nX-Evil: yes",
	 "the container's authorization token is no line"},
};

static void test_refusal(gconstpointer data)
{
	const struct refusal *refusal = data;
	struct s3_keys keys = {0};
	usec_t given_at = 0;
	g_autoptr(GError) error = NULL;

	g_setenv(refusal->variable, refusal->value, TRUE);
	if (refusal->token)
		g_setenv(TOKEN, refusal->token, TRUE);
	g_assert_false(s3_source_container.read(&settings, &keys, &given_at, &error));
	clear_environment();
	g_assert_error(error, ODR_ERROR, ODR_ERROR_AUTH);
	g_assert_cmpstr(error->message, ==, refusal->message);
}

static void test_denied(void)
{
	struct loopback loopback = loopback_start(answers, G_N_ELEMENTS(answers));
	g_autofree char *url = g_strconcat(loopback.url, "/v1/denied", NULL);
	g_autofree char *expected = g_strdup_printf("%s: HTTP 403", loopback.url);
	struct s3_keys keys = {0};
	usec_t given_at = 0;
	g_autoptr(GError) error = NULL;
	g_autofree char *log = NULL;

	g_setenv(FULL, url, TRUE);
	g_assert_false(s3_source_container.read(&settings, &keys, &given_at, &error));
	clear_environment();
	log = loopback_stop(&loopback);
	g_assert_cmpstr(error->message, ==, expected);
}

int main(int argc, char **argv)
{
	clear_environment();
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/s3-source-container/gives-keys", test_keys);
	g_test_add_func("/store/s3-source-container/with-a-token", test_token);
	g_test_add_func("/store/s3-source-container/with-a-token-of-a-file", test_token_file);
	g_test_add_func("/store/s3-source-container/does-not-tell-the-path", test_denied);
	for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
		g_autofree char *path =
			g_strconcat("/store/s3-source-container/refuses/", refusals[i].name, NULL);

		g_test_add_data_func(path, &refusals[i], test_refusal);
	}
	return g_test_run();
}
