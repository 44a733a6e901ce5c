#ifndef ODR_DRILL_REPORT_WORDS_H
#define ODR_DRILL_REPORT_WORDS_H

#include "drill/measure/objective.h"
#include "drill/report/reading.h"

/* Values as reports say them; NULL, which is a dash, for what is absent or negative. g_free. */
char *words_duration(int64_t duration);
char *words_size(int64_t bytes);
char *words_time(int64_t time); /* "2026-11-14 03:00:04 UTC" */
char *words_day(int64_t time);
char *words_target(
	const char *target);	  /* of a draw: its time (UTC) to the second; others as they are */
char *words_count(int64_t count); /* "2 061 650" */
/* "20.6 %": a bound, rounded up; what was reached, rounded down. Neither claims more than was computed. */
char *words_at_most(double share);
char *words_at_least(double share);

enum tone words_tone(enum objective_state state);
/* As records have them: "met", "not-proven", … */
bool words_state(const char *name, enum objective_state *state);

/* "13 of 13 drills passed; failure probability ≤ 20.6 % (95 %, n=13)"; g_free. */
char *words_drills(unsigned counted, unsigned failed);

/* 150008: "15.8"; NULL: absent; g_free. */
char *words_pg_version(int64_t number);

char *words_reasons(const GPtrArray *reasons); /* char *: "a; b", "" for none; g_free */

#endif
