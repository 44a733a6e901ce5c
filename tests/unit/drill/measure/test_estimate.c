#include "drill/measure/estimate.h"

#define MINUTE USEC_PER_MIN
#define GB     ((uint64_t)1000000000)

static void worst_case(void)
{
	/* 10 min for 100 GB, 5 min for 50 GB of files beside it, 20 min for 10 GB of WAL, 3 min of the rest. */
	static const struct estimate_sample one = {
		{100 * GB, 50 * GB, 10 * GB}, 10 * MINUTE, 5 * MINUTE, 20 * MINUTE, 33 * MINUTE};
	/* Less of all, and slower. */
	static const struct estimate_sample slow = {
		{50 * GB, 50 * GB, 1 * GB}, 10 * MINUTE, 5 * MINUTE, 4 * MINUTE, 16 * MINUTE};
	/* More of the database, nothing to replay. */
	static const struct estimate_sample large = {
		{200 * GB, 50 * GB, 0}, 20 * MINUTE, 5 * MINUTE, 0, 22 * MINUTE};
	static const struct {
		struct estimate_sample samples[2];
		size_t count;
		struct estimate_sizes sizes;
		usec_t time; /* in minutes */
		enum estimate_label label;
	} cases[] = {
		{{{.ready = 0}}, 0, {1, 1, 1}, -1, ESTIMATE_NONE},
		/* As large as what was drilled, or smaller. */
		{{one}, 1, {100 * GB, 50 * GB, 10 * GB}, 33, ESTIMATE_MEASURED},
		{{one}, 1, {80 * GB, 0, 2 * GB}, 33, ESTIMATE_MEASURED},
		/* More WAL than any drill had: 10 + 30 + 3. */
		{{one}, 1, {100 * GB, 50 * GB, 15 * GB}, 43, ESTIMATE_EXTRAPOLATED},
		/* At the lowest rate of each: 20 min for 100 GB, 60 min for 15 GB, 3 min. */
		{{one, slow}, 2, {100 * GB, 50 * GB, 15 * GB}, 83, ESTIMATE_EXTRAPOLATED},
		/* Each size was reached, not together: 20 + 20 + 3. */
		{{one, large}, 2, {200 * GB, 50 * GB, 10 * GB}, 43, ESTIMATE_INTERPOLATED},
		/* Files that no drill ever had. */
		{{large}, 1, {1 * GB, 50 * GB, 1}, 7, ESTIMATE_EXTRAPOLATED},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct estimate estimate =
			estimate_worst(cases[i].samples, cases[i].count, &cases[i].sizes);

		g_assert_cmpint(estimate.label, ==, cases[i].label);
		g_assert_cmpint(estimate.time, ==, cases[i].time < 0 ? -1 : cases[i].time * MINUTE);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/drill/estimate/worst-case", worst_case);
	return g_test_run();
}
