#include "drill/report/chart.h"

#include "drill/report/escape.h"

#include <math.h>
#include <stdarg.h>

#define LEFT	86.0 /* room for names and values */
#define COLUMNS 660
#define RIGHT	14
#define INNER	((double)COLUMNS)
#define WIDTH	(LEFT + COLUMNS + RIGHT)
#define TICKS	7

static GString *begin(double height, const char *title, const char *description)
{
	GString *out = g_string_new(NULL);

	g_string_append_printf(out,
			       "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
			       "xmlns=\"http://www.w3.org/2000/svg\"><title>",
			       WIDTH, height);
	escape_xml(out, title);
	g_string_append(out, "</title><desc>");
	escape_xml(out, description);
	g_string_append(out, "</desc>\n");
	return out;
}

static char *end(GString *out)
{
	g_string_append(out, "</svg>");
	return g_string_free(out, FALSE);
}

/* format makes numbers only; what comes from outside goes through add_text. Numbers have a point, whatever the locale:
 * the program sets none. */
static void add(GString *out, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void add(GString *out, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_string_append_vprintf(out, format, arguments);
	va_end(arguments);
}

enum anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END };

static void add_text(GString *out, double x, double y, enum anchor anchor, const char *class,
		     const char *text)
{
	static const char *const names[] = {"start", "middle", "end"};

	add(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s%s%s>", x, y, names[anchor],
	    class ? " class=\"" : "", class ? class : "", class ? "\"" : "");
	escape_xml(out, text);
	g_string_append(out, "</text>\n");
}

static void add_line(GString *out, const char *class, double x1, double y1, double x2, double y2)
{
	add(out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", class,
	    x1, y1, x2, y2);
}

/* A round duration of which at most TICKS fit. */
static usec_t tick_of(usec_t length)
{
	static const usec_t steps[] = {
		1000,
		10 * 1000,
		100 * 1000,
		USEC_PER_SEC,
		2 * USEC_PER_SEC,
		5 * USEC_PER_SEC,
		10 * USEC_PER_SEC,
		30 * USEC_PER_SEC,
		USEC_PER_MIN,
		2 * USEC_PER_MIN,
		5 * USEC_PER_MIN,
		10 * USEC_PER_MIN,
		15 * USEC_PER_MIN,
		30 * USEC_PER_MIN,
		USEC_PER_HOUR,
		2 * USEC_PER_HOUR,
		3 * USEC_PER_HOUR,
		6 * USEC_PER_HOUR,
		12 * USEC_PER_HOUR,
		USEC_PER_DAY,
		2 * USEC_PER_DAY,
		7 * USEC_PER_DAY,
		14 * USEC_PER_DAY,
		30 * USEC_PER_DAY,
		90 * USEC_PER_DAY,
		365 * USEC_PER_DAY,
	};

	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++)
		if (length / steps[i] < TICKS)
			return steps[i];
	return length / TICKS + 1;
}

static double share(usec_t value, usec_t whole)
{
	return whole > 0 ? (double)value / (double)whole : 0;
}

/* Durations along the bottom. */
static void add_duration_axis(GString *out, usec_t length, double top, double bottom)
{
	usec_t step = tick_of(length);

	for (usec_t at = 0; at <= length; at += step) {
		g_autofree char *label = duration_format(at);
		double x = LEFT + INNER * share(at, length);

		add_line(out, "grid", x, top, x, bottom);
		add_text(out, x, bottom + 14, at == 0 ? ANCHOR_START : ANCHOR_MIDDLE, "soft",
			 at == 0 ? "0" : label);
	}
}

static char *day_format(usec_t time)
{
	g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(time / USEC_PER_SEC);

	return date ? g_date_time_format(date, "%Y-%m-%d") : g_strdup("");
}

static double time_x(usec_t from, usec_t to, usec_t time)
{
	return LEFT + INNER * share(CLAMP(time, from, to) - from, to - from);
}

/* Days along the bottom: the first of each month, or a few of a shorter period. */
static void add_day_axis(GString *out, usec_t from, usec_t to, double top, double bottom)
{
	usec_t step = MAX(tick_of(to - from), USEC_PER_DAY);

	for (usec_t at = from; at < to; at += step) {
		g_autofree char *label = day_format(at);
		double x = time_x(from, to, at);

		add_line(out, "grid", x, top, x, bottom);
		if (x < WIDTH - RIGHT - 40)
			add_text(out, x, bottom + 14, ANCHOR_START, "soft", label + 5);
	}
}

