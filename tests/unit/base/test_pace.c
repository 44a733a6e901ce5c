#include "base/pace.h"

#define SEC USEC_PER_SEC

/* However it is divided, no more than the rate goes through: the wait is for what was taken so far. */
static void test_bytes(void)
{
	static const size_t portions[] = {1000, 1, 4096, 100000, 500, 50000};
	struct pace_line line = {.rate = 10000};
	size_t taken = 0;

	for (size_t i = 0; i < 1000; i++) {
		size_t bytes = portions[i % G_N_ELEMENTS(portions)];
		usec_t wait = pace_take(&line, bytes, 5 * SEC);

		taken += bytes;
		g_assert_cmpint(ABS(wait - (usec_t)(taken * SEC / 10000)), <=, (usec_t)i + 1);
	}
}

/* One after another, each waiting its time: as many bytes as the seconds allow. */
static void test_time(void)
{
	struct pace_line line = {.rate = 1 << 20};
	usec_t now = 7 * SEC;
	uint64_t taken = 0;

	while (now < 17 * SEC) {
		now += pace_take(&line, pace_portion(line.rate), now);
		taken += pace_portion(line.rate);
	}
	g_assert_cmpuint(taken, >=, 10 << 20);
	g_assert_cmpuint(taken, <=, (10 << 20) + pace_portion(line.rate));
}

static void test_idle(void)
{
	struct pace_line line = {.rate = 1000};

	g_assert_cmpint(pace_take(&line, 500, 1 * SEC), ==, SEC / 2);
	g_assert_cmpint(pace_take(&line, 500, 100 * SEC), ==, SEC / 2);
	g_assert_cmpint(pace_take(&line, 0, 100 * SEC), ==, SEC / 2);
	g_assert_cmpint(pace_take(&line, 500, 100 * SEC), ==, SEC);
}

static void test_portions(void)
{
	g_assert_cmpuint(pace_portion(1), ==, 4 << 10);
	g_assert_cmpuint(pace_portion(1 << 20), ==, (1 << 20) / 20);
	g_assert_cmpuint(pace_portion((uint64_t)1 << 40), ==, 256 << 10);
	g_assert_cmpuint(pace_portion_of(NULL), ==, SIZE_MAX);
}

static void test_none(void)
{
	g_assert_null(pace_new(0));
	g_assert_true(pace_wait(NULL, SIZE_MAX));
	pace_free(NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pace/take/what-was-taken-is-waited-for", test_bytes);
	g_test_add_func("/pace/take/a-second-has-no-more-bytes", test_time);
	g_test_add_func("/pace/take/nothing-is-saved-up", test_idle);
	g_test_add_func("/pace/portions", test_portions);
	g_test_add_func("/pace/without-a-limit", test_none);
	return g_test_run();
}
