#include "store/store.h"

#include "base/error.h"
#include "base/file.h"
#include "loopback.h"

#define LISTING(truncated, contents)                                                \
 "<?xml version=\"1.0\"?><ListBucketResult><Name>erp</Name><MaxKeys>1000</MaxKeys>" \
 "<IsTruncated>" truncated "</IsTruncated>" contents "</ListBucketResult>"
#define OBJECT(key)                                                                  \
 "<Contents><Key>" key "</Key><LastModified>2026-11-21T23:05:01.000Z</LastModified>" \
 "<ETag>x</ETag><Size>1</Size></Contents>"
#define NO_KEY "<Error><Code>NoSuchKey</Code><Message>no</Message></Error>"

static char *credentials;

static struct store_settings settings_of(const char *endpoint)
{
	return (struct store_settings){
		.name = "main",
		.type = "libs3",
		.endpoint = endpoint,
		.bucket = "erp",
		.credentials = credentials,
		.silent_within = 2 * USEC_PER_SEC,
	};
}

static const struct refusal {
	const char *name;
	struct store_settings settings;
	const char *message; /* behind the name of the repository */
} refusals[] = {
	{"a-lock",
	 {.endpoint = "http://127.0.0.1:1", .lock = STORE_LOCK_GOVERNANCE},
	 "lock= has to be none: libs3 knows no locks; use type=s3"},
	{"a-certificate-that-nobody-looks-at",
	 {.endpoint = "https://store"},
	 "libs3 talks to whoever answers, whatever the certificate: use type=s3, or set "
	 "tls-unverified=yes where the network is guarded otherwise"},
	{"plain-http-through-a-network",
	 {.endpoint = "http://store"},
	 "endpoint= is plain http: anyone on the way could change what is stored; write https://, "
	 "or set plain-http=yes where the network is guarded otherwise"},
	{"a-prefix-that-libs3-would-change",
	 {.endpoint = "http://127.0.0.1:1", .prefix = "a b"},
	 "prefix= has folders of A-Z a-z 0-9 . _ - with '/' between: 'a b'"},
};

