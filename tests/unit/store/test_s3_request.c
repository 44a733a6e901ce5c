#include "store/driver.h"

#include "base/error.h"
#include "loopback_store.h"

/* Of "abc". */
#define SHA256_BASE64 "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
#define SHA256_HEX    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define MD5_BASE64    "kAFQmDzST7DWlj99KOF/cg=="
#define BY_SHA256     "\r\nx-amz-checksum-sha256: " SHA256_BASE64 "\r\n"
#define BY_MD5	      "\r\ncontent-md5: " MD5_BASE64 "\r\n"

/* What is put, as often as said, to a server that answers so: the requests, g_strfreev. */
static char **put_to(const struct loopback_answer *answer, bool md5, unsigned times)
{
	struct loopback loopback = loopback_start(answer, 1);
	struct loopback_store opened =
		loopback_store_open(&loopback, (struct store_settings){.md5 = md5});
	g_autofree char *log = NULL;
	char text[] = "abc";
	const struct iovec part = {text, 3};

	for (unsigned i = 0; i < times; i++)
		store_put(opened.store, "x", &part, 1, &(struct store_put){0}, NULL, NULL);
	loopback_store_close(&opened);
	log = loopback_stop(&loopback);
	return g_strsplit(log, "PUT /box/x ", 0);
}

static const struct loopback_answer good = {"PUT /box/x ", "200 OK", "ETag: \"e\"\r\n", NULL};

/* Stores that lock refuse a body without one, and those of our tests do not. */
static void test_checksum(void)
{
	g_auto(GStrv) asked = put_to(&good, false, 1);

	g_assert_cmpuint(g_strv_length(asked), ==, 2);
	g_assert_nonnull(strstr(asked[1], BY_SHA256));
	g_assert_nonnull(strstr(asked[1], "\r\nx-amz-content-sha256: " SHA256_HEX "\r\n"));
	g_assert_nonnull(strstr(asked[1], ";x-amz-checksum-sha256;x-amz-content-sha256;"));
	g_assert_null(strstr(asked[1], "content-md5"));
}

static void test_md5(void)
{
	g_auto(GStrv) asked = put_to(&good, true, 1);

	g_assert_cmpuint(g_strv_length(asked), ==, 2);
	g_assert_nonnull(strstr(asked[1], BY_MD5));
	g_assert_nonnull(strstr(asked[1], "SignedHeaders=content-md5;"));
	g_assert_null(strstr(asked[1], "x-amz-checksum-sha256"));
}

/* A store that knows only the older one says so once, and is not asked to take the other again. */
static void test_md5_where_it_is_demanded(void)
{
	static const struct loopback_answer answer = {
		"PUT /box/x ", "400 Bad Request", NULL,
		"<Error><Code>InvalidRequest</Code><Message>Content-MD5 OR x-amz-checksum- HTTP "
		"header is required for Put Object requests with Object Lock parameters</Message>"
		"</Error>"};
	g_auto(GStrv) asked = put_to(&answer, false, 2);

	g_assert_cmpuint(g_strv_length(asked), ==, 5);
	g_assert_nonnull(strstr(asked[1], BY_SHA256));
	for (int i = 2; i < 5; i++) {
		g_assert_nonnull(strstr(asked[i], BY_MD5));
		g_assert_null(strstr(asked[i], "x-amz-checksum-sha256"));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/s3-request/a-checksum-with-every-put", test_checksum);
	g_test_add_func("/store/s3-request/md5-where-it-is-set", test_md5);
	g_test_add_func("/store/s3-request/md5-where-it-is-demanded",
			test_md5_where_it_is_demanded);
	return g_test_run();
}
