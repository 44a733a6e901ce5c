#include "base/clock.h"

#include "base/error.h"

#define T INT64_C(1795302301) /* 2026-11-21T23:05:01Z */

static void test_format(void)
{
	static const struct {
		usec_t time;
		const char *text, *compact;
	} cases[] = {
		{0, "1970-01-01T00:00:00Z", "19700101T000000Z"},
		{T * USEC_PER_SEC, "2026-11-21T23:05:01Z", "20261121T230501Z"},
		{T * USEC_PER_SEC + 123000, "2026-11-21T23:05:01.123000Z", "20261121T230501Z"},
		{T * USEC_PER_SEC + 1, "2026-11-21T23:05:01.000001Z", "20261121T230501Z"},
		{-1, "1969-12-31T23:59:59.999999Z", "19691231T235959Z"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = clock_format(cases[i].time);
		g_autofree char *compact = clock_format_compact(cases[i].time);
		usec_t back;

		g_assert_cmpstr(text, ==, cases[i].text);
		g_assert_cmpstr(compact, ==, cases[i].compact);
		g_assert_true(clock_parse(text, &back, NULL));
		g_assert_cmpint(back, ==, cases[i].time);
	}
}

static void test_parse(void)
{
	static const struct {
		const char *text;
		usec_t time;
	} cases[] = {
		{"2026-11-21T23:05:01Z", T * USEC_PER_SEC},
		{"2026-11-21 23:05:01Z", T * USEC_PER_SEC},
		{"2026-11-22T01:05:01+02:00", T * USEC_PER_SEC},
		{"2026-11-22 01:05:01+02", T * USEC_PER_SEC},
		{"2026-11-21 19:35:01-03:30", T * USEC_PER_SEC},
		{"2026-11-21 23:05:01.5Z", T * USEC_PER_SEC + 500000},
		{"2026-11-22 01:05:01.123456+02", T * USEC_PER_SEC + 123456},
		{"2028-02-29T00:00:00Z", INT64_C(1835395200) * USEC_PER_SEC},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		usec_t time;

		g_assert_true(clock_parse(cases[i].text, &time, &error));
		g_assert_no_error(error);
		g_assert_cmpint(time, ==, cases[i].time);
	}
}

/* In message, %s stands for the text. */
static void assert_refused(const char *text, const char *message)
{
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) parts = g_strsplit(message, "%s", -1);
	g_autofree char *expected = g_strjoinv(text, parts);
	usec_t time = 42;

	g_assert_false(clock_parse(text, &time, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
	g_assert_cmpstr(error->message, ==, expected);
	g_assert_cmpint(time, ==, 42);
}

static void test_no_zone(void)
{
	static const char *const texts[] = {"2026-11-21T23:05:01", "2026-11-21 23:05:01",
					    "2026-11-21 23:05:01.25"};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		assert_refused(texts[i], "time '%s' has no zone: append Z for UTC, or an offset "
					 "as +02:00");
}

static void test_no_time(void)
{
	static const char *const texts[] = {
		"",
		"yesterday",
		"2026-11-21",
		"2026-11-21T23:05Z",
		"26-11-21T23:05:01Z",
		" 2026-11-21T23:05:01Z",
		"2026-11-21T23:05:01Z ",
		"2026-11-21  23:05:01Z",
		"2026-11-21T23:05:01.Z",
		"2026-11-21T23:05:01.1234567Z",
		"2026-11-21T23:05:01+",
		"2026-11-21T23:05:01+2",
		"2026-11-21T23:05:01+02:",
		"2026-11-21T23:05:01+02:60",
		"2026-11-21T23:05:01+16:00",
		"2026-11-21T23:05:01 CET",
		"-026-11-21T23:05:01Z",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		assert_refused(texts[i], "'%s' is not a time: write it as 2026-11-21T23:05:01Z or "
					 "2026-11-21 23:05:01.123456+02:00");
}

static void test_no_date(void)
{
	static const char *const texts[] = {
		"2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
		"2026-01-00T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-01T24:00:00Z",
		"2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "0000-01-01T00:00:00Z",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		assert_refused(texts[i],
			       "time '%s' does not exist: a field is beyond the calendar");
}

static void test_compact(void)
{
	static const char *const wrong[] = {
		"",
		"20261121T230501",
		"20261121T230501Z1",
		"20261121230501Z",
		"20261321T230501Z",
		"20260230T230501Z",
		"2026112 T230501Z",
		"20261121t230501Z",
	};
	usec_t time = 42;

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		g_assert_false(clock_parse_compact(wrong[i], &time));
	g_assert_cmpint(time, ==, 42);
	g_assert_true(clock_parse_compact("20261121T230501Z", &time));
	g_assert_cmpint(time, ==, T * USEC_PER_SEC);
}

static void test_now(void)
{
	usec_t before = clock_monotonic();

	g_assert_cmpint(clock_now(), >, INT64_C(1700000000) * USEC_PER_SEC);
	g_assert_cmpint(clock_monotonic(), >=, before);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/clock/format/is-rfc-3339-in-utc", test_format);
	g_test_add_func("/clock/parse/takes-what-people-and-postgresql-write", test_parse);
	g_test_add_func("/clock/parse/refuses-a-time-without-zone", test_no_zone);
	g_test_add_func("/clock/parse/refuses-what-is-no-time", test_no_time);
	g_test_add_func("/clock/parse/refuses-a-date-beyond-the-calendar", test_no_date);
	g_test_add_func("/clock/parse-compact/takes-exactly-the-form-of-set-ids", test_compact);
	g_test_add_func("/clock/now/goes-forward", test_now);
	return g_test_run();
}