/* ---- what ran when --------------------------------------------------------------------------- */

#define ROW 22.0

char *chart_timeline(const struct chart_row *rows, size_t count, usec_t length)
{
	double bottom = 8 + ROW * (double)count;
	GString *out = begin(bottom + 22, "Phases of the drill over time",
			     "A row for each phase, from the restore command on. Full colour: "
			     "what the end had to wait for; faint: beside it.");

	add_duration_axis(out, length, 4, bottom);
	for (size_t i = 0; i < count; i++) {
		double y = 8 + ROW * (double)i;

		add_text(out, LEFT - 8, y + 13, ANCHOR_END, NULL, rows[i].name);
		for (guint k = 0; k < rows[i].pieces->len; k++) {
			const struct chart_piece *piece =
				&g_array_index(rows[i].pieces, struct chart_piece, k);
			g_autofree char *took = duration_format(piece->to - piece->from);

			add(out,
			    "<rect class=\"s%u%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			    "height=\"%.1f\" rx=\"1.5\"><title>",
			    rows[i].shade % CHART_SHADES, piece->critical ? "" : " faint",
			    LEFT + INNER * share(piece->from, length),
			    y + (piece->critical ? 2 : 5),
			    MAX(INNER * share(piece->to - piece->from, length), 1.0),
			    piece->critical ? 14.0 : 8.0);
			escape_xml(out, took);
			g_string_append(out, "</title></rect>\n");
		}
	}
	add_line(out, "axis", LEFT, bottom, WIDTH - RIGHT, bottom);
	return end(out);
}

/* ---- all of a recovery ------------------------------------------------------------------------ */

static usec_t parts_length(const struct chart_part *parts, size_t count)
{
	usec_t length = 0;

	for (size_t i = 0; i < count; i++)
		length += parts[i].duration;
	return length;
}

static char *part_class(const struct chart_part *part)
{
	return part->assumed ? g_strdup("assumed")
			     : g_strdup_printf("s%u", part->shade % CHART_SHADES);
}

static void add_legend(GString *out, const struct chart_part *parts, size_t count, double y)
{
	double x = LEFT;

	for (size_t i = 0; i < count; i++) {
		g_autofree char *took = duration_format(parts[i].duration);
		g_autofree char *text = g_strdup_printf("%s %s%s", parts[i].name, took,
							parts[i].assumed ? " (assumed)" : "");
		double width = 22 + 6.2 * (double)g_utf8_strlen(text, -1);

		if (x > LEFT && x + width > WIDTH - RIGHT) {
			x = LEFT;
			y += 18;
		}
		g_autofree char *class = part_class(&parts[i]);

		add(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"10\" height=\"10\"/>\n",
		    class, x, y - 9);
		add_text(out, x + 15, y, ANCHOR_START, NULL, text);
		x += width;
	}
}

char *chart_parts(const struct chart_part *parts, size_t count, usec_t objective)
{
	usec_t length = parts_length(parts, count), scale = MAX(length, objective);
	GString *out = begin(128, "Recovery time against its objective",
			     "Measured phases and assumed times, one after the other.");
	double x = LEFT;

	scale += scale / 20;
	add_duration_axis(out, scale, 20, 58);
	add_text(out, LEFT - 8, 44, ANCHOR_END, NULL, "recovery");
	for (size_t i = 0; i < count; i++) {
		double width = INNER * share(parts[i].duration, scale);
		g_autofree char *class = part_class(&parts[i]);

		add(out,
		    "<rect class=\"%s\" x=\"%.1f\" y=\"28\" width=\"%.1f\" height=\"24\"><title>",
		    class, x, MAX(width, 0.5));
		escape_xml(out, parts[i].name);
		g_string_append(out, "</title></rect>\n");
		x += width;
	}
	if (objective > 0) {
		g_autofree char *value = duration_format(objective);
		g_autofree char *label = g_strdup_printf("objective %s", value);
		double at = LEFT + INNER * share(objective, scale);

		add_line(out, "limit", at, 16, at, 58);
		add_text(out, at, 12, at > WIDTH - 90 ? ANCHOR_END : ANCHOR_MIDDLE, "limit-text",
			 label);
	}
	add_legend(out, parts, count, 92);
	return end(out);
}