static void test_refusal(gconstpointer data)
{
	const struct refusal *refusal = data;
	struct store_settings settings = refusal->settings;
	g_autofree char *expected =
		g_strdup_printf("cannot open repository 'main': %s", refusal->message);
	g_autoptr(GError) error = NULL;

	settings.name = "main";
	settings.type = "libs3";
	settings.bucket = "erp";
	settings.credentials = credentials;
	g_assert_null(store_open(&settings, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
	g_assert_cmpstr(error->message, ==, expected);
}

/* What a server answers, what was asked of the store, and what that comes to. */
enum deed { PUT, GET, RANGE, HEAD, LIST, DELETE };
static const struct outcome {
	const char *name;
	enum deed deed;
	struct loopback_answer answers[3];
	int code; /* -1: success */
	const char *message;
} outcomes[] = {
	{"puts-what-is-there-then",
	 PUT,
	 {{"PUT /erp/name ", "200 OK", NULL, NULL}, {"HEAD /erp/name ", "200 OK", NULL, "text"}},
	 -1,
	 NULL},
	{"believes-no-put-that-left-nothing",
	 PUT,
	 {{"PUT /erp/name ", "503 Service Unavailable", NULL, NULL},
	  {"HEAD /erp/name ", "404 Not Found", NULL, NULL}},
	 ODR_ERROR_TRANSIENT,
	 "it is not there after it was put, and libs3 does not tell why"},
	{"believes-no-put-that-left-something-else",
	 PUT,
	 {{"PUT /erp/name ", "200 OK", NULL, NULL}, {"HEAD /erp/name ", "200 OK", NULL, "t"}},
	 ODR_ERROR_TRANSIENT,
	 "something else is there after it was put, and libs3 does not tell why"},
	{"tells-why-a-put-was-refused",
	 PUT,
	 {{"PUT /erp/name ", "403 Forbidden", NULL,
	   "<Error><Code>AccessDenied</Code><Message>go\naway</Message></Error>"}},
	 ODR_ERROR_REFUSED,
	 "libs3: ErrorAccessDenied (go?away): a policy or a lock forbids it"},
	{"has-an-end-where-nobody-answers",
	 GET,
	 {{"GET /erp/name ", NULL, NULL, NULL}},
	 ODR_ERROR_TRANSIENT,
	 "nothing came or went for 2 s"},
	{"gives-no-more-than-the-limit",
	 GET,
	 {{"GET /erp/name ", "200 OK", NULL, "longer than four"}},
	 ODR_ERROR_CORRUPT,
	 "there is more of it than is plausible"},
	{"takes-no-whole-object-for-a-range",
	 RANGE,
	 {{"GET /erp/name ", "200 OK", NULL, "longer than four"}},
	 ODR_ERROR_REFUSED,
	 "the server gives whole objects where a range is asked for"},
	{"tells-a-range-that-ends-early",
	 RANGE,
	 {{"GET /erp/name ", "206 Partial Content", NULL, "abc"}},
	 ODR_ERROR_CORRUPT,
	 "it ends after 3 of the 4 bytes from 0"},
	{"knows-a-missing-object",
	 HEAD,
	 {{"HEAD /erp/name ", "404 Not Found", NULL, NULL},
	  {"GET /erp/name ", "404 Not Found", NULL, NO_KEY}},
	 ODR_ERROR_NOT_FOUND,
	 "there is no such object"},
	{"knows-a-missing-bucket",
	 HEAD,
	 {{"HEAD /erp/name ", "404 Not Found", NULL, NULL},
	  {"GET /erp/name ", "404 Not Found", NULL,
	   "<Error><Code>NoSuchBucket</Code><Message></Message></Error>"}},
	 ODR_ERROR_UNREACHABLE,
	 "libs3: ErrorNoSuchBucket: the bucket does not exist"},
	{"takes-a-listing",
	 LIST,
	 {{"GET /erp/", "200 OK", NULL, LISTING("false", OBJECT("a") OBJECT("b"))}},
	 -1,
	 NULL},
	{"takes-an-empty-listing-of-a-server-that-knows-what-it-lacks",
	 LIST,
	 {{"GET /erp/nothing-has-this-name ", "404 Not Found", NULL, NO_KEY},
	  {"GET /erp/", "200 OK", NULL, LISTING("false", "")}},
	 -1,
	 NULL},
	{"takes-no-page-for-an-empty-listing",
	 LIST,
	 {{"GET /erp/", "200 OK", NULL, "<html><body>Welcome</body></html>"}},
	 ODR_ERROR_REFUSED,
	 "what answers is no S3 server"},
	{"takes-no-listing-out-of-order",
	 LIST,
	 {{"GET /erp/", "200 OK", NULL, LISTING("false", OBJECT("b") OBJECT("a"))}},
	 ODR_ERROR_REFUSED,
	 "the server's listing is not in order"},
	{"ends-a-listing-that-does-not-end",
	 LIST,
	 {{"GET /erp/", "200 OK", NULL, LISTING("true", OBJECT("a"))}},
	 ODR_ERROR_REFUSED,
	 "the server's listing is not in order"},
	{"deletes-nothing-that-is-absent",
	 DELETE,
	 {{"HEAD /erp/name ", "404 Not Found", NULL, NULL},
	  {"GET /erp/name ", "404 Not Found", NULL, NO_KEY}},
	 ODR_ERROR_NOT_FOUND,
	 "there is no such object"},
};

static bool count(void *data, const struct store_object *object)
{
	++*(unsigned *)data;
	return true;
}

static bool act(Store *store, enum deed deed, GError **error)
{
	const struct iovec part = {(char *)"text", 4};
	g_autoptr(GBytes) content = NULL;
	struct store_object object;
	unsigned objects = 0;
	char buffer[4];

	switch (deed) {
	case PUT:
		return store_put(store, "name", &part, 1, NULL, NULL, error);
	case GET:
		return store_get(store, "name", NULL, 4, &content, error);
	case RANGE:
		return store_get_range(store, "name", NULL, 0, 4, buffer, error);
	case HEAD:
		return store_head(store, "name", &object, error);
	case LIST:
		return store_list(store, "", count, &objects, error);
	default:
		return store_delete(store, "name", NULL, error);
	}
}

static void test_outcome(gconstpointer data)
{
	const struct outcome *outcome = data;
	struct loopback loopback = loopback_start(outcome->answers, 3);
	struct store_settings settings = settings_of(loopback.url);
	g_autoptr(GError) error = NULL;
	g_autofree char *log = NULL;
	Store *store = store_open(&settings, &error);
	bool done;

	g_assert_no_error(error);
	done = act(store, outcome->deed, &error);
	store_free(store);
	log = loopback_stop(&loopback);
	g_test_message("%s", done ? "done" : error->message);
	g_assert_cmpint(done ? -1 : error->code, ==, outcome->code);
	if (outcome->message)
		g_assert_true(g_str_has_suffix(error->message, outcome->message));
	if (outcome->deed == PUT)
		g_assert_nonnull(strstr(log, "Content-MD5: HLJR7A1WjeapKbUgxK7Y0Q=="));
}

int main(int argc, char **argv)
{
	g_autofree char *folder = g_dir_make_tmp("libs3-XXXXXX", NULL);
	static const char keys[] = "aws_access_key_id=A\naws_secret_access_key=s\n";
	int status;

	g_test_init(&argc, &argv, NULL);
	credentials = g_build_filename(folder, "keys", NULL);
	g_assert_true(file_write(credentials, keys, strlen(keys), &(struct file_write){0}, NULL));
#ifdef LIBS3_SONAME
	for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
		g_autofree char *path =
			g_strconcat("/store/libs3/refuses/", refusals[i].name, NULL);

		g_test_add_data_func(path, &refusals[i], test_refusal);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(outcomes); i++) {
		g_autofree char *path = g_strconcat("/store/libs3/", outcomes[i].name, NULL);

		g_test_add_data_func(path, &outcomes[i], test_outcome);
	}
#endif
	status = g_test_run();
	file_remove_tree(folder, NULL);
	g_free(credentials);
	return status;
}
