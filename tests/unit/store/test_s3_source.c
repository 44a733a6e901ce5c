#include "store/s3_source.h"

#include "base/error.h"
#include "crypto/secret.h"
#include "loopback.h"

static const struct choice {
	const char *name;
	struct s3_source_settings settings;
	const struct s3_source *source;
	const char *message;
} choices[] = {
	{"file", {.file = "/k"}, &s3_source_file, NULL},
	{"process", {.process = "p 'a b'"}, &s3_source_process, NULL},
	{"instance", {.from = "instance"}, &s3_source_instance, NULL},
	{"instance-by-address-of-the-link",
	 {.from = "instance", .endpoint = "http://[fd00:ec2::254]/"},
	 &s3_source_instance,
	 NULL},
	{"container", {.from = "container"}, &s3_source_container, NULL},
	{"web-identity-of-amazon",
	 {.from = "web-identity", .amazon = true, .region = "eu-west-1"},
	 &s3_source_web_identity,
	 NULL},
	{"web-identity-of-ceph",
	 {.from = "web-identity", .endpoint = "https://rgw.example.com:8443"},
	 &s3_source_web_identity,
	 NULL},
	{"none",
	 {0},
	 NULL,
	 "it needs one of credentials=, credential-process= and credentials-from=, and no other"},
	{"two",
	 {.file = "/k", .from = "instance"},
	 NULL,
	 "it needs one of credentials=, credential-process= and credentials-from=, and no other"},
	{"unknown", {.from = "imds"}, NULL, "credentials-from= cannot be 'imds'"},
	{"bad-command",
	 {.process = "p 'a"},
	 NULL,
	 "credential-process= is no command line: 'p 'a'"},
	{"service-that-is-no-url",
	 {.from = "instance", .endpoint = "169.254.169.254"},
	 NULL,
	 "credentials-endpoint: '169.254.169.254' is no URL; write https://HOST or "
	 "https://HOST:PORT, and no user or blanks"},
	{"instance-in-the-open",
	 {.from = "instance", .endpoint = "http://metadata.example.com"},
	 NULL,
	 "credentials-endpoint= is plain http, and 'metadata.example.com' is neither this host nor "
	 "on its link: anyone on the way could take the keys"},
	{"instance-with-a-path",
	 {.from = "instance", .endpoint = "http://169.254.169.254/latest"},
	 NULL,
	 "credentials-endpoint= has no path behind the host: 'http://169.254.169.254/latest'"},
	{"sts-in-the-open",
	 {.from = "web-identity", .endpoint = "http://sts.example.com"},
	 NULL,
	 "credentials-endpoint= is plain http: anyone on the way could take the keys; write "
	 "https://, or set plain-http=yes where the network is guarded otherwise"},
	{"sts-of-nobody",
	 {.from = "web-identity"},
	 NULL,
	 "credentials-from=web-identity needs credentials-endpoint=, the STS of this store; with "
	 "Ceph that is its endpoint itself"},
};

static void test_choice(gconstpointer data)
{
	const struct choice *choice = data;
	g_autoptr(GError) error = NULL;

	g_assert_true(s3_source_of(&choice->settings, &error) == choice->source);
	g_assert_cmpstr(error ? error->message : NULL, ==, choice->message);
	if (error)
		g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
}

static void test_link(void)
{
	static const char *const near[] = {"127.0.0.1", "169.254.169.254", "fd00:ec2::254",
					   "fe80::1"};
	static const char *const far[] = {"169.255.0.1", "10.0.0.1", "169.254.169.254.example.com",
					  "fd00:ec3::1", "metadata"};

	for (size_t i = 0; i < G_N_ELEMENTS(near); i++)
		g_assert_true(s3_source_on_link(near[i]));
	for (size_t i = 0; i < G_N_ELEMENTS(far); i++)
		g_assert_false(s3_source_on_link(far[i]));
}

/* What services answer that have nothing to give. */
static const struct outcome {
	const char *status, *headers, *body;
	enum odr_error code;
	const char *message;
} outcomes[] = {
	{"302 Found", "Location: http://127.0.0.1:1/\r\n", NULL, ODR_ERROR_AUTH,
	 "HTTP 302: it leads elsewhere, which is not followed"},
	{"403 Forbidden", NULL, "<html>no</html>", ODR_ERROR_AUTH, "HTTP 403"},
	{"403 Forbidden", NULL,
	 "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender"
	 "</Type><Code>AccessDenied</Code><Message>Not\nauthorized</Message></Error>"
	 "</ErrorResponse>",
	 ODR_ERROR_AUTH, "HTTP 403 AccessDenied (Not?authorized)"},
	{"400 Bad Request", NULL, "<Error><Code>Throttling</Code><Message></Message></Error>",
	 ODR_ERROR_TRANSIENT, "HTTP 400 Throttling"},
	{"429 Too Many Requests", NULL, NULL, ODR_ERROR_TRANSIENT, "HTTP 429"},
	{"503 Service Unavailable", NULL, NULL, ODR_ERROR_TRANSIENT, "HTTP 503"},
};

static void ask(const char *url, const char *path, S3SourceReply *reply, GError **error)
{
	g_autofree char *whole = g_strconcat(url, path, NULL);

	s3_source_ask(&(struct s3_source_request){.method = "GET", .url = whole, .plain = true},
		      reply, error);
}

static void test_outcome(gconstpointer data)
{
	const struct outcome *outcome = data;
	const struct loopback_answer answer = {"GET /secret-path", outcome->status,
					       outcome->headers, outcome->body};
	struct loopback loopback = loopback_start(&answer, 1);
	g_autofree char *expected = g_strdup_printf("%s: %s", loopback.url, outcome->message);
	g_auto(S3SourceReply) reply = {0};
	g_autofree char *log = NULL;
	g_autoptr(GError) error = NULL;

	ask(loopback.url, "/secret-path", &reply, &error);
	g_assert_error(error, ODR_ERROR, (int)outcome->code);
	g_assert_cmpstr(error->message, ==, expected);
	log = loopback_stop(&loopback);
}

static void test_size(void)
{
	g_autofree char *most = g_strnfill(64 << 10, 'x');
	g_autofree char *more = g_strnfill((64 << 10) + 1, 'x');
	const struct loopback_answer answers[] = {{"GET /most", "200 OK", NULL, most},
						  {"GET /more", "200 OK", NULL, more}};
	struct loopback loopback = loopback_start(answers, G_N_ELEMENTS(answers));
	g_auto(S3SourceReply) reply = {0};
	g_autofree char *log = NULL;
	g_autoptr(GError) error = NULL;

	ask(loopback.url, "/most", &reply, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(reply.size, ==, 64 << 10);
	g_assert_cmpstr(reply.text, ==, most);
	ask(loopback.url, "/more", &reply, &error);
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	log = loopback_stop(&loopback);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(choices); i++) {
		g_autofree char *path =
			g_strconcat("/store/s3-source/settings-name/", choices[i].name, NULL);

		g_test_add_data_func(path, &choices[i], test_choice);
	}
	g_test_add_func("/store/s3-source/a-link-is-no-network", test_link);
	for (size_t i = 0; i < G_N_ELEMENTS(outcomes); i++) {
		g_autofree char *path =
			g_strdup_printf("/store/s3-source/tells-without-path/%zu", i);

		g_test_add_data_func(path, &outcomes[i], test_outcome);
	}
	g_test_add_func("/store/s3-source/an-answer-has-a-ceiling", test_size);
	return g_test_run();
}
