#include "drill/check/judging.h"

#include <math.h>
#include <string.h>

#define DETAIL_MAX 2000

char *judging_told(const struct plan_check *check, const char *text)
{
	g_autofree char *valid = NULL;

	if (check->redact || !text || !*text)
		return g_strdup("");
	valid = g_utf8_make_valid(text, (gssize)strnlen(text, DETAIL_MAX));
	return g_strconcat(": ", valid, strlen(text) > DETAIL_MAX ? "…" : "", NULL);
}

bool judging_number(const char *text, double *value)
{
	char *end;

	if (!text || !*text)
		return false;
	*value = g_ascii_strtod(text, &end);
	return !*end && isfinite(*value) && strspn(text, "0123456789.+-eE") == strlen(text);
}

bool judging_near(double a, double b, double tolerance)
{
	return fabs(a - b) <= tolerance + 1e-9 * MAX(fabs(a), fabs(b));
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

double judging_tolerance(const struct plan_check *check)
{
	double tolerance = 0;

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
