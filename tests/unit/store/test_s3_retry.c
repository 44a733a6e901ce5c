#include "store/s3_retry.h"

static const struct row {
	unsigned status;
	const char *code, *message;
	enum s3_reaction reaction;
	enum odr_error error;
} rows[] = {
	{403, "SignatureDoesNotMatch", "", S3_FAIL, ODR_ERROR_AUTH},
	{403, "InvalidAccessKeyId", "", S3_FAIL, ODR_ERROR_AUTH},
	{403, "RequestTimeTooSkewed", "", S3_CLOCK, ODR_ERROR_AUTH},
	{403, "AccessDenied", "forbidden by object lock", S3_FAIL, ODR_ERROR_REFUSED},
	{403, "", "", S3_FAIL, ODR_ERROR_REFUSED},
	{400, "ExpiredToken", "", S3_CREDENTIALS, ODR_ERROR_AUTH},
	{403, "ExpiredToken", "", S3_CREDENTIALS, ODR_ERROR_AUTH},
	{404, "NoSuchKey", "", S3_FAIL, ODR_ERROR_NOT_FOUND},
	{404, "NoSuchBucket", "", S3_FAIL, ODR_ERROR_UNREACHABLE},
	{404, "", "", S3_FAIL, ODR_ERROR_REFUSED},
	{404, "SomethingElse", "", S3_FAIL, ODR_ERROR_REFUSED},
	{400, "BadDigest", "", S3_RETRY_ONCE, ODR_ERROR_CORRUPT},
	{400, "InvalidRequest", "Content-MD5 OR x-amz-checksum- HTTP header is required", S3_MD5,
	 ODR_ERROR_REFUSED},
	{400, "InvalidRequest", "bucket object lock not configured", S3_FAIL, ODR_ERROR_REFUSED},
	{400, "RequestTimeout", "", S3_RETRY, ODR_ERROR_TRANSIENT},
	{412, "PreconditionFailed", "", S3_FAIL, ODR_ERROR_EXISTS},
	{416, "InvalidRange", "", S3_FAIL, ODR_ERROR_CORRUPT},
	{429, "", "", S3_RETRY, ODR_ERROR_TRANSIENT},
	{500, "InternalError", "", S3_RETRY, ODR_ERROR_TRANSIENT},
	{503, "SlowDown", "", S3_RETRY, ODR_ERROR_TRANSIENT},
	{504, "", "", S3_RETRY, ODR_ERROR_TRANSIENT},
	{307, "TemporaryRedirect", "", S3_FAIL, ODR_ERROR_USAGE},
	{501, "NotImplemented", "", S3_FAIL, ODR_ERROR_REFUSED},
};

static void test_meanings(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct s3_meaning *meaning =
			s3_meaning(rows[i].status, rows[i].code, rows[i].message);

		g_test_message("%u %s", rows[i].status, rows[i].code);
		g_assert_cmpint(meaning->reaction, ==, rows[i].reaction);
		g_assert_cmpint(meaning->error, ==, rows[i].error);
	}
}

/* Only what says that the key is missing may count as absence. */
static void test_absence(void)
{
	for (unsigned status = 300; status < 600; status++) {
		const struct s3_meaning *meaning = s3_meaning(status, "", "");

		g_assert_cmpint(meaning->error, !=, ODR_ERROR_NOT_FOUND);
	}
}

static void test_pauses(void)
{
	g_assert_cmpint(s3_pause(1, 0.5, 0), ==, USEC_PER_SEC / 10);
	g_assert_cmpint(s3_pause(3, 0.5, 0), ==, 4 * USEC_PER_SEC / 10);
	g_assert_cmpint(s3_pause(8, 1.0, 0), ==, 20 * USEC_PER_SEC);
	g_assert_cmpint(s3_pause(1000, 1.0, 0), ==, 20 * USEC_PER_SEC);
	g_assert_cmpint(s3_pause(1, 0.0, 7 * USEC_PER_SEC), ==, 7 * USEC_PER_SEC);
	g_assert_cmpint(s3_pause(1, 0.0, USEC_PER_DAY), ==, USEC_PER_HOUR);
	g_assert_cmpint(s3_pause(1, 0.0, -5), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/s3-retry/what-answers-mean", test_meanings);
	g_test_add_func("/store/s3-retry/a-status-alone-is-no-absence", test_absence);
	g_test_add_func("/store/s3-retry/pauses", test_pauses);
	return g_test_run();
}
