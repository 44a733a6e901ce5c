/* A row with bad, total and detail: what is wrong, and whether it was at the source already. */
#include "drill/check/judging.h"

struct tally {
	gint64 bad, total;
	const char *detail;
};

static bool count_of(const struct sql_rows *rows, const char *name, gint64 *count)
{
	int column = sql_rows_column(rows, name);
	const char *text = column < 0 ? NULL : ((char **)rows->rows->pdata[0])[column];

	return text && g_ascii_string_to_signed(text, 10, 0, G_MAXINT64, count, NULL);
}

static bool tally_of(const struct sql_rows *rows, struct tally *tally)
{
	int detail = sql_rows_column(rows, "detail");

	if (rows->rows->len != 1 || !count_of(rows, "bad", &tally->bad) ||
	    !count_of(rows, "total", &tally->total))
		return false;
	tally->detail = detail < 0 ? NULL : ((char **)rows->rows->pdata[0])[detail];
	return true;
}

static bool take_tally(struct judging *judging, struct tally *tally)
{
	if (!tally_of(judging->seen->rows, tally)) {
		drill_check_unassessed(judging->result,
				       "it gave no single row with the numbers bad and total");
		return false;
	}
	judging_set_value(judging,
			  g_strdup_printf("bad=%" G_GINT64_FORMAT " total=%" G_GINT64_FORMAT,
					  tally->bad, tally->total));
	return true;
}

static bool is_empty(struct judging *judging, const struct tally *tally)
{
	if (tally->bad > 0 || tally->total > 0)
		return false;
	if (judging->check->allow_empty)
		drill_check_pass(judging->result, "nothing to check, which is allowed");
	else
		drill_check_unassessed(judging->result, "nothing to check");
	return true;
}

void judging_assert(struct judging *judging)
{
	struct tally tally;
	g_autofree char *detail = NULL;

	if (!take_tally(judging, &tally) || is_empty(judging, &tally))
		return;
	detail = judging_told(judging->check, tally.detail);
	if (tally.bad > 0)
		drill_check_fail(judging->result,
				 "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " are wrong%s",
				 tally.bad, tally.total, detail);
	else
		drill_check_pass(judging->result, "none of %" G_GINT64_FORMAT " is wrong",
				 tally.total);
}

void judging_action(struct judging *judging)
{
	struct tally tally;
	g_autofree char *detail = NULL;

	if (!take_tally(judging, &tally) || is_empty(judging, &tally))
		return;
	detail = judging_told(judging->check, tally.detail);
	if (tally.bad > 0)
		drill_check_warn(judging->result,
				 "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
				 " are to be dealt with before Odoo starts%s",
				 tally.bad, tally.total, detail);
	else
		drill_check_pass(judging->result,
				 "nothing is to be dealt with of %" G_GINT64_FORMAT, tally.total);
}

/* What was wrong there, before the moment that was looked at and behind it: the larger. */
static bool source_of(const struct drill_reference *reference, struct tally *source)
{
	struct tally after;

	if (!reference || !reference->before || !tally_of(reference->before, source))
		return false;
	if (tally_of(reference->after, &after) && after.bad > source->bad)
		*source = after;
	return true;
}

/* Only what the source had not is new. */
void judging_baseline(struct judging *judging)
{
	const struct drill_reference *baseline = judging->seen->reference;
	DrillCheckResult *result = judging->result;
	struct tally tally, source = {0};
	g_autofree char *detail = NULL;

	if (!take_tally(judging, &tally) || is_empty(judging, &tally))
		return;
	detail = judging_told(judging->check, tally.detail);
	if (source_of(baseline, &source))
		result->basis = g_strdup_printf(
			"%s: bad=%" G_GINT64_FORMAT,
			baseline->origin ? baseline->origin : "baseline of the source", source.bad);
	if (tally.bad == 0)
		drill_check_pass(result, "none of %" G_GINT64_FORMAT " is wrong", tally.total);
	else if (!result->basis)
		drill_check_unassessed(result,
				       "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
				       " are wrong, and how many were at the source is not "
				       "known%s%s%s%s",
				       tally.bad, tally.total,
				       baseline && baseline->why ? " (" : "",
				       baseline && baseline->why ? baseline->why : "",
				       baseline && baseline->why ? ")" : "", detail);
	else if (tally.bad > source.bad)
		drill_check_fail(result,
				 "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
				 " are wrong, and at the source there were %" G_GINT64_FORMAT "%s",
				 tally.bad, tally.total, source.bad, detail);
	else if (g_strcmp0(tally.detail, source.detail) != 0)
		drill_check_warn(result,
				 "as many are wrong as at the source at most, but not the same%s",
				 detail);
	else
		drill_check_pass(result, "the same %" G_GINT64_FORMAT " are wrong as at the source",
				 tally.bad);
}
