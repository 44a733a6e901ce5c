#include "store/s3_place.h"

#include "base/error.h"

static const struct row {
	const char *name;
	struct store_settings settings;
	const char *description, *authority;
	bool host_style, amazon, loopback;
} rows[] = {
	{"amazon",
	 {.bucket = "erp", .region = "eu-west-1"},
	 "s3 bucket erp at https://s3.eu-west-1.amazonaws.com",
	 "s3.eu-west-1.amazonaws.com",
	 true,
	 true,
	 false},
	{"amazon-with-dots",
	 {.bucket = "erp.example.com"},
	 "s3 bucket erp.example.com at https://s3.us-east-1.amazonaws.com",
	 "s3.us-east-1.amazonaws.com",
	 false,
	 true,
	 false},
	{"own-host",
	 {.bucket = "erp", .endpoint = "https://S3.example.com:443/", .prefix = "a/b//"},
	 "s3 bucket erp/a/b/ at https://s3.example.com",
	 "s3.example.com",
	 false,
	 false,
	 false},
	{"bucket-in-the-name",
	 {.bucket = "erp", .endpoint = "https://s3.example.com", .host_style = true},
	 "s3 bucket erp at https://s3.example.com",
	 "s3.example.com",
	 true,
	 false,
	 false},
	{"this-host",
	 {.bucket = "erp", .endpoint = "http://localhost:9000"},
	 "s3 bucket erp at http://localhost:9000",
	 "localhost:9000",
	 false,
	 false,
	 true},
	{"plain",
	 {.bucket = "erp", .endpoint = "http://store", .plain_http = true},
	 "s3 bucket erp at http://store",
	 "store",
	 false,
	 false,
	 false},
};

static void test_place(gconstpointer data)
{
	const struct row *row = data;
	g_auto(S3Place) place = {0};
	g_autoptr(GError) error = NULL;
	g_autofree char *description = NULL;

	s3_place_of(&row->settings, &place, &error);
	g_assert_no_error(error);
	description = s3_place_describe(&place, "s3");
	g_assert_cmpstr(description, ==, row->description);
	g_assert_cmpstr(place.authority, ==, row->authority);
	g_assert_cmpint(place.host_style, ==, row->host_style);
	g_assert_cmpint(place.amazon, ==, row->amazon);
	g_assert_cmpint(place.loopback, ==, row->loopback);
}

static const struct refusal {
	const char *name;
	struct store_settings settings;
	const char *message;
} refusals[] = {
	{"no-bucket", {.endpoint = "https://store"}, "it needs bucket="},
	{"bucket-with-a-slash", {.bucket = "a/b"}, "bucket= cannot be 'a/b'"},
	{"region-of-another-host",
	 {.bucket = "erp", .region = "x.example.com/"},
	 "region= cannot be 'x.example.com/'"},
	{"prefix-that-climbs",
	 {.bucket = "erp", .prefix = "../a"},
	 "prefix= has folders of A-Z a-z 0-9 . _ - with '/' between: '../a'"},
	{"no-scheme",
	 {.bucket = "erp", .endpoint = "store"},
	 "endpoint: 'store' is no URL; write https://HOST or https://HOST:PORT, and no user or "
	 "blanks"},
	{"a-path",
	 {.bucket = "erp", .endpoint = "https://store/s3"},
	 "endpoint= has no path behind the host: 'https://store/s3'"},
	{"in-the-open",
	 {.bucket = "erp", .endpoint = "http://127.0.0.1.example.com"},
	 "endpoint= is plain http: anyone on the way could change what is stored; write https://, "
	 "or set plain-http=yes where the network is guarded otherwise"},
};

static void test_refusal(gconstpointer data)
{
	const struct refusal *refusal = data;
	S3Place place = {0};
	g_autoptr(GError) error = NULL;

	g_assert_false(s3_place_of(&refusal->settings, &place, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
	g_assert_cmpstr(error->message, ==, refusal->message);
	g_assert_null(place.bucket);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *path = g_strconcat("/store/s3-place/of/", rows[i].name, NULL);

		g_test_add_data_func(path, &rows[i], test_place);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
		g_autofree char *path =
			g_strconcat("/store/s3-place/refuses/", refusals[i].name, NULL);

		g_test_add_data_func(path, &refusals[i], test_refusal);
	}
	return g_test_run();
}
