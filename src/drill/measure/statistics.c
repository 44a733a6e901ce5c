#include "drill/measure/statistics.h"

#include <assert.h>
#include <math.h>

#define DOUBT	   0.05 /* 1 - confidence */
#define BISECTIONS 60	/* halves 1 to less than a double can tell */

/* The probability of at most failed failures in n drills that fail with probability p. */
static double at_most(unsigned n, unsigned failed, double p)
{
	double sum = 0;

	for (unsigned k = 0; k <= failed; k++)
		sum += exp(lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) + k * log(p) +
			   (n - k) * log1p(-p));
	return sum;
}

double statistics_failure_bound(unsigned n, unsigned failed)
{
	double low = 0;
	double high = 1;

	assert(n > 0 && failed <= n);
	if (failed == n)
		return 1;
	if (failed == 0)
		return 1 - pow(DOUBT, 1.0 / n);
	for (int i = 0; i < BISECTIONS; i++) {
		double middle = (low + high) / 2;

		if (at_most(n, failed, middle) > DOUBT)
			low = middle;
		else
			high = middle;
	}
	return high;
}

double statistics_slowest_bounds(unsigned n)
{
	assert(n > 0);
	return pow(DOUBT, 1.0 / n);
}

double statistics_exceeded(unsigned n)
{
	return 1.0 / (n + 1.0);
}

unsigned statistics_drills_for(double quantile)
{
	assert(quantile > 0 && quantile < 1);
	return (unsigned)ceil(log(DOUBT) / log(quantile));
}

double statistics_damage_bound(unsigned long long named, unsigned long long checked)
{
	assert(named > 0 && checked <= named);
	if (checked == named)
		return 0;
	return checked == 0 ? 1 : 1 - pow(DOUBT, 1.0 / (double)checked);
}

double statistics_detection(unsigned n, double share)
{
	return 1 - pow(1 - share, n);
}