/* ---- the sawtooth ----------------------------------------------------------------------------- */

/* From a value to a height: a straight line, or, where the highest is far above the objective, by powers. */
struct scale {
	double top, bottom;
	usec_t low, high; /* low 0: linear */
};

static double scale_y(const struct scale *scale, usec_t value)
{
	double part;

	if (scale->low > 0)
		part = log((double)MAX(value, scale->low) / (double)scale->low) /
		       log((double)scale->high / (double)scale->low);
	else
		part = share(value, scale->high);
	return scale->bottom - (scale->bottom - scale->top) * CLAMP(part, 0, 1);
}

static void add_value(GString *out, const struct scale *scale, usec_t value)
{
	g_autofree char *label = duration_format(value);
	double y = scale_y(scale, value);

	add_line(out, "grid", LEFT, y, WIDTH - RIGHT, y);
	add_text(out, LEFT - 8, y + 4, ANCHOR_END, "soft", value ? label : "0");
}

static void add_value_axis(GString *out, const struct scale *scale)
{
	static const usec_t powers[] = {
		USEC_PER_SEC,	   10 * USEC_PER_SEC, USEC_PER_MIN,
		10 * USEC_PER_MIN, USEC_PER_HOUR,     6 * USEC_PER_HOUR,
		USEC_PER_DAY,	   7 * USEC_PER_DAY,  30 * USEC_PER_DAY,
	};
	usec_t step = tick_of(scale->high);

	if (scale->low == 0) {
		for (usec_t value = 0; value <= scale->high; value += step)
			add_value(out, scale, value);
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(powers); i++)
		if (powers[i] >= scale->low && powers[i] <= scale->high)
			add_value(out, scale, powers[i]);
}

static void add_objective(GString *out, const struct scale *scale, usec_t objective)
{
	g_autofree char *value = duration_format(objective);
	g_autofree char *label = g_strdup_printf("objective %s", value);
	double y = scale_y(scale, objective);

	add_line(out, "limit", LEFT, y, WIDTH - RIGHT, y);
	add_text(out, WIDTH - RIGHT, y - 4, ANCHOR_END, "limit-text", label);
}

/* The largest and the smallest exposure in each column of pixels: what is between the corners is drawn as a band, and
 * nothing that stood out is lost, however many teeth there are. -1: unknown. */
struct envelope {
	usec_t high[COLUMNS], low[COLUMNS];
	unsigned teeth;
};

static void envelope_add(struct envelope *envelope, const struct exposure_period *period,
			 usec_t point, usec_t from, usec_t to)
{
	usec_t length = MAX(period->end - period->start, 1);
	int first = (int)((__int128)(from - period->start) * COLUMNS / length);
	int last = (int)((__int128)(to - period->start) * COLUMNS / length);

	for (int i = first; i <= MIN(last, COLUMNS - 1); i++) {
		usec_t left = period->start + (usec_t)((__int128)length * i / COLUMNS);
		usec_t right = period->start + (usec_t)((__int128)length * (i + 1) / COLUMNS);
		usec_t high = MAX(MIN(right, to) - point, 0), low = MAX(MAX(left, from) - point, 0);

		envelope->high[i] = MAX(envelope->high[i], high);
		envelope->low[i] = envelope->low[i] < 0 ? low : MIN(envelope->low[i], low);
	}
}

static void envelope_make(struct envelope *envelope, const struct exposure_period *period,
			  const GArray *events)
{
	for (int i = 0; i < COLUMNS; i++)
		envelope->high[i] = envelope->low[i] = -1;
	envelope->teeth = 0;
	for (guint i = 0; i < events->len; i++) {
		const struct catalog_exposure *event =
			&g_array_index(events, struct catalog_exposure, i);
		usec_t next =
			i + 1 < events->len
				? g_array_index(events, struct catalog_exposure, i + 1).usable_at
				: period->end;
		usec_t from = MAX(event->usable_at, period->start), to = MIN(next, period->end);

		envelope->teeth += from < to;
		if (from < to)
			envelope_add(envelope, period, event->recovery_point, from, to);
	}
}

