#include "store/s3_retry.h"

static const struct row {
	unsigned status;
	const char *code, *message;
	enum s3_reaction reaction;
	enum odr_error error;
} rows[] = {
	{403, "SignatureDoesNotMatch", "", S3_FAIL, ODR_ERROR_AUTH},
	{403, "InvalidAccessKeyId", "", S3_CREDENTIALS, ODR_ERROR_AUTH},
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

/* However many operations wait, an outage has one repetition a second, and no end before retry_for has passed. */
static void test_outage(void)
{
	struct s3_budget budget = {.retry_for = 300 * USEC_PER_SEC};
	usec_t now = 1000 * USEC_PER_SEC, wait;

	for (unsigned i = 0; i < 20; i++) {
		g_assert_true(s3_budget_repeat(&budget, now, &wait));
		g_assert_cmpint(wait, ==, 0);
	}
	for (unsigned i = 1; i <= 15; i++) {
		g_assert_true(s3_budget_repeat(&budget, now, &wait));
		g_assert_cmpint(wait, ==, i * USEC_PER_SEC);
	}
	for (unsigned i = 0; i < 285; i++) {
		now += USEC_PER_SEC;
		g_assert_true(s3_budget_repeat(&budget, now, &wait));
		g_assert_cmpint(wait, ==, 15 * USEC_PER_SEC);
	}
	g_assert_false(s3_budget_repeat(&budget, now, &wait));
	s3_budget_answered(&budget);
	g_assert_cmpuint(budget.in_vain, ==, 0);
}

/* One that fails every other request is not waited for all night. */
static void test_share(void)
{
	struct s3_budget budget = {.retry_for = 10 * USEC_PER_SEC};
	unsigned repeated = 0;
	usec_t wait;

	while (s3_budget_repeat(&budget, 0, &wait)) {
		g_assert_cmpint(wait, ==, 0);
		s3_budget_answered(&budget);
		g_assert_cmpuint(++repeated, <, 40);
	}
	g_assert_cmpuint(repeated, ==, 33);
	/* One that fails one in twenty is. */
	budget = (struct s3_budget){0};
	for (unsigned i = 0; i < 10000; i++) {
		g_assert_true(s3_budget_repeat(&budget, 0, &wait));
		for (unsigned j = 0; j < 19; j++)
			s3_budget_answered(&budget);
	}
}

/* Nobody waits longer than for any other repetition. */
static void test_many(void)
{
	struct s3_budget budget = {.retry_for = USEC_PER_HOUR};
	usec_t wait;

	for (unsigned i = 0; i < 64; i++)
		g_assert_true(s3_budget_repeat(&budget, 0, &wait));
	g_assert_cmpint(wait, ==, 20 * USEC_PER_SEC);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/s3-retry/what-answers-mean", test_meanings);
	g_test_add_func("/store/s3-retry/a-status-alone-is-no-absence", test_absence);
	g_test_add_func("/store/s3-retry/pauses", test_pauses);
	g_test_add_func("/store/s3-retry/an-outage-multiplies-nothing", test_outage);
	g_test_add_func("/store/s3-retry/a-sick-store-is-told", test_share);
	g_test_add_func("/store/s3-retry/nobody-waits-longer-than-else", test_many);
	return g_test_run();
}
