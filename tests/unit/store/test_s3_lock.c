#include "store/driver.h"

#include "base/error.h"
#include "loopback_store.h"

#define DATE_HEADER "\r\nx-amz-object-lock-retain-until-date: "
#define SKEWED	    "<Error><Code>RequestTimeTooSkewed</Code></Error>"

/* The dates that two attempts to put an object ask for, at a store whose clock is so many days ahead. */
static void dates_asked(int days, usec_t until, usec_t dates[2])
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autoptr(GDateTime) there = g_date_time_add_days(now, days);
	g_autofree char *date = g_date_time_format(there, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n");
	const struct loopback_answer answers[] = {
		{"PUT /box/x ", "403 Forbidden", date, SKEWED},
		{"GET /box/?versioning= ", "200 OK", NULL,
		 "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"},
		{"GET /box/?object-lock= ", "200 OK", NULL,
		 "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>"
		 "</ObjectLockConfiguration>"},
	};
	struct loopback loopback = loopback_start(answers, G_N_ELEMENTS(answers));
	struct loopback_store opened = loopback_store_open(
		&loopback, (struct store_settings){.lock = STORE_LOCK_COMPLIANCE});
	g_autofree char *log = NULL;
	char byte = 'x';
	g_autoptr(GError) error = NULL;
	const struct iovec part = {&byte, 1};
	const char *at;

	g_assert_false(store_put(opened.store, "x", &part, 1,
				 &(struct store_put){.lock_until = until}, NULL, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_AUTH);
	loopback_store_close(&opened);
	log = loopback_stop(&loopback);
	at = log;
	for (int i = 0; i < 2; i++) {
		g_autofree char *text = NULL;

		at = strstr(at, DATE_HEADER);
		g_assert_nonnull(at);
		at += strlen(DATE_HEADER);
		text = g_strndup(at, strcspn(at, "\r"));
		g_assert_true(clock_parse(text, &dates[i], &error));
	}
	g_assert_null(strstr(at, DATE_HEADER));
}

/* A lock lasts as long by the store's clock as it should by ours. */
static void test_clock_behind(void)
{
	usec_t until = (clock_now() / USEC_PER_SEC) * USEC_PER_SEC + 40 * USEC_PER_DAY;
	usec_t dates[2];

	dates_asked(60, until, dates);
	g_assert_cmpint(dates[0], ==, until);
	g_assert_cmpint(dates[1], >, until + 59 * USEC_PER_DAY);
	g_assert_cmpint(dates[1], <, until + 61 * USEC_PER_DAY);
}

/* What is known to be needed until then is not locked for less. */
static void test_clock_ahead(void)
{
	usec_t until = (clock_now() / USEC_PER_SEC) * USEC_PER_SEC + 90 * USEC_PER_DAY;
	usec_t dates[2];

	dates_asked(-60, until, dates);
	g_assert_cmpint(dates[0], ==, until);
	g_assert_cmpint(dates[1], ==, until);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/s3-lock/by-the-clock-of-the-store", test_clock_behind);
	g_test_add_func("/store/s3-lock/never-for-less", test_clock_ahead);
	return g_test_run();
}
