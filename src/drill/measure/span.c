#include "drill/measure/span.h"

#include <string.h>

static const char *const names[PHASE_LAST + 1] = {
	[PHASE_LOCATE] = "locate",	 [PHASE_PROVISION] = "provision",
	[PHASE_FETCH] = "fetch",	 [PHASE_BASE] = "base",
	[PHASE_FILESTORE] = "filestore", [PHASE_REPLAY] = "replay",
	[PHASE_STARTUP] = "startup",	 [PHASE_APPLICATION] = "application",
	[PHASE_GATE] = "gate",		 [PHASE_EXTENDED] = "extended",
	[PHASE_TEARDOWN] = "teardown",
};

const char *drill_phase_name(enum drill_phase phase)
{
	return phase <= PHASE_LAST ? names[phase] : NULL;
}

static const struct drill_span *span_at(const GArray *spans, int i)
{
	return &g_array_index(spans, struct drill_span, i);
}

/* The one that what began at to had to wait for: among those that began before it, the last to end. -1: none ran. */
static int waited_for(const GArray *spans, usec_t from, usec_t to)
{
	int found = -1;

	for (int i = 0; i < (int)spans->len; i++) {
		const struct drill_span *span = span_at(spans, i);

		if (span->from >= to || span->to <= from || span->to <= span->from)
			continue;
		if (found < 0 || MIN(span->to, to) > MIN(span_at(spans, found)->to, to) ||
		    (MIN(span->to, to) == MIN(span_at(spans, found)->to, to) &&
		     span->from > span_at(spans, found)->from))
			found = i;
	}
	return found;
}

static void prepend(GArray *path, int span, usec_t from, usec_t to)
{
	struct drill_step step = {.span = span, .from = from, .to = to};

	if (to > from)
		g_array_prepend_val(path, step);
}

/* Backwards from the end. */
GArray *drill_critical_path(const GArray *spans, usec_t from, usec_t to)
{
	GArray *path = g_array_new(FALSE, FALSE, sizeof(struct drill_step));

	while (to > from) {
		int found = waited_for(spans, from, to);
		const struct drill_span *span = found < 0 ? NULL : span_at(spans, found);
		usec_t end = span ? MIN(span->to, to) : from;
		usec_t begin = span ? MAX(span->from, from) : from;

		prepend(path, -1, end, to);
		prepend(path, found, begin, end);
		to = begin;
	}
	return path;
}

/* The time on the path in the phases from first to last, less what only drills do. */
static usec_t sum(const GArray *spans, const GArray *path, enum drill_phase first,
		  enum drill_phase last)
{
	usec_t total = 0;

	for (guint i = 0; i < path->len; i++) {
		const struct drill_step *step = &g_array_index(path, struct drill_step, i);
		const struct drill_span *span = step->span < 0 ? NULL : span_at(spans, step->span);

		if (span && !span->drill_only && span->phase >= first && span->phase <= last)
			total += step->to - step->from;
	}
	return total;
}

static usec_t only_drills(const GArray *spans, const GArray *path)
{
	usec_t total = 0;

	for (guint i = 0; i < path->len; i++) {
		const struct drill_step *step = &g_array_index(path, struct drill_step, i);

		if (step->span >= 0 && span_at(spans, step->span)->drill_only)
			total += step->to - step->from;
	}
	return total;
}

usec_t drill_time_until(const GArray *spans, usec_t command, usec_t moment)
{
	g_autoptr(GArray) path = drill_critical_path(spans, command, moment);

	return moment - command - only_drills(spans, path);
}

static void split_phases(const GArray *spans, const GArray *path, struct drill_figures *figures)
{
	for (guint i = 0; i < path->len; i++) {
		const struct drill_step *step = &g_array_index(path, struct drill_step, i);

		if (step->span < 0)
			figures->idle += step->to - step->from;
		else
			figures->phase[span_at(spans, step->span)->phase] += step->to - step->from;
	}
}

void drill_figures_compute(const GArray *spans, const struct drill_moments *moments,
			   struct drill_figures *figures)
{
	g_autoptr(GArray) path = drill_critical_path(spans, moments->command, moments->checked);

	memset(figures, 0, sizeof(*figures));
	split_phases(spans, path, figures);
	figures->wall = moments->checked - moments->command;
	figures->restore_only = figures->db_ready = figures->service_ready = -1;
	if (moments->db_ready != 0) {
		g_autoptr(GArray) to_ready =
			drill_critical_path(spans, moments->command, moments->db_ready);

		figures->restore_only = sum(spans, to_ready, PHASE_FETCH, PHASE_STARTUP);
		figures->db_ready = drill_time_until(spans, moments->command, moments->db_ready);
	}
	if (moments->gated != 0)
		figures->service_ready = drill_time_until(spans, moments->command, moments->gated);
}
