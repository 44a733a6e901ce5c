#include "base/clock.h"

#include "base/error.h"

static void test_durations(void)
{
	static const struct {
		const char *text;
		usec_t duration;
	} cases[] = {
		{"0", 0},
		{"0s", 0},
		{"10us", 10},
		{"250ms", 250000},
		{"90s", 90 * USEC_PER_SEC},
		{"15min", 15 * USEC_PER_MIN},
		{"2h", 2 * USEC_PER_HOUR},
		{"7d", 7 * USEC_PER_DAY},
		{"4w", 28 * USEC_PER_DAY},
		{"1y", 365 * USEC_PER_DAY},
		{"1h30min", 90 * USEC_PER_MIN},
		{"9223372036854775807us", INT64_MAX},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		usec_t duration;

		g_assert_true(duration_parse(cases[i].text, &duration, &error));
		g_assert_no_error(error);
		g_assert_cmpint(duration, ==, cases[i].duration);
	}
}

/* In message, %s stands for the text. */
static void assert_no_duration(const char *text, const char *message)
{
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) parts = g_strsplit(message, "%s", -1);
	g_autofree char *expected = g_strjoinv(text, parts);
	usec_t duration = 42;

	g_assert_false(duration_parse(text, &duration, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
	g_assert_cmpstr(error->message, ==, expected);
	g_assert_cmpint(duration, ==, 42);
}

static void test_no_durations(void)
{
	static const char *const unclear[] = {"",     "90",   "s",   "5m",
					      "1M",   "-1s",  "1 h", "1h ",
					      "1h30", "1.5h", "1H",  "99999999999999999999"};
	static const char *const long_ones[] = {"9223372036854775808us", "300000y",
						"99999999999999999999s", "200000y200000y",
						"18446744073709551615us1us"};

	for (size_t i = 0; i < G_N_ELEMENTS(unclear); i++)
		assert_no_duration(unclear[i],
				   "'%s' is not a duration: write numbers, each with a unit of us, "
				   "ms, s, min, h, d, w, y, as 90s or 1h30min");
	for (size_t i = 0; i < G_N_ELEMENTS(long_ones); i++)
		assert_no_duration(long_ones[i], "duration '%s' is too long");
}

static void test_duration_format(void)
{
	static const struct {
		usec_t duration;
		const char *text;
	} cases[] = {
		{0, "0 s"},
		{12, "12 us"},
		{12345, "12 ms"},
		{450000, "450 ms"},
		{USEC_PER_SEC, "1 s"},
		{1500000, "1.5 s"},
		{9990000, "9.9 s"},
		{5 * USEC_PER_SEC + 3000, "5 s"},
		{22663000, "22 s"},
		{125 * USEC_PER_SEC, "2 min 5 s"},
		{2 * USEC_PER_HOUR + 5 * USEC_PER_SEC, "2 h"},
		{76 * USEC_PER_HOUR, "3 d 4 h"},
		{-125 * USEC_PER_SEC, "-2 min 5 s"},
		{INT64_MIN, "-106751991 d 4 h"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = duration_format(cases[i].duration);

		g_assert_cmpstr(text, ==, cases[i].text);
	}
}

static void test_sizes(void)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} cases[] = {
		{"0", 0},
		{"512", 512},
		{"512B", 512},
		{"10kB", 10000},
		{"1KiB", 1024},
		{"64MiB", 64 << 20},
		{"1GiB", 1 << 30},
		{"1TB", UINT64_C(1000000000000)},
		{"18446744073709551615", UINT64_MAX},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		uint64_t bytes;

		g_assert_true(size_parse(cases[i].text, &bytes, &error));
		g_assert_no_error(error);
		g_assert_true(bytes == cases[i].bytes);
	}
}

static void assert_no_size(const char *text, const char *message)
{
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) parts = g_strsplit(message, "%s", -1);
	g_autofree char *expected = g_strjoinv(text, parts);
	uint64_t bytes = 42;

	g_assert_false(size_parse(text, &bytes, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
	g_assert_cmpstr(error->message, ==, expected);
	g_assert_true(bytes == 42);
}

static void test_no_sizes(void)
{
	static const char *const unclear[] = {"",      "MiB", "-1",    "1 MiB", "1mb",
					      "1.5GB", "1k",  "1MiB2", "0x10",	"1MiB1MiB"};
	static const char *const large[] = {"18446744073709551616", "16384PiB"};

	for (size_t i = 0; i < G_N_ELEMENTS(unclear); i++)
		assert_no_size(unclear[i],
			       "'%s' is not a size: write a number and a unit of B, KiB, MiB, "
			       "GiB, TiB, PiB (powers of 1024) or kB, MB, GB, TB, PB (of 1000)");
	for (size_t i = 0; i < G_N_ELEMENTS(large); i++)
		assert_no_size(large[i], "size '%s' is too large");
}

static void test_size_format(void)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{0, "0 B"},
		{512, "512 B"},
		{1023, "1023 B"},
		{1024, "1 KiB"},
		{(1 << 20) - 1, "1 MiB"},
		{64 << 20, "64 MiB"},
		{UINT64_C(1503238554), "1.4 GiB"},
		{UINT64_MAX, "16 EiB"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = size_format(cases[i].bytes);

		g_assert_cmpstr(text, ==, cases[i].text);
	}
}

static void test_count_format(void)
{
	g_autofree char *none = count_format(0, "object");
	g_autofree char *one = count_format(1, "object");
	g_autofree char *many = count_format(UINT64_MAX, "WAL file");

	g_assert_cmpstr(none, ==, "0 objects");
	g_assert_cmpstr(one, ==, "1 object");
	g_assert_cmpstr(many, ==, "18446744073709551615 WAL files");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/duration/parse/adds-numbers-with-units", test_durations);
	g_test_add_func("/duration/parse/refuses-what-is-unclear-or-too-long", test_no_durations);
	g_test_add_func("/duration/format/has-two-units-at-most", test_duration_format);
	g_test_add_func("/size/parse/tells-kB-from-KiB", test_sizes);
	g_test_add_func("/size/parse/refuses-what-is-unclear-or-too-large", test_no_sizes);
	g_test_add_func("/size/format/has-one-decimal-at-most", test_size_format);
	g_test_add_func("/count/format/has-a-plural", test_count_format);
	return g_test_run();
}
