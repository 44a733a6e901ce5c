#ifndef ODR_DRILL_REPORT_CHART_H
#define ODR_DRILL_REPORT_CHART_H

#include "drill/report/document.h"
#include "ops/exposure.h"

/*
 * Charts as inline SVG, coloured by the classes of the page's style, each with title and description. Pure; g_free.
 */
#define CHART_SHADES 6

/* What ran when: a row each, from the command on; what the end had to wait for stands out. */
struct chart_piece {
	usec_t from, to; /* since the beginning */
	bool critical;
	const char *what; /* phase; only in chart_incident */
};
struct chart_row {
	const char *name;
	unsigned shade;
	GArray *pieces; /* struct chart_piece */
};
char *chart_timeline(const struct chart_row *rows, size_t count, usec_t length);

/* What a recovery takes in all: parts one after the other, those that are not measured dashed, against the objective. */
struct chart_part {
	const char *name;
	usec_t duration;
	const char *note; /* "assumed": why it is not measured; NULL: it is */
	unsigned shade;
};
char *chart_parts(const struct chart_part *parts, size_t count, usec_t objective); /* 0: none */

/* A real recovery, from the loss on: marks as lines, and below them each restore with its phases. */
struct chart_event {
	usec_t at; /* since the beginning */
	const char *name;
	bool stated; /* afterwards, by people */
};
struct chart_incident {
	usec_t length;
	const struct chart_event *events; /* by time */
	size_t event_count;
	const struct chart_row *rows; /* a restore each; what a piece is decides its colour */
	size_t row_count;
};
char *chart_incident(const struct chart_incident *incident);

/* The sawtooth. */
char *chart_exposure(const struct exposure_period *period, const GArray *events);

/* A letter in a square for each attempt, or check of one: rows are plans, or checks; columns follow the time. */
struct chart_mark {
	unsigned row;
	usec_t time;
	enum tone tone;
	const char *letter, *what; /* what: the title of the square */
};
struct chart_matrix {
	usec_t from, to;
	const char *title, *description;
	const char *const *rows; /* names */
	unsigned count;
	const GArray *marks; /* struct chart_mark */
};
char *chart_matrix(const struct chart_matrix *matrix);

/* One value for each of a few times, against the objective. */
struct chart_point {
	usec_t time, value;
	enum tone tone;
};
struct chart_trend {
	usec_t from, to, objective; /* objective 0: none */
	const char *name;	    /* of the value */
	const GArray *points;	    /* struct chart_point, by time */
};
char *chart_trend(const struct chart_trend *trend);

#endif
