#include "drill/report/chart_draw.h"

#include "drill/report/escape.h"

#include <math.h>
#include <stdarg.h>

#define TICKS 7

GString *chart_draw_begin(double height, const char *title, const char *description)
{
	GString *out = g_string_new(NULL);

	g_string_append_printf(out,
			       "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
			       "xmlns=\"http://www.w3.org/2000/svg\"><title>",
			       CHART_WIDTH, height);
	escape_xml(out, title);
	g_string_append(out, "</title><desc>");
	escape_xml(out, description);
	g_string_append(out, "</desc>\n");
	return out;
}

char *chart_draw_end(GString *out)
{
	g_string_append(out, "</svg>");
	return g_string_free(out, FALSE);
}
void chart_draw_add(GString *out, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_string_append_vprintf(out, format, arguments);
	va_end(arguments);
}

void chart_draw_text(GString *out, double x, double y, enum chart_anchor anchor, const char *class,
		     const char *text)
{
	static const char *const names[] = {"start", "middle", "end"};

	chart_draw_add(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s%s%s>", x, y,
		       names[anchor], class ? " class=\"" : "", class ? class : "",
		       class ? "\"" : "");
	escape_xml(out, text);
	g_string_append(out, "</text>\n");
}

void chart_draw_line(GString *out, const char *class, double x1, double y1, double x2, double y2)
{
	chart_draw_add(out,
		       "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
		       class, x1, y1, x2, y2);
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

double chart_share(usec_t value, usec_t whole)
{
	return whole > 0 ? (double)value / (double)whole : 0;
}

void chart_draw_duration_axis(GString *out, usec_t length, double top, double bottom)
{
	usec_t step = tick_of(length);

	for (usec_t at = 0; at <= length; at += step) {
		g_autofree char *label = duration_format(at);
		double x = CHART_LEFT + CHART_INNER * chart_share(at, length);

		chart_draw_line(out, "grid", x, top, x, bottom);
		chart_draw_text(out, x, bottom + 14, at == 0 ? ANCHOR_START : ANCHOR_MIDDLE, "soft",
				at == 0 ? "0" : label);
	}
}

static char *day_format(usec_t time)
{
	g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(time / USEC_PER_SEC);

	return date ? g_date_time_format(date, "%Y-%m-%d") : g_strdup("");
}

double chart_time_x(usec_t from, usec_t to, usec_t time)
{
	return CHART_LEFT + CHART_INNER * chart_share(CLAMP(time, from, to) - from, to - from);
}

void chart_draw_day_axis(GString *out, usec_t from, usec_t to, double top, double bottom)
{
	usec_t step = MAX(tick_of(to - from), USEC_PER_DAY);

	for (usec_t at = from; at < to; at += step) {
		g_autofree char *label = day_format(at);
		double x = chart_time_x(from, to, at);

		chart_draw_line(out, "grid", x, top, x, bottom);
		if (x < CHART_WIDTH - CHART_RIGHT - 40)
			chart_draw_text(out, x, bottom + 14, ANCHOR_START, "soft", label + 5);
	}
}

double chart_scale_y(const struct chart_scale *scale, usec_t value)
{
	double part;

	if (scale->low > 0)
		part = log((double)MAX(value, scale->low) / (double)scale->low) /
		       log((double)scale->high / (double)scale->low);
	else
		part = chart_share(value, scale->high);
	return scale->bottom - (scale->bottom - scale->top) * CLAMP(part, 0, 1);
}

static void add_value(GString *out, const struct chart_scale *scale, usec_t value)
{
	g_autofree char *label = duration_format(value);
	double y = chart_scale_y(scale, value);

	chart_draw_line(out, "grid", CHART_LEFT, y, CHART_WIDTH - CHART_RIGHT, y);
	chart_draw_text(out, CHART_LEFT - 8, y + 4, ANCHOR_END, "soft", value ? label : "0");
}

void chart_draw_value_axis(GString *out, const struct chart_scale *scale)
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

void chart_draw_objective(GString *out, const struct chart_scale *scale, usec_t objective)
{
	g_autofree char *value = duration_format(objective);
	g_autofree char *label = g_strdup_printf("objective %s", value);
	double y = chart_scale_y(scale, objective);

	chart_draw_line(out, "limit", CHART_LEFT, y, CHART_WIDTH - CHART_RIGHT, y);
	chart_draw_text(out, CHART_WIDTH - CHART_RIGHT, y - 4, ANCHOR_END, "limit-text", label);
}
const char *chart_draw_tone(enum tone tone)
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
