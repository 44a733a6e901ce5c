#include "drill/measure/statistics.h"

#include <glib.h>
#include <math.h>

#define is_near(got, want) g_assert_cmpfloat_with_epsilon(got, want, 0.0005)

static void no_failure(void)
{
	static const struct {
		unsigned n;
		double failure, slowest, exceeded;
	} rows[] = {
		{1, 0.950, 0.050, 0.500},  {4, 0.527, 0.473, 0.200},  {12, 0.221, 0.779, 0.077},
		{13, 0.206, 0.794, 0.071}, {26, 0.109, 0.891, 0.037}, {52, 0.056, 0.944, 0.019},
		{59, 0.050, 0.950, 0.017}, {90, 0.033, 0.967, 0.011}, {299, 0.010, 0.990, 0.003},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		is_near(statistics_failure_bound(rows[i].n, 0), rows[i].failure);
		is_near(statistics_slowest_bounds(rows[i].n), rows[i].slowest);
		is_near(statistics_exceeded(rows[i].n), rows[i].exceeded);
	}
}

static void with_failures(void)
{
	is_near(statistics_failure_bound(12, 1), 0.339);
	is_near(statistics_failure_bound(52, 1), 0.088);
	is_near(statistics_failure_bound(90, 1), 0.052);
	is_near(statistics_failure_bound(3, 3), 1);
}

static void drills_for_a_quantile(void)
{
	g_assert_cmpuint(statistics_drills_for(0.90), ==, 29);
	g_assert_cmpuint(statistics_drills_for(0.95), ==, 59);
	g_assert_cmpuint(statistics_drills_for(0.99), ==, 299);
}

static void samples(void)
{
	g_assert_cmpfloat(statistics_damage_bound(100, 100), ==, 0);
	g_assert_cmpfloat(statistics_damage_bound(100, 0), ==, 1);
	g_assert_cmpfloat_with_epsilon(statistics_damage_bound(2061650, 41233), 0.000073, 0.000001);
	is_near(statistics_detection(12, 0.05), 0.460);
	is_near(statistics_detection(90, 0.01), 0.595);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/statistics/no-failure", no_failure);
	g_test_add_func("/statistics/with-failures", with_failures);
	g_test_add_func("/statistics/drills-for-a-quantile", drills_for_a_quantile);
	g_test_add_func("/statistics/samples", samples);
	return g_test_run();
}
