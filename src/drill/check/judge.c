#include "drill/check/judge.h"

#include "drill/check/judging.h"

#include <string.h>

#define RECORDED_MAX	   1000 /* rows */
#define RECORDED_BYTES_MAX ((size_t)256 << 10)

static enum plan_expect_kind kind_of(const struct plan_check *check, enum sql_kind kind)
{
	if (check->expect.kind != PLAN_EXPECT_KIND || check->type == PLAN_CHECK_TREND)
		return check->expect.kind;
	return kind == SQL_ASSERT	 ? PLAN_EXPECT_ASSERT
	       : kind == SQL_BASELINE	 ? PLAN_EXPECT_BASELINE
	       : kind == SQL_FINGERPRINT ? PLAN_EXPECT_ANCHOR
					 : PLAN_EXPECT_KIND;
}

static void record(struct judging *judging)
{
	const struct sql_rows *rows = judging->seen->rows;

	if (judging->seen->kind == SQL_ACTION && judging->check->expect.kind == PLAN_EXPECT_KIND) {
		judging_action(judging);
		return;
	}
	judging_set_value(judging, g_strdup_printf("%u rows", rows->rows->len));
	drill_check_pass(judging->result, "recorded: %u rows", rows->rows->len);
}

static const struct {
	enum plan_expect_kind kind;
	void (*judge)(struct judging *judging);
} judges[] = {
	{PLAN_EXPECT_KIND, record},
	{PLAN_EXPECT_ASSERT, judging_assert},
	{PLAN_EXPECT_BASELINE, judging_baseline},
	{PLAN_EXPECT_ANCHOR, judging_anchor},
	{PLAN_EXPECT_EMPTY, judging_count},
	{PLAN_EXPECT_NONEMPTY, judging_count},
	{PLAN_EXPECT_ROWS, judging_count},
	{PLAN_EXPECT_HASH, judging_text},
	{PLAN_EXPECT_FILE, judging_text},
	{PLAN_EXPECT_EQUAL, judging_equal},
	{PLAN_EXPECT_DELTA, judging_difference},
	{PLAN_EXPECT_RATIO, judging_difference},
};

bool drill_check_refers(const struct plan_check *check, enum sql_kind kind,
			enum drill_reference_kind *reference)
{
	switch (kind_of(check, kind)) {
	case PLAN_EXPECT_ANCHOR:
		*reference = DRILL_REFERENCE_ANCHOR;
		return true;
	case PLAN_EXPECT_BASELINE:
		*reference = DRILL_REFERENCE_BASELINE;
		return true;
	case PLAN_EXPECT_EQUAL:
	case PLAN_EXPECT_DELTA:
	case PLAN_EXPECT_RATIO:
		*reference = DRILL_REFERENCE_SOURCE;
		return true;
	default:
		return false;
	}
}

/* A record is read by people, and has its own limits. */
static bool is_recorded(const struct sql_rows *rows)
{
	size_t bytes = 0;

	for (guint i = 0; i < rows->rows->len; i++)
		for (unsigned k = 0; k < rows->width; k++) {
			const char *cell = ((char **)rows->rows->pdata[i])[k];

			bytes += cell ? strlen(cell) : 0;
		}
	return rows->rows->len <= RECORDED_MAX && bytes <= RECORDED_BYTES_MAX;
}

void drill_check_judge(const struct plan_check *check, const struct drill_observation *seen,
		       DrillCheckResult *result)
{
	struct judging judging = {check, seen, result};
	enum plan_expect_kind kind = kind_of(check, seen->kind);
	void (*judge)(struct judging * judging) = judging_value;

	result->expect =
		g_strdup(check->expect_text ? check->expect_text : sql_kind_name(seen->kind));
	for (size_t i = 0; i < G_N_ELEMENTS(judges); i++)
		if (judges[i].kind == kind)
			judge = judges[i].judge;
	if (check->type == PLAN_CHECK_TREND)
		judge = judging_trend;
	judge(&judging);
	if (!check->redact && seen->kind != SQL_ASSERT && seen->kind != SQL_BASELINE &&
	    seen->kind != SQL_PLAIN && is_recorded(seen->rows))
		result->rows = sql_rows_json(seen->rows);
}