/* Columns from first on that are known; its end. */
static int known_until(const struct envelope *envelope, int first)
{
	while (first < COLUMNS && envelope->high[first] >= 0)
		first++;
	return first;
}

static void add_band(GString *out, const struct envelope *envelope, const struct scale *scale,
		     int first, int last)
{
	bool corners = envelope->teeth < COLUMNS / 2; /* of more, only the peaks can be seen */

	add(out, "<path class=\"area\" d=\"M%.1f %.1f", LEFT + first, scale->bottom);
	for (int i = first; i < last; i++)
		add(out, "L%.1f %.1f", LEFT + i + 0.5, scale_y(scale, envelope->high[i]));
	add(out, "L%.1f %.1fZ\"/>\n<path class=\"line\" d=\"", LEFT + last, scale->bottom);
	for (int i = first; i < last; i++) {
		if (corners)
			add(out, "%s%.1f %.1f", i == first ? "M" : "L", LEFT + i + 0.5,
			    scale_y(scale, envelope->low[i]));
		add(out, "%s%.1f %.1f", i == first && !corners ? "M" : "L", LEFT + i + 0.5,
		    scale_y(scale, envelope->high[i]));
	}
	g_string_append(out, "\"/>\n");
}

static struct scale exposure_scale(const struct exposure_period *period, usec_t maximum)
{
	struct scale scale = {.top = 12, .bottom = 172};

	scale.high = MAX(MAX(maximum, period->objective), USEC_PER_SEC);
	scale.high += scale.high / 8;
	if (period->objective > 0 && maximum > 8 * period->objective)
		scale.low = MAX(period->objective / 20, USEC_PER_SEC);
	return scale;
}

char *chart_exposure(const struct exposure_period *period, const GArray *events)
{
	g_autofree struct envelope *envelope = g_new(struct envelope, 1);
	struct exposure_summary summary;

	exposure_summarize(period, events, &summary);
	envelope_make(envelope, period, events);

	struct scale scale = exposure_scale(period, summary.maximum);
	GString *out = begin(200, "Exposure to loss over the period",
			     "What would have been lost at each moment; grey: not known.");

	add_day_axis(out, period->start, period->end, scale.top, scale.bottom);
	add_value_axis(out, &scale);
	for (int i = 0; i < COLUMNS;) {
		int until = known_until(envelope, i);

		if (until > i) {
			add_band(out, envelope, &scale, i, until);
			i = until;
			continue;
		}
		while (until < COLUMNS && envelope->high[until] < 0)
			until++;
		add(out,
		    "<rect class=\"unknown\" x=\"%.1f\" y=\"%.1f\" width=\"%d\" "
		    "height=\"%.1f\"/>\n",
		    LEFT + i, scale.top, until - i, scale.bottom - scale.top);
		if (until - i > 60)
			add_text(out, LEFT + i + (until - i) / 2.0, (scale.top + scale.bottom) / 2,
				 ANCHOR_MIDDLE, "soft", "not known");
		i = until;
	}
	if (period->objective > 0)
		add_objective(out, &scale, period->objective);
	add_line(out, "axis", LEFT, scale.bottom, WIDTH - RIGHT, scale.bottom);
	if (scale.low > 0)
		add_text(out, LEFT, 9, ANCHOR_START, "soft", "logarithmic");
	return end(out);
}

/* ---- attempts --------------------------------------------------------------------------------- */

static const char *tone_shade(enum tone tone)
{
	switch (tone) {
	case TONE_GOOD:
		return "t-good";
	case TONE_BAD:
		return "t-bad";
	case TONE_OPEN:
		return "t-open";
	default:
		return "t-muted";
	}
}

/* The worse one is shown where several fall into a square. */
static int tone_rank(enum tone tone)
{
	return tone == TONE_BAD ? 0 : tone == TONE_OPEN ? 1 : tone == TONE_GOOD ? 3 : 2;
}

#define SQUARE 26.0

struct square {
	const struct chart_mark *worst;
	unsigned count;
};

