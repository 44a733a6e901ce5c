#include "drill/check/trend.h"

#include "drill/check/judging.h"

#include <math.h>
#include <string.h>

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median_of(const GArray *past, unsigned count)
{
	g_autofree double *values = g_memdup2(past->data, count * sizeof(double));

	qsort(values, count, sizeof(double), by_size);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

void drill_check_trend(const char *value, const GArray *past, DrillCheckResult *result)
{
	const struct plan_check *check = result->check;
	unsigned known = past ? past->len : 0;
	long double number;
	double median, distance;

	g_free(result->expect);
	result->expect = g_strdup(check->within_text);
	if (!judging_number(value, &number)) {
		drill_check_unassessed(result, "it gave no number");
		return;
	}
	if (known < check->median_of) {
		drill_check_unassessed(
			result, "%u of %u earlier drills have it: that is too few for a trend",
			known, check->median_of);
		return;
	}
	median = median_of(past, check->median_of);
	distance = fabs((double)number - median);
	result->basis = g_strdup_printf("median of %u drills: %.15g", check->median_of, median);
	if (distance <= fabs(median) * check->within_percent / 100)
		drill_check_pass(result, "it is within %u %% of the median of %u drills",
				 check->within_percent, check->median_of);
	else
		drill_check_fail(
			result, "it is not within %u %% of the median of %u drills, which is %.15g",
			check->within_percent, check->median_of, median);
}

void judging_trend(struct judging *judging)
{
	const char *value = judging_first_cell(judging->seen->rows);

	judging_set_value(judging, g_strdup(value ? value : "null"));
	drill_check_trend(value, judging->seen->past, judging->result);
}
