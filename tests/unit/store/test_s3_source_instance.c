#include "store/s3_source.h"

#include "base/error.h"
#include "loopback.h"

#define TOKEN "PUT /latest/api/token "
#define ROLES "GET /latest/meta-data/iam/security-credentials/ "
#define ROLE  "GET /latest/meta-data/iam/security-credentials/odr-backup "
#define KEYS                                                                              \
 "{\"Code\":\"Success\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Token\":\"t\"," \
 "\"Expiration\":\"2026-11-21T23:05:01Z\"}"

static bool read_from(const struct loopback *loopback, struct s3_keys *keys, usec_t *given_at,
		      GError **error)
{
	const struct s3_source_settings settings = {.from = "instance", .endpoint = loopback->url};

	g_assert_true(s3_source_instance.check(&settings, NULL));
	return s3_source_instance.read(&settings, keys, given_at, error);
}

static void test_keys(void)
{
	static const struct loopback_answer answers[] = {
		{TOKEN, "200 OK", NULL, "session"},
		{ROLES, "200 OK", NULL, "odr-backup"},
		{ROLE, "200 OK", "Date: Sat, 21 Nov 2026 17:05:01 GMT\r\n", KEYS},
	};
	struct loopback loopback = loopback_start(answers, G_N_ELEMENTS(answers));
	struct s3_keys keys = {0};
	usec_t given_at = 0;
	g_autoptr(GError) error = NULL;
	g_autofree char *log = NULL;

	read_from(&loopback, &keys, &given_at, &error);
	log = loopback_stop(&loopback);
	g_assert_no_error(error);
	g_assert_cmpstr(keys.access, ==, "A");
	g_assert_cmpint(keys.expires - given_at, ==, 6 * USEC_PER_HOUR);
	g_assert_nonnull(strstr(log, "X-aws-ec2-metadata-token-ttl-seconds: 300"));
	g_assert_nonnull(strstr(log, "X-aws-ec2-metadata-token: session"));
	s3_keys_clear(&keys);
}

static const struct refusal {
	const char *name;
	struct loopback_answer answers[3];
	enum odr_error code;
	const char *message; /* behind the service, or as it is */
} refusals[] = {
	{"version-1",
	 {{TOKEN, "404 Not Found", NULL, NULL}, {"GET ", "200 OK", NULL, KEYS}},
	 ODR_ERROR_AUTH,
	 "this metadata service has no version 2, and version 1 is not used: %s: HTTP 404"},
	{"switched-off",
	 {{TOKEN, "403 Forbidden", NULL, NULL}},
	 ODR_ERROR_AUTH,
	 "the metadata service of this instance is switched off: %s: HTTP 403"},
	{"busy",
	 {{TOKEN, "503 Service Unavailable", NULL, NULL}},
	 ODR_ERROR_TRANSIENT,
	 "the metadata service gives no token: %s: HTTP 503"},
	{"elsewhere",
	 {{TOKEN, "307 Temporary Redirect", "Location: http://192.0.2.1/\r\n", NULL}},
	 ODR_ERROR_AUTH,
	 "the metadata service gives no token: %s: HTTP 307: it leads elsewhere, which is not "
	 "followed"},
	{"a-token-of-two-lines",
	 {{TOKEN, "200 OK", NULL, "session\r\nX-Evil: yes"}},
	 ODR_ERROR_AUTH,
	 "the metadata service gives something else for a token"},
	{"no-role",
	 {{TOKEN, "200 OK", NULL, "session"}, {ROLES, "404 Not Found", NULL, NULL}},
	 ODR_ERROR_AUTH,
	 "this instance has no role: %s: HTTP 404"},
	{"a-role-that-is-a-path",
	 {{TOKEN, "200 OK", NULL, "session"}, {ROLES, "200 OK", NULL, "../../user-data"}},
	 ODR_ERROR_AUTH,
	 "the metadata service names no role of this instance"},
	{"a-page",
	 {{TOKEN, "200 OK", NULL, "session"},
	  {ROLES, "200 OK", NULL, "odr-backup\n"},
	  {ROLE, "200 OK", NULL, "<html></html>"}},
	 ODR_ERROR_AUTH,
	 "the answer of the instance metadata service is no JSON"},
};

static void test_refusal(gconstpointer data)
{
	const struct refusal *refusal = data;
	struct loopback loopback = loopback_start(refusal->answers, 3);
	g_auto(GStrv) parts = g_strsplit(refusal->message, "%s", 2);
	g_autofree char *expected = g_strjoinv(loopback.url, parts);
	struct s3_keys keys = {0};
	usec_t given_at = 0;
	g_autoptr(GError) error = NULL;
	g_autofree char *log = NULL;

	g_assert_false(read_from(&loopback, &keys, &given_at, &error));
	log = loopback_stop(&loopback);
	g_assert_error(error, ODR_ERROR, (int)refusal->code);
	g_assert_cmpstr(error->message, ==, expected);
	g_assert_null(keys.access);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/s3-source-instance/gives-keys-for-a-token", test_keys);
	for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
		g_autofree char *path =
			g_strconcat("/store/s3-source-instance/refuses/", refusals[i].name, NULL);

		g_test_add_data_func(path, &refusals[i], test_refusal);
	}
	return g_test_run();
}
