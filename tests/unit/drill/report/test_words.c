#include "drill/report/words.h"

/* No share is said to be better than it is. */
static void shares(void)
{
	static const struct {
		double share;
		const char *at_most, *at_least;
	} cases[] = {
		{0, "0.0 %", "0.0 %"},
		{1, "100.0 %", "100.0 %"},
		{0.95, "95.0 %", "95.0 %"},
		{0.05119948, "5.2 %", "5.1 %"},
		{0.20582, "20.6 %", "20.5 %"},
		{0.99874, "99.9 %", "99.8 %"},
		{0.999995, "100.000 %", "99.999 %"},
		{7.265e-05, "0.0073 %", "0.0072 %"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *most = words_at_most(cases[i].share);
		g_autofree char *least = words_at_least(cases[i].share);

		g_assert_cmpstr(most, ==, cases[i].at_most);
		g_assert_cmpstr(least, ==, cases[i].at_least);
	}
}

/* A bound on failures is never below the one that Clopper and Pearson give. */
static void bounds(void)
{
	static const struct {
		unsigned counted, failed;
		const char *text;
	} cases[] = {
		{0, 0, "no drill was counted"},
		{1, 0, "1 of 1 drill passed; failure probability ≤ 95.0 % (95 %, n=1)"},
		{13, 0, "13 of 13 drills passed; failure probability ≤ 20.6 % (95 %, n=13)"},
		{57, 0, "57 of 57 drills passed; failure probability ≤ 5.2 % (95 %, n=57)"},
		{57, 11, "46 of 57 drills passed; failure probability ≤ 30.0 % (95 %, n=57)"},
		{2, 2, "0 of 2 drills passed; failure probability ≤ 100.0 % (95 %, n=2)"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = words_drills(cases[i].counted, cases[i].failed);

		g_assert_cmpstr(text, ==, cases[i].text);
	}
}

static void targets(void)
{
	g_autofree char *drawn = words_target("time:2026-11-28T14:36:36.965895Z");
	g_autofree char *lsn = words_target("lsn:0/60299B8");
	g_autofree char *none = words_target(NULL);

	g_assert_cmpstr(drawn, ==, "2026-11-28 14:36:36");
	g_assert_cmpstr(lsn, ==, "lsn:0/60299B8");
	g_assert_null(none);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/drill/words/shares-are-not-flattered", shares);
	g_test_add_func("/drill/words/bounds-hold", bounds);
	g_test_add_func("/drill/words/targets-to-the-second", targets);
	return g_test_run();
}
