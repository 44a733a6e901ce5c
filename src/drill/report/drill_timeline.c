/* What a drill took: its phases over time, the chain that the end had to wait for, and the whole against the objective. */
#include "drill/report/chart.h"
#include "drill/report/report.h"
#include "drill/report/words.h"

#include "drill/measure/span.h"

static bool is_critical(const json_t *record, size_t span, usec_t *from, usec_t *to, size_t *at)
{
	const json_t *steps = reading_at(record, "critical_path");

	for (; *at < json_array_size(steps); ++*at) {
		const json_t *step = json_array_get(steps, *at);

		if (reading_int(step, "span") != (int64_t)span)
			continue;
		*from = reading_int(step, "after_us");
		*to = *from + reading_int(step, "us");
		++*at;
		return *from >= 0 && *to >= *from;
	}
	return false;
}

static void add_pieces(GArray *pieces, const json_t *record, size_t index, usec_t *length)
{
	const json_t *span = json_array_get(reading_at(record, "spans"), index);
	struct chart_piece whole = {.from = reading_int(span, "after_us")};
	usec_t from, to;
	size_t at = 0;

	if (whole.from < 0)
		return;
	whole.to = whole.from + MAX(reading_int(span, "mono_us"), 0);
	*length = MAX(*length, whole.to);
	g_array_append_val(pieces, whole);
	while (is_critical(record, index, &from, &to, &at)) {
		struct chart_piece piece = {from, to, true};

		g_array_append_val(pieces, piece);
	}
}

static void add_timeline_chart(Document *document, const json_t *record)
{
	const json_t *spans = reading_at(record, "spans");
	struct chart_row rows[PHASE_LAST + 1];
	size_t count = 0;
	usec_t length = 0;

	for (int phase = PHASE_LOCATE; phase <= PHASE_LAST; phase++) {
		const char *name = drill_phase_name((enum drill_phase)phase);
		struct chart_row row = {.name = name, .shade = (unsigned)count % CHART_SHADES};

		if (!name)
			continue;
		row.pieces = g_array_new(FALSE, FALSE, sizeof(struct chart_piece));
		for (size_t i = 0; i < json_array_size(spans); i++)
			if (g_strcmp0(reading_text(json_array_get(spans, i), "phase"), name) == 0)
				add_pieces(row.pieces, record, i, &length);
		if (row.pieces->len > 0)
			rows[count++] = row;
		else
			g_array_unref(row.pieces);
	}
	document_chart(document, "What ran when; full colour: what the end had to wait for",
		       chart_timeline(rows, count, length));
	for (size_t i = 0; i < count; i++)
		g_array_unref(rows[i].pieces);
}

static void add_spans(Document *document, const json_t *record)
{
	static const char *const headings[] = {"Phase",	   "Part",	">Began after",
					       ">Took",	   ">Critical", ">Bytes",
					       ">Retries", "Outcome",	NULL};
	const json_t *spans = reading_at(record, "spans");

	document_table(document, headings);
	for (size_t i = 0; i < json_array_size(spans); i++) {
		const json_t *span = json_array_get(spans, i);
		int64_t bytes = reading_int(span, "bytes"), retries = reading_int(span, "retries");
		usec_t from, to, critical = 0;
		size_t at = 0;

		while (is_critical(record, i, &from, &to, &at))
			critical += to - from;

		g_autofree char *began = words_duration(reading_int(span, "after_us"));
		g_autofree char *took = words_duration(MAX(reading_int(span, "mono_us"), 0));
		g_autofree char *path = critical > 0 ? words_duration(critical) : NULL;
		g_autofree char *size = bytes > 0 ? words_size(bytes) : NULL;
		g_autofree char *again = retries > 0 ? words_count(retries) : NULL;

		document_cell(document, TONE_PLAIN, reading_text(span, "phase"));
		document_cell(document, TONE_PLAIN, reading_text(span, "component"));
		document_cell(document, TONE_PLAIN, began);
		document_cell(document, TONE_PLAIN, took);
		document_cell(document, TONE_PLAIN, path);
		document_cell(document, TONE_PLAIN, size);
		document_cell(document, TONE_PLAIN, again);
		document_cell(document, TONE_PLAIN, reading_text(span, "outcome"));
	}
}

/* The chain of what was measured, in front of and behind it what is assumed. */
static usec_t assumed(const json_t *record, const char *name)
{
	const json_t *assumptions = reading_at(record, "assumptions");

	for (size_t i = 0; i < json_array_size(assumptions); i++) {
		const json_t *assumption = json_array_get(assumptions, i);
		int64_t duration = reading_int(assumption, "duration_us");

		if (g_strcmp0(reading_text(assumption, "name"), name) == 0 && duration > 0)
			return duration;
	}
	return 0;
}

static usec_t rto_of(const json_t *record)
{
	const json_t *objectives = reading_at(record, "objectives");

	for (size_t i = 0; i < json_array_size(objectives); i++) {
		const json_t *objective = json_array_get(objectives, i);
		const char *scope = reading_text(objective, "scope");

		if (g_strcmp0(reading_text(objective, "kind"), "rto") == 0 && scope &&
		    g_str_has_prefix(scope, "service"))
			return MAX(reading_int(objective, "objective_us"), 0);
	}
	return 0;
}

static void add_parts_chart(Document *document, const json_t *record)
{
	usec_t ready = reading_int(record, "measured.rta_service_ready_us");
	const struct chart_part all[] = {
		{"detect", assumed(record, "assume-detect"), "assumed", 0},
		{"decide", assumed(record, "assume-decide"), "assumed", 0},
		{"service ready, measured", ready, NULL, 0},
		{"cutover", assumed(record, "assume-cutover"), "assumed", 0},
	};
	struct chart_part parts[G_N_ELEMENTS(all)];
	size_t count = 0;

	if (ready < 0)
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
		if (all[i].duration > 0)
			parts[count++] = all[i];
	document_chart(document, "Recovery time with its assumptions, against the objective",
		       chart_parts(parts, count, rto_of(record)));
}

void report_add_timeline(Document *document, const json_t *record)
{
	int64_t idle = reading_int(record, "measured.phases_us.idle");

	document_section(document, "Timeline and critical path");
	if (json_array_size(reading_at(record, "spans")) == 0) {
		document_paragraph(document, "Nothing was restored.");
		return;
	}
	add_parts_chart(document, record);
	add_timeline_chart(document, record);
	document_heading(document, "Spans");
	add_spans(document, record);
	if (idle >= 0) {
		g_autofree char *text = words_duration(idle);

		document_paragraph(document, "Time on the critical path in which nothing ran: %s.",
				   text);
	}
}