static void add_square(GString *out, const struct square *square, double x, double y, double width)
{
	g_autofree char *label =
		square->count > 1 ? g_strdup_printf("%s·%u", square->worst->letter, square->count)
				  : g_strdup(square->worst->letter);

	add(out,
	    "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
	    "rx=\"2\"><title>",
	    tone_shade(square->worst->tone), x + 1.5, y + 1.5, width - 3, SQUARE - 3);
	escape_xml(out, square->worst->what);
	g_string_append(out, "</title></rect>\n");
	add_text(out, x + width / 2, y + SQUARE / 2 + 4, ANCHOR_MIDDLE, NULL, label);
}

static void add_name(GString *out, const char *name, double y)
{
	/* About what fits in front of the squares. */
	if (g_utf8_strlen(name, -1) > 13) {
		g_autofree char *start = g_utf8_substring(name, 0, 12);
		g_autofree char *shorter = g_strconcat(start, "…", NULL);

		add_text(out, LEFT - 6, y, ANCHOR_END, NULL, shorter);
	} else {
		add_text(out, LEFT - 6, y, ANCHOR_END, NULL, name);
	}
}

char *chart_matrix(const struct chart_matrix *matrix)
{
	usec_t length = MAX(matrix->to - matrix->from, 1);
	usec_t column = length > 35 * USEC_PER_DAY ? 7 * USEC_PER_DAY : USEC_PER_DAY;
	unsigned columns = (unsigned)MIN((length + column - 1) / column, 60);
	g_autofree struct square *squares =
		g_new0(struct square, MAX((size_t)matrix->count * columns, 1));
	double width = INNER / columns, bottom = 6 + SQUARE * matrix->count;
	GString *out = begin(bottom + 22, "All attempts of the period",
			     "A row for each plan; a square holds the worst outcome of its week or "
			     "day, as a letter, and how many attempts there were.");

	for (guint i = 0; i < matrix->marks->len; i++) {
		const struct chart_mark *mark = &g_array_index(matrix->marks, struct chart_mark, i);
		unsigned at = (unsigned)CLAMP((mark->time - matrix->from) / column, 0,
					      (usec_t)columns - 1);
		struct square *square = &squares[mark->row * columns + at];

		if (!square->worst || tone_rank(mark->tone) < tone_rank(square->worst->tone))
			square->worst = mark;
		square->count++;
	}
	add_day_axis(out, matrix->from, matrix->from + column * columns, 4, bottom);
	for (unsigned row = 0; row < matrix->count; row++) {
		double y = 6 + SQUARE * row;

		add_name(out, matrix->rows[row], y + SQUARE / 2 + 4);
		for (unsigned i = 0; i < columns; i++)
			if (squares[row * columns + i].count > 0)
				add_square(out, &squares[row * columns + i], LEFT + width * i, y,
					   width);
	}
	return end(out);
}

char *chart_trend(const struct chart_trend *trend)
{
	struct scale scale = {
		.top = 14, .bottom = 152, .high = MAX(trend->objective, USEC_PER_SEC)};
	GString *out = begin(178, trend->name, "A dot for each drill, against the objective.");

	for (guint i = 0; i < trend->points->len; i++)
		scale.high =
			MAX(scale.high, g_array_index(trend->points, struct chart_point, i).value);
	scale.high += scale.high / 8;
	add_day_axis(out, trend->from, trend->to, scale.top, scale.bottom);
	add_value_axis(out, &scale);
	if (trend->points->len > 1) {
		g_string_append(out, "<path class=\"line\" d=\"");
		for (guint i = 0; i < trend->points->len; i++) {
			const struct chart_point *point =
				&g_array_index(trend->points, struct chart_point, i);

			add(out, "%s%.1f %.1f", i == 0 ? "M" : "L",
			    time_x(trend->from, trend->to, point->time),
			    scale_y(&scale, point->value));
		}
		g_string_append(out, "\"/>\n");
	}
	for (guint i = 0; i < trend->points->len; i++) {
		const struct chart_point *point =
			&g_array_index(trend->points, struct chart_point, i);

		add(out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\"/>\n",
		    tone_shade(point->tone), time_x(trend->from, trend->to, point->time),
		    scale_y(&scale, point->value));
	}
	if (trend->objective > 0)
		add_objective(out, &scale, trend->objective);
	add_line(out, "axis", LEFT, scale.bottom, WIDTH - RIGHT, scale.bottom);
	return end(out);
}
