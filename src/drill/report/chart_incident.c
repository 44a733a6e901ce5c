/* A real recovery over time. */
#include "drill/report/chart.h"

#include "drill/report/chart_draw.h"
#include "drill/report/escape.h"

#define ROW	    24.0
#define LEVEL	    15.0
#define LEVELS	    5
#define LETTER	    6.4 /* of a label, about */
#define LABEL_SPACE 8.0

/* Below all labels that reach beyond its line, which would strike them through; where there is no room, the lowest. */
static size_t level_of(double ends[LEVELS], double x, double end)
{
	size_t level = 0;

	for (size_t i = 0; i < LEVELS; i++)
		if (ends[i] > x)
			level = MIN(i + 1, LEVELS - 1);
	ends[level] = end + LABEL_SPACE;
	return level;
}

static void add_events(GString *out, const struct chart_incident *incident, double bottom)
{
	double ends[LEVELS] = {0};

	for (size_t i = 0; i < incident->event_count; i++) {
		const struct chart_event *event = &incident->events[i];
		double x = CHART_LEFT + CHART_INNER * chart_share(event->at, incident->length);
		double width = LETTER * (double)g_utf8_strlen(event->name, -1);
		bool left = x + width > CHART_WIDTH - 4;
		double y = 12 + LEVEL * (double)level_of(ends, left ? x - width : x,
							 left ? x : x + width);

		chart_draw_line(out, event->stated ? "mark stated" : "mark", x, y + 3, x, bottom);
		chart_draw_text(out, left ? x - 3 : x + 3, y, left ? ANCHOR_END : ANCHOR_START,
				NULL, event->name);
	}
}

/* Each phase has its colour, in all restores. */
struct phases {
	const char *names[CHART_SHADES];
	unsigned count;
};

static unsigned shade_of(struct phases *phases, const char *name)
{
	for (unsigned i = 0; i < phases->count; i++)
		if (g_strcmp0(phases->names[i], name) == 0)
			return i;
	if (phases->count == CHART_SHADES)
		return CHART_SHADES - 1;
	phases->names[phases->count] = name;
	return phases->count++;
}

static void add_piece(GString *out, const struct chart_incident *incident,
		      const struct chart_piece *piece, unsigned shade, double y)
{
	g_autofree char *took = duration_format(piece->to - piece->from);
	g_autofree char *title = g_strdup_printf("%s %s", piece->what, took);

	chart_draw_add(
		out,
		"<rect class=\"s%u\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"15\" "
		"rx=\"1.5\"><title>",
		shade, CHART_LEFT + CHART_INNER * chart_share(piece->from, incident->length), y + 3,
		MAX(CHART_INNER * chart_share(piece->to - piece->from, incident->length), 2.0));
	escape_xml(out, title);
	g_string_append(out, "</title></rect>\n");
}

static void add_row(GString *out, const struct chart_incident *incident,
		    const struct chart_row *row, struct phases *phases, double y)
{
	chart_draw_text(out, CHART_LEFT - 8, y + 14, ANCHOR_END, NULL, row->name);
	for (guint i = 0; i < row->pieces->len; i++) {
		const struct chart_piece *piece =
			&g_array_index(row->pieces, struct chart_piece, i);

		add_piece(out, incident, piece, shade_of(phases, piece->what), y);
	}
}

static void add_legend(GString *out, const struct phases *phases, double y)
{
	double x = CHART_LEFT;

	for (unsigned i = 0; i < phases->count; i++) {
		chart_draw_add(
			out,
			"<rect class=\"s%u\" x=\"%.1f\" y=\"%.1f\" width=\"10\" height=\"10\"/>\n",
			i, x, y - 9);
		chart_draw_text(out, x + 15, y, ANCHOR_START, NULL, phases->names[i]);
		x += 30 + LETTER * (double)g_utf8_strlen(phases->names[i], -1);
	}
}

char *chart_incident(const struct chart_incident *incident)
{
	double top = 8 + LEVEL * LEVELS;
	double bottom = top + ROW * (double)MAX(incident->row_count, 1);
	struct phases phases = {0};
	GString *out = chart_draw_begin(bottom + 40, "The incident over time",
					"Lines: what people marked, dashed where they said so "
					"afterwards. Bars: restores, as they were measured.");

	chart_draw_duration_axis(out, incident->length, top, bottom);
	for (size_t i = 0; i < incident->row_count; i++)
		add_row(out, incident, &incident->rows[i], &phases, top + ROW * (double)i);
	if (incident->row_count == 0)
		chart_draw_text(out, CHART_LEFT - 8, top + 14, ANCHOR_END, "soft", "no restore");
	add_events(out, incident, bottom);
	add_legend(out, &phases, bottom + 34);
	chart_draw_line(out, "axis", CHART_LEFT, bottom, CHART_WIDTH - CHART_RIGHT, bottom);
	return chart_draw_end(out);
}
