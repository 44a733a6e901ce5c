/* Drills of a period: all of them in squares, and one figure of each over the time. */
#include "drill/report/chart.h"
#include "drill/report/chart_draw.h"
#include "drill/report/escape.h"

/* The worse one is shown where several fall into a square. */
static int tone_rank(enum tone tone)
{
	return tone == TONE_BAD ? 0 : tone == TONE_OPEN ? 1 : tone == TONE_GOOD ? 3 : 2;
}

#define SQUARE 26.0
/* What fits in front of the squares, about. */
#define NAME_LETTERS 14

struct square {
	const struct chart_mark *worst;
	unsigned count;
};

static void add_square(GString *out, const struct square *square, double x, double y, double width)
{
	g_autofree char *label =
		square->count > 1 ? g_strdup_printf("%s·%u", square->worst->letter, square->count)
				  : g_strdup(square->worst->letter);

	chart_draw_add(out,
		       "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
		       "rx=\"2\"><title>",
		       chart_draw_tone(square->worst->tone), x + 1.5, y + 1.5, width - 3,
		       SQUARE - 3);
	escape_xml(out, square->worst->what);
	g_string_append(out, "</title></rect>\n");
	chart_draw_text(out, x + width / 2, y + SQUARE / 2 + 4, ANCHOR_MIDDLE, NULL, label);
}

static void add_name(GString *out, const char *name, double y)
{
	if (g_utf8_strlen(name, -1) > NAME_LETTERS) {
		g_autofree char *start = g_utf8_substring(name, 0, NAME_LETTERS - 1);
		g_autofree char *shorter = g_strconcat(start, "…", NULL);

		chart_draw_text(out, CHART_LEFT - 6, y, ANCHOR_END, NULL, shorter);
	} else {
		chart_draw_text(out, CHART_LEFT - 6, y, ANCHOR_END, NULL, name);
	}
}

char *chart_matrix(const struct chart_matrix *matrix)
{
	usec_t length = MAX(matrix->to - matrix->from, 1);
	usec_t column = length > 35 * USEC_PER_DAY ? 7 * USEC_PER_DAY : USEC_PER_DAY;
	unsigned columns = (unsigned)MIN((length + column - 1) / column, 60);
	g_autofree struct square *squares =
		g_new0(struct square, MAX((size_t)matrix->count * columns, 1));
	double width = CHART_INNER / columns, bottom = 6 + SQUARE * matrix->count;
	GString *out = chart_draw_begin(bottom + 22, matrix->title, matrix->description);

	for (guint i = 0; i < matrix->marks->len; i++) {
		const struct chart_mark *mark = &g_array_index(matrix->marks, struct chart_mark, i);
		unsigned at = (unsigned)CLAMP((mark->time - matrix->from) / column, 0,
					      (usec_t)columns - 1);
		struct square *square = &squares[mark->row * columns + at];

		if (!square->worst || tone_rank(mark->tone) < tone_rank(square->worst->tone))
			square->worst = mark;
		square->count++;
	}
	chart_draw_day_axis(out, matrix->from, matrix->from + column * columns, 4, bottom);
	for (unsigned row = 0; row < matrix->count; row++) {
		double y = 6 + SQUARE * row;

		add_name(out, matrix->rows[row], y + SQUARE / 2 + 4);
		for (unsigned i = 0; i < columns; i++)
			if (squares[row * columns + i].count > 0)
				add_square(out, &squares[row * columns + i], CHART_LEFT + width * i,
					   y, width);
	}
	return chart_draw_end(out);
}

char *chart_trend(const struct chart_trend *trend)
{
	struct chart_scale scale = {
		.top = 14, .bottom = 152, .high = MAX(trend->objective, USEC_PER_SEC)};
	GString *out =
		chart_draw_begin(178, trend->name, "A dot for each drill, against the objective.");

	for (guint i = 0; i < trend->points->len; i++)
		scale.high =
			MAX(scale.high, g_array_index(trend->points, struct chart_point, i).value);
	scale.high += scale.high / 8;
	chart_draw_day_axis(out, trend->from, trend->to, scale.top, scale.bottom);
	chart_draw_value_axis(out, &scale);
	if (trend->points->len > 1) {
		g_string_append(out, "<path class=\"line\" d=\"");
		for (guint i = 0; i < trend->points->len; i++) {
			const struct chart_point *point =
				&g_array_index(trend->points, struct chart_point, i);

			chart_draw_add(out, "%s%.1f %.1f", i == 0 ? "M" : "L",
				       chart_time_x(trend->from, trend->to, point->time),
				       chart_scale_y(&scale, point->value));
		}
		g_string_append(out, "\"/>\n");
	}
	for (guint i = 0; i < trend->points->len; i++) {
		const struct chart_point *point =
			&g_array_index(trend->points, struct chart_point, i);

		chart_draw_add(out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\"/>\n",
			       chart_draw_tone(point->tone),
			       chart_time_x(trend->from, trend->to, point->time),
			       chart_scale_y(&scale, point->value));
	}
	if (trend->objective > 0)
		chart_draw_objective(out, &scale, trend->objective);
	chart_draw_line(out, "axis", CHART_LEFT, scale.bottom, CHART_WIDTH - CHART_RIGHT,
			scale.bottom);
	return chart_draw_end(out);
}
