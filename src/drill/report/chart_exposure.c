/* The sawtooth of what would have been lost. */
#include "drill/report/chart.h"
#include "drill/report/chart_draw.h"

/* The largest and the smallest exposure in each column of pixels: what is between the corners is drawn as a band, and
 * nothing that stood out is lost, however many teeth there are. -1: unknown. */
struct envelope {
	usec_t high[CHART_COLUMNS], low[CHART_COLUMNS];
	unsigned teeth;
};

static void envelope_add(struct envelope *envelope, const struct exposure_period *period,
			 usec_t point, usec_t from, usec_t to)
{
	usec_t length = MAX(period->end - period->start, 1);
	int first = (int)((__int128)(from - period->start) * CHART_COLUMNS / length);
	int last = (int)((__int128)(to - period->start) * CHART_COLUMNS / length);

	for (int i = first; i <= MIN(last, CHART_COLUMNS - 1); i++) {
		usec_t left = period->start + (usec_t)((__int128)length * i / CHART_COLUMNS);
		usec_t right = period->start + (usec_t)((__int128)length * (i + 1) / CHART_COLUMNS);
		usec_t high = MAX(MIN(right, to) - point, 0), low = MAX(MAX(left, from) - point, 0);

		envelope->high[i] = MAX(envelope->high[i], high);
		envelope->low[i] = envelope->low[i] < 0 ? low : MIN(envelope->low[i], low);
	}
}

static void envelope_make(struct envelope *envelope, const struct exposure_period *period,
			  const GArray *events)
{
	for (int i = 0; i < CHART_COLUMNS; i++)
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
	while (first < CHART_COLUMNS && envelope->high[first] >= 0)
		first++;
	return first;
}

static void add_band(GString *out, const struct envelope *envelope, const struct chart_scale *scale,
		     int first, int last)
{
	bool corners =
		envelope->teeth < CHART_COLUMNS / 2; /* of more, only the peaks can be seen */

	chart_draw_add(out, "<path class=\"area\" d=\"M%.1f %.1f", CHART_LEFT + first,
		       scale->bottom);
	for (int i = first; i < last; i++)
		chart_draw_add(out, "L%.1f %.1f", CHART_LEFT + i + 0.5,
			       chart_scale_y(scale, envelope->high[i]));
	chart_draw_add(out, "L%.1f %.1fZ\"/>\n<path class=\"line\" d=\"", CHART_LEFT + last,
		       scale->bottom);
	for (int i = first; i < last; i++) {
		if (corners)
			chart_draw_add(out, "%s%.1f %.1f", i == first ? "M" : "L",
				       CHART_LEFT + i + 0.5,
				       chart_scale_y(scale, envelope->low[i]));
		chart_draw_add(out, "%s%.1f %.1f", i == first && !corners ? "M" : "L",
			       CHART_LEFT + i + 0.5, chart_scale_y(scale, envelope->high[i]));
	}
	g_string_append(out, "\"/>\n");
}

static struct chart_scale exposure_scale(const struct exposure_period *period, usec_t maximum)
{
	struct chart_scale scale = {.top = 12, .bottom = 172};

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

	struct chart_scale scale = exposure_scale(period, summary.maximum);
	GString *out =
		chart_draw_begin(200, "Exposure to loss over the period",
				 "What would have been lost at each moment; grey: not known.");

	chart_draw_day_axis(out, period->start, period->end, scale.top, scale.bottom);
	chart_draw_value_axis(out, &scale);
	for (int i = 0; i < CHART_COLUMNS;) {
		int until = known_until(envelope, i);

		if (until > i) {
			add_band(out, envelope, &scale, i, until);
			i = until;
			continue;
		}
		while (until < CHART_COLUMNS && envelope->high[until] < 0)
			until++;
		chart_draw_add(out,
			       "<rect class=\"unknown\" x=\"%.1f\" y=\"%.1f\" width=\"%d\" "
			       "height=\"%.1f\"/>\n",
			       CHART_LEFT + i, scale.top, until - i, scale.bottom - scale.top);
		if (until - i > 60)
			chart_draw_text(out, CHART_LEFT + i + (until - i) / 2.0, scale.top + 14,
					ANCHOR_MIDDLE, "soft", "not known");
		i = until;
	}
	if (period->objective > 0)
		chart_draw_objective(out, &scale, period->objective);
	chart_draw_line(out, "axis", CHART_LEFT, scale.bottom, CHART_WIDTH - CHART_RIGHT,
			scale.bottom);
	if (scale.low > 0)
		chart_draw_text(out, CHART_LEFT, 9, ANCHOR_START, "soft", "logarithmic");
	return chart_draw_end(out);
}
