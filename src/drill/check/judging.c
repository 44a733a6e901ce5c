#include "drill/check/judging.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DETAIL_MAX 2000
/* A double has so many digits at most that mean something; more than this are what is left of adding up. */
#define DIGITS_SURE 15
#define NOISE	    1e-12L

char *judging_told(const struct plan_check *check, const char *text)
{
	g_autofree char *valid = NULL;

	if (check->redact || !text || !*text)
		return g_strdup("");
	valid = g_utf8_make_valid(text, (gssize)strnlen(text, DETAIL_MAX));
	return g_strconcat(": ", valid, strlen(text) > DETAIL_MAX ? "…" : "", NULL);
}

bool judging_number(const char *text, long double *value)
{
	char *end;

	if (!text || !*text || strspn(text, "0123456789.+-eE") != strlen(text))
		return false;
	*value = strtold(text, &end);
	return !*end && isfinite(*value);
}

/* Of a number that may be a double: whole ones are not. */
static unsigned digits_of(const char *text)
{
	unsigned count = 0;

	if (!strpbrk(text, ".eE"))
		return 0;
	for (text += strspn(text, "+-0."); *text && *text != 'e' && *text != 'E'; text++)
		count += g_ascii_isdigit(*text);
	return count;
}

long double judging_noise(const char *a, const char *b, long double value)
{
	return MAX(digits_of(a), digits_of(b)) > DIGITS_SURE ? NOISE * fabsl(value) : 0;
}

bool judging_near(const char *a, const char *b, long double tolerance)
{
	long double x, y, most;

	if (!judging_number(a, &x) || !judging_number(b, &y))
		return false;
	most = MAX(fabsl(x), fabsl(y));
	/* 0.30 and 0.29 are 0.01 apart, though their difference is a little more in binary. */
	if (tolerance > 0)
		tolerance += 4 * LDBL_EPSILON * most;
	return fabsl(x - y) <= tolerance + judging_noise(a, b, most);
}

bool judging_refers(struct judging *judging, const char *otherwise)
{
	const struct drill_reference *reference = judging->seen->reference;

	if (reference && reference->before)
		return true;
	drill_check_unassessed(judging->result, "%s",
			       reference && reference->why ? reference->why : otherwise);
	return false;
}

long double judging_tolerance(const struct plan_check *check)
{
	long double tolerance = 0;

	judging_number(check->tolerance, &tolerance);
	return tolerance;
}

const char *judging_first_cell(const struct sql_rows *rows)
{
	return rows->rows->len > 0 && rows->width > 0 ? ((char **)rows->rows->pdata[0])[0] : NULL;
}

void judging_set_value(struct judging *judging, char *value)
{
	g_free(judging->result->value);
	judging->result->value = value;
}
