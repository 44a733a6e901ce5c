#include "store/s3_source.h"

#include "base/error.h"
#include "loopback.h"

#define ROLE  "AWS_ROLE_ARN"
#define TOKEN "AWS_WEB_IDENTITY_TOKEN_FILE"

static char *token_file;

static void clear_environment(void)
{
	g_unsetenv(ROLE);
	g_unsetenv(TOKEN);
	g_unsetenv("AWS_ROLE_SESSION_NAME");
}

static const char answer_text[] =
	"<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
	"<AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t"
	"</SessionToken><Expiration>2026-11-21T23:05:01Z</Expiration></Credentials>"
	"</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";
static const struct loopback_answer answers[] = {{"POST / ", "200 OK", NULL, answer_text}};

static char *keys_by(const struct s3_source_settings *more)
{
	struct loopback loopback = loopback_start(answers, 1);
	struct s3_source_settings settings = *more;
	struct s3_keys keys = {0};
	usec_t given_at = 0;
	g_autoptr(GError) error = NULL;
	char *log;

	settings.endpoint = loopback.url;
	g_assert_true(s3_source_web_identity.check(&settings, NULL));
	s3_source_web_identity.read(&settings, &keys, &given_at, &error);
	log = loopback_stop(&loopback);
	clear_environment();
	g_assert_no_error(error);
	g_assert_cmpstr(keys.token, ==, "t");
	s3_keys_clear(&keys);
	return log;
}

static void test_environment(void)
{
	g_autofree char *log = NULL;

	g_setenv(ROLE, "arn:aws:iam::1:role/writer", TRUE);
	g_setenv(TOKEN, token_file, TRUE);
	g_setenv("AWS_ROLE_SESSION_NAME", "erp@prod", TRUE);
	log = keys_by(&(struct s3_source_settings){0});
	g_assert_nonnull(strstr(log, "Content-Type: application/x-www-form-urlencoded\r\n"));
	g_assert_nonnull(
		strstr(log, "\r\n\r\nAction=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn="
			    "arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fwriter&RoleSessionName=erp%40prod&"
			    "WebIdentityToken=a.b-c_d\n"));
}

static void test_settings(void)
{
	g_autofree char *log = NULL;

	g_setenv(ROLE, "of-the-environment", TRUE);
	log = keys_by(&(struct s3_source_settings){.role = "writer", .token_file = token_file});
	g_assert_nonnull(strstr(log, "&RoleArn=writer&RoleSessionName=odrbackup&"));
}

static const struct refusal {
	const char *name, *role, *token, *status, *body;
	enum odr_error code;
	const char *message; /* its end */
} refusals[] = {
	{"no-role", NULL, NULL, "200 OK", answer_text, ODR_ERROR_AUTH,
	 "there is no web identity: neither role-arn= is set nor AWS_ROLE_ARN in the environment"},
	{"no-token-file", "writer", NULL, "200 OK", answer_text, ODR_ERROR_AUTH,
	 "there is no web identity: neither token-file= is set nor AWS_WEB_IDENTITY_TOKEN_FILE in "
	 "the environment"},
	{"an-empty-token", "writer", "/dev/null", "200 OK", answer_text, ODR_ERROR_SYSTEM,
	 "'/dev/null'"},
	{"denied", "writer", "", "403 Forbidden",
	 "<Error><Code>AccessDenied</Code><Message></Message></Error>", ODR_ERROR_AUTH,
	 ": HTTP 403 AccessDenied"},
	{"expired", "writer", "", "400 Bad Request",
	 "<ErrorResponse><Error><Code>ExpiredTokenException</Code><Message>Token expired"
	 "</Message></Error></ErrorResponse>",
	 ODR_ERROR_AUTH, ": HTTP 400 ExpiredTokenException (Token expired)"},
	{"a-page", "writer", "", "200 OK", "<html></html>", ODR_ERROR_AUTH,
	 ": the answer of STS is not what AssumeRoleWithWebIdentity gives"},
};

static void test_refusal(gconstpointer data)
{
	const struct refusal *refusal = data;
	const struct loopback_answer answer = {"POST / ", refusal->status, NULL, refusal->body};
	struct loopback loopback = loopback_start(&answer, 1);
	struct s3_source_settings settings = {.endpoint = loopback.url, .role = refusal->role};
	struct s3_keys keys = {0};
	usec_t given_at = 0;
	g_autoptr(GError) error = NULL;
	g_autofree char *log = NULL;

	if (refusal->token)
		settings.token_file = *refusal->token ? refusal->token : token_file;
	g_assert_false(s3_source_web_identity.read(&settings, &keys, &given_at, &error));
	log = loopback_stop(&loopback);
	g_test_message("%s", error->message);
	if (refusal->code != ODR_ERROR_SYSTEM)
		g_assert_error(error, ODR_ERROR, (int)refusal->code);
	g_assert_nonnull(strstr(error->message, refusal->message));
	g_assert_null(strstr(error->message, "a.b-c_d"));
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	clear_environment();
	token_file = g_build_filename(g_get_tmp_dir(), "token-XXXXXX", NULL);
	close(g_mkstemp(token_file));
	g_assert_true(g_file_set_contents(token_file, "a.b-c_d\n", -1, NULL));
	g_test_add_func("/store/s3-source-web-identity/of-the-environment", test_environment);
	g_test_add_func("/store/s3-source-web-identity/settings-come-first", test_settings);
	for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
		g_autofree char *path = g_strconcat("/store/s3-source-web-identity/refuses/",
						    refusals[i].name, NULL);

		g_test_add_data_func(path, &refusals[i], test_refusal);
	}
	status = g_test_run();
	g_unlink(token_file);
	g_free(token_file);
	return status;
}
