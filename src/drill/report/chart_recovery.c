/* How the time of one recovery went. */
#include "drill/report/chart.h"

#include "drill/report/chart_draw.h"
#include "drill/report/escape.h"

#define ROW 22.0

char *chart_timeline(const struct chart_row *rows, size_t count, usec_t length)
{
	double bottom = 8 + ROW * (double)count;
	GString *out =
		chart_draw_begin(bottom + 22, "Phases of the drill over time",
				 "A row for each phase, from the restore command on. Full colour: "
				 "what the end had to wait for; faint: beside it.");

	chart_draw_duration_axis(out, length, 4, bottom);
	for (size_t i = 0; i < count; i++) {
		double y = 8 + ROW * (double)i;

		chart_draw_text(out, CHART_LEFT - 8, y + 13, ANCHOR_END, NULL, rows[i].name);
		for (guint k = 0; k < rows[i].pieces->len; k++) {
			const struct chart_piece *piece =
				&g_array_index(rows[i].pieces, struct chart_piece, k);
			g_autofree char *took = duration_format(piece->to - piece->from);

			chart_draw_add(
				out,
				"<rect class=\"s%u%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
				"height=\"%.1f\" rx=\"1.5\"><title>",
				rows[i].shade % CHART_SHADES, piece->critical ? "" : " faint",
				CHART_LEFT + CHART_INNER * chart_share(piece->from, length),
				y + (piece->critical ? 2 : 5),
				MAX(CHART_INNER * chart_share(piece->to - piece->from, length),
				    1.0),
				piece->critical ? 14.0 : 8.0);
			escape_xml(out, took);
			g_string_append(out, "</title></rect>\n");
		}
	}
	chart_draw_line(out, "axis", CHART_LEFT, bottom, CHART_WIDTH - CHART_RIGHT, bottom);
	return chart_draw_end(out);
}

static usec_t parts_length(const struct chart_part *parts, size_t count)
{
	usec_t length = 0;

	for (size_t i = 0; i < count; i++)
		length += parts[i].duration;
	return length;
}

static char *part_class(const struct chart_part *part)
{
	return part->note ? g_strdup("assumed")
			  : g_strdup_printf("s%u", part->shade % CHART_SHADES);
}

static void add_legend(GString *out, const struct chart_part *parts, size_t count, double y)
{
	double x = CHART_LEFT;

	for (size_t i = 0; i < count; i++) {
		g_autofree char *took = duration_format(parts[i].duration);
		g_autofree char *text = g_strdup_printf(
			"%s %s%s%s%s", parts[i].name, took, parts[i].note ? " (" : "",
			parts[i].note ? parts[i].note : "", parts[i].note ? ")" : "");
		double width = 22 + 6.2 * (double)g_utf8_strlen(text, -1);

		if (x > CHART_LEFT && x + width > CHART_WIDTH - CHART_RIGHT) {
			x = CHART_LEFT;
			y += 18;
		}
		g_autofree char *class = part_class(&parts[i]);

		chart_draw_add(
			out,
			"<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"10\" height=\"10\"/>\n",
			class, x, y - 9);
		chart_draw_text(out, x + 15, y, ANCHOR_START, NULL, text);
		x += width;
	}
}

char *chart_parts(const struct chart_part *parts, size_t count, usec_t objective)
{
	usec_t length = parts_length(parts, count), scale = MAX(length, objective);
	GString *out = chart_draw_begin(128, "Recovery time against its objective",
					"Parts one after the other; dashed: not measured.");
	double x = CHART_LEFT;

	scale += scale / 20;
	chart_draw_duration_axis(out, scale, 20, 58);
	chart_draw_text(out, CHART_LEFT - 8, 44, ANCHOR_END, NULL, "recovery");
	for (size_t i = 0; i < count; i++) {
		double width = CHART_INNER * chart_share(parts[i].duration, scale);
		g_autofree char *class = part_class(&parts[i]);

		chart_draw_add(
			out,
			"<rect class=\"%s\" x=\"%.1f\" y=\"28\" width=\"%.1f\" height=\"24\"><title>",
			class, x, MAX(width, 0.5));
		escape_xml(out, parts[i].name);
		g_string_append(out, "</title></rect>\n");
		x += width;
	}
	if (objective > 0) {
		g_autofree char *value = duration_format(objective);
		g_autofree char *label = g_strdup_printf("objective %s", value);
		double at = CHART_LEFT + CHART_INNER * chart_share(objective, scale);

		chart_draw_line(out, "limit", at, 16, at, 58);
		chart_draw_text(out, at, 12, at > CHART_WIDTH - 90 ? ANCHOR_END : ANCHOR_MIDDLE,
				"limit-text", label);
	}
	add_legend(out, parts, count, 92);
	return chart_draw_end(out);
}
