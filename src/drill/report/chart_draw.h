#ifndef ODR_DRILL_REPORT_CHART_DRAW_H
#define ODR_DRILL_REPORT_CHART_DRAW_H

#include "base/clock.h"
#include "drill/report/document.h"

/*
 * What charts are drawn with: an SVG as it grows, and axes. Lengths are in its units; x of the plot goes from CHART_LEFT to
 * CHART_LEFT + CHART_INNER.
 */
#define CHART_LEFT    86.0 /* room for names and values */
#define CHART_COLUMNS 660
#define CHART_RIGHT   14
#define CHART_INNER   ((double)CHART_COLUMNS)
#define CHART_WIDTH   (CHART_LEFT + CHART_COLUMNS + CHART_RIGHT)

GString *chart_draw_begin(double height, const char *title, const char *description);
char *chart_draw_end(GString *out); /* takes it; g_free */

/* format makes numbers only; what comes from outside goes through chart_draw_text. Numbers have a point, whatever the
 * locale: the program sets none. */
void chart_draw_add(GString *out, const char *format, ...) G_GNUC_PRINTF(2, 3);

enum chart_anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END };
/* class: of the page's style; NULL: none. */
void chart_draw_text(GString *out, double x, double y, enum chart_anchor anchor, const char *class,
		     const char *text);
void chart_draw_line(GString *out, const char *class, double x1, double y1, double x2, double y2);
const char *chart_draw_tone(enum tone tone); /* its class */

double chart_share(usec_t value, usec_t whole); /* 0 of nothing */
double chart_time_x(usec_t from, usec_t to, usec_t time);
/* Durations along the bottom. */
void chart_draw_duration_axis(GString *out, usec_t length, double top, double bottom);
/* Days along the bottom: the first of each month, or a few of a shorter period. */
void chart_draw_day_axis(GString *out, usec_t from, usec_t to, double top, double bottom);

/* From a value to a height: a straight line, or, where the highest is far above the objective, by powers. */
struct chart_scale {
	double top, bottom;
	usec_t low, high; /* low 0: linear */
};
double chart_scale_y(const struct chart_scale *scale, usec_t value);
void chart_draw_value_axis(GString *out, const struct chart_scale *scale);
void chart_draw_objective(GString *out, const struct chart_scale *scale, usec_t objective);

#endif
