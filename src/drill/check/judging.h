#ifndef ODR_DRILL_CHECK_JUDGING_H
#define ODR_DRILL_CHECK_JUDGING_H

#include "drill/check/judge.h"

/* One result that is judged: the ways to do so, of which judge.c chooses one, and what they share. */
struct judging {
	const struct plan_check *check;
	const struct drill_observation *seen;
	DrillCheckResult *result;
};

/* judge_tally.c: a row with the numbers bad and total. */
void judging_assert(struct judging *judging);
void judging_action(struct judging *judging);	/* what is wrong is only to be dealt with */
void judging_baseline(struct judging *judging); /* only what the source had not is new */
/* judge_anchor.c: row by row, with what the source kept of the moment. */
void judging_anchor(struct judging *judging);
/* judge_value.c */
void judging_value(struct judging *judging); /* the first cell */
void judging_count(struct judging *judging); /* how many rows */
void judging_text(struct judging *judging);  /* of all rows, or its digest */
void judging_difference(struct judging *judging);
void judging_equal(struct judging *judging);
void judging_trend(struct judging *judging); /* trend.c: beside earlier drills */

/* Of a text of the database as much as stays readable; "" where it may not be told. g_free. */
char *judging_told(const struct plan_check *check, const char *text);
/* Exact of whole numbers of 64 bits: these are ids and amounts. */
bool judging_number(const char *text, long double *value);
/* Room for what adding up doubles in another order leaves in their last digits, and for nothing else: value is that of a or b. */
long double judging_noise(const char *a, const char *b, long double value);
/* Two numbers that are no further apart than that, and what doubles leave. */
bool judging_near(const char *a, const char *b, long double tolerance);
/* Why nothing is known of the source, in its own words where it has some; true: something is. */
bool judging_refers(struct judging *judging, const char *otherwise);
long double judging_tolerance(const struct plan_check *check);
const char *judging_first_cell(const struct sql_rows *rows);  /* NULL: there is none */
void judging_set_value(struct judging *judging, char *value); /* takes it */

#endif
