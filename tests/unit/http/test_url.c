#include "http/url.h"

#include "base/error.h"

static const struct row {
	const char *text;
	bool plain;
	const char *host, *authority, *path;
} rows[] = {
	{"https://s3.example.com", false, "s3.example.com", "s3.example.com", ""},
	{"https://S3.Example.COM:443/", false, "s3.example.com", "s3.example.com", "/"},
	{"https://s3.example.com:8443", false, "s3.example.com", "s3.example.com:8443", ""},
	{"http://127.0.0.1:80/a?b=%20&c", true, "127.0.0.1", "127.0.0.1", "/a?b=%20&c"},
	{"http://127.0.0.1:443", true, "127.0.0.1", "127.0.0.1:443", ""},
	{"http://[FD00:ec2::23]/v1", true, "fd00:ec2::23", "[fd00:ec2::23]", "/v1"},
	{"http://[::1]:9000", true, "::1", "[::1]:9000", ""},
};

static void test_parts(gconstpointer data)
{
	const struct row *row = data;
	g_auto(HttpUrl) url = {0};
	g_autoptr(GError) error = NULL;

	http_url_parse(row->text, &url, &error);
	g_assert_no_error(error);
	g_assert_cmpint(url.plain, ==, row->plain);
	g_assert_cmpstr(url.host, ==, row->host);
	g_assert_cmpstr(url.authority, ==, row->authority);
	g_assert_cmpstr(url.path, ==, row->path);
}

static const char *const refused[] = {
	"",
	"s3.example.com",
	"ftp://s3.example.com",
	"https://",
	"https:///path",
	"https://:443",
	"https://user@s3.example.com",
	"http://127.0.0.1@example.com",
	"http://127.0.0.1\\@example.com",
	"http://127.0.0.1%2fexample.com",
	"https://s3.example.com:0",
	"https://s3.example.com:65536",
	"https://s3.example.com:+1",
	"https://s3.example.com:",
	"https://s3.example.com?a",
	"https://s3.example.com/a b",
	"https://s3.example.com/a\nb",
	"https://s3.example.com/#a",
	"https://s3_example.com",
	"https://-s3.example.com",
	"http://[::1",
	"http://[::1]x",
	"http://[fe80::1%eth0]",
	"http://[127.0.0.1]",
};

static void test_refused(gconstpointer data)
{
	HttpUrl url = {0};
	g_autoptr(GError) error = NULL;

	g_assert_false(http_url_parse(data, &url, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
	g_assert_null(url.host);
}

static void test_loopback(void)
{
	static const char *const here[] = {"127.0.0.1", "127.9.9.9", "::1", "localhost"};
	static const char *const elsewhere[] = {"128.0.0.1",
						"127.0.0.1.example.com",
						"127.example.com",
						"::2",
						"0.0.0.0",
						"2130706433",
						"127.1",
						"0x7f.0.0.1",
						"localhost.example.com",
						""};

	for (size_t i = 0; i < G_N_ELEMENTS(here); i++)
		g_assert_true(http_host_is_loopback(here[i]));
	for (size_t i = 0; i < G_N_ELEMENTS(elsewhere); i++)
		g_assert_false(http_host_is_loopback(elsewhere[i]));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *path = g_strdup_printf("/http/url/takes-apart/%zu", i);

		g_test_add_data_func(path, &rows[i], test_parts);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_autofree char *path = g_strdup_printf("/http/url/refuses/%zu", i);

		g_test_add_data_func(path, refused[i], test_refused);
	}
	g_test_add_func("/http/url/loopback-is-this-host-and-no-other", test_loopback);
	return g_test_run();
}
