#include "drill/check/trend.h"

static void judges(void)
{
	static const struct {
		double past[4];
		unsigned known;
		const char *value;
		enum drill_check_status status;
		const char *message;
	} cases[] = {
		{{100, 90, 130},
		 3,
		 "145",
		 DRILL_CHECK_PASS,
		 "it is within 50 % of the median of 3 drills"},
		{{100, 90, 130, 9000},
		 4,
		 "151",
		 DRILL_CHECK_FAIL,
		 "it is not within 50 % of the median of 3 drills, which is 100"},
		{{100, 90, 130},
		 3,
		 "49.9",
		 DRILL_CHECK_FAIL,
		 "it is not within 50 % of the median of 3 drills, which is 100"},
		{{-100, -90, -130},
		 3,
		 "-60",
		 DRILL_CHECK_PASS,
		 "it is within 50 % of the median of 3 drills"},
		{{100, 90},
		 2,
		 "100",
		 DRILL_CHECK_UNASSESSED,
		 "2 of 3 earlier drills have it: that is too few for a trend"},
		{{0},
		 0,
		 "100",
		 DRILL_CHECK_UNASSESSED,
		 "0 of 3 earlier drills have it: that is too few for a trend"},
		{{100, 90, 130}, 3, "many", DRILL_CHECK_UNASSESSED, "it gave no number"},
		{{100, 90, 130}, 3, NULL, DRILL_CHECK_UNASSESSED, "it gave no number"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct plan_check check = {.name = (char *)"lines",
					   .type = PLAN_CHECK_TREND,
					   .within_text = (char *)"50% of median 3",
					   .within_percent = 50,
					   .median_of = 3};
		g_autoptr(DrillCheckResult) result = drill_check_result_new(&check, NULL, "shop");
		g_autoptr(GArray) past = g_array_new(FALSE, FALSE, sizeof(double));

		g_array_append_vals(past, cases[i].past, cases[i].known);
		drill_check_trend(cases[i].value, cases[i].known ? past : NULL, result);
		g_assert_cmpstr(result->message, ==, cases[i].message);
		g_assert_cmpint(result->status, ==, cases[i].status);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/trend/is-the-distance-from-the-median", judges);
	return g_test_run();
}
