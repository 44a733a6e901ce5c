/* The section on recovery times: figures, phases, bounds, sizes. */
#include "drill/report/chart.h"
#include "drill/report/quarter_parts.h"
#include "drill/report/words.h"

#include "drill/measure/span.h"
#include "drill/measure/statistics.h"

static usec_t median(const GArray *values)
{
	usec_t low, high;

	if (values->len == 0)
		return -1;
	low = g_array_index(values, usec_t, (values->len - 1) / 2);
	high = g_array_index(values, usec_t, values->len / 2);
	return low + (high - low) / 2;
}

static usec_t largest(const GArray *values)
{
	return values->len ? g_array_index(values, usec_t, values->len - 1) : -1;
}

static gint by_value(gconstpointer a, gconstpointer b)
{
	usec_t x = *(const usec_t *)a, y = *(const usec_t *)b;

	return x < y ? -1 : x > y;
}

/* Of every counted drill that has it, sorted. */
static GArray *values_of(const struct quarter_result *result, const char *path)
{
	GArray *values = g_array_new(FALSE, FALSE, sizeof(usec_t));

	for (guint i = 0; i < result->attempts->len; i++) {
		const struct quarter_attempt *attempt =
			&g_array_index(result->attempts, struct quarter_attempt, i);
		usec_t value = reading_int(attempt->reading->record, path);

		if (attempt->counted && value >= 0)
			g_array_append_val(values, value);
	}
	g_array_sort(values, by_value);
	return values;
}

static void add_figure(Document *document, const struct quarter_result *result, const char *name,
		       const char *path)
{
	g_autoptr(GArray) values = values_of(result, path);
	g_autofree char *middle = words_duration(median(values));
	g_autofree char *most = words_duration(largest(values));

	if (values->len == 0)
		return;
	document_cell(document, TONE_PLAIN, name);
	document_cellf(document, TONE_PLAIN, "%u", values->len);
	document_cell(document, TONE_PLAIN, middle);
	document_cell(document, TONE_PLAIN, most);
}

static void add_figures(Document *document, const struct quarter_result *result)
{
	static const char *const headings[] = {"Figure", ">n", ">Median", ">Maximum", NULL};
	static const struct {
		const char *name, *path;
	} figures[] = {
		{"restore only", "measured.rta_restore_only_us"},
		{"database ready", "measured.rta_db_ready_us"},
		{"service ready", "measured.rta_service_ready_us"},
		{"with assumptions", "measured.rta_with_assumptions_us"},
	};

	document_table(document, headings);
	for (size_t i = 0; i < G_N_ELEMENTS(figures); i++)
		add_figure(document, result, figures[i].name, figures[i].path);
	for (int phase = PHASE_LOCATE; phase <= PHASE_LAST; phase++) {
		const char *word = drill_phase_name((enum drill_phase)phase);
		g_autofree char *path = g_strdup_printf("measured.phases_us.%s", word);
		g_autofree char *name = g_strdup_printf("· %s, on the critical path", word);

		if (word)
			add_figure(document, result, name, path);
	}
}

static void add_trend(Document *document, const Quarter *quarter,
		      const struct quarter_result *result)
{
	static const char *const headings[] = {"Drill", ">With assumptions", NULL};
	g_autoptr(GArray) points = g_array_new(FALSE, FALSE, sizeof(struct chart_point));
	g_autofree char *title = g_strdup_printf("%s: recovery time with assumptions, each drill",
						 result->service->name);

	for (guint i = 0; i < result->attempts->len; i++) {
		const Reading *reading =
			g_array_index(result->attempts, struct quarter_attempt, i).reading;
		usec_t value = reading_int(reading->record, "measured.rta_with_assumptions_us");
		struct chart_point point = {
			reading->time, value,
			outcome_look(reading_text(reading->record, "outcome"))->tone};

		if (value >= 0)
			g_array_append_val(points, point);
	}
	if (points->len == 0)
		return;
	document_chart(document, title,
		       chart_trend(&(struct chart_trend){.from = quarter->request->from,
							 .to = quarter->request->to,
							 .objective = result->service->rto,
							 .name = title,
							 .points = points}));
	document_table(document, headings);
	for (guint i = 0; i < points->len; i++) {
		const struct chart_point *point = &g_array_index(points, struct chart_point, i);
		g_autofree char *time = words_time(point->time);
		g_autofree char *took = words_duration(point->value);

		document_cell(document, TONE_PLAIN, time);
		document_cell(document, TONE_PLAIN, took);
	}
}

static gint by_rate(gconstpointer a, gconstpointer b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Bytes a second of a drill's replay; 0: it replayed nothing. */
static double replay_rate(const json_t *record)
{
	const json_t *spans = reading_at(record, "spans");
	int64_t bytes = 0, time = 0;

	for (size_t i = 0; i < json_array_size(spans); i++) {
		const json_t *span = json_array_get(spans, i);

		if (g_strcmp0(reading_text(span, "phase"), "replay") != 0 ||
		    g_strcmp0(reading_text(span, "outcome"), "done") != 0)
			continue;
		bytes += MAX(reading_int(span, "bytes"), 0);
		time += MAX(reading_int(span, "mono_us"), 0);
	}
	return bytes > 0 && time > 0 ? (double)bytes * USEC_PER_SEC / (double)time : 0;
}

/* The least certain of all rates: how it varied is shown, and not one number. */
static void add_replay_rates(Document *document, const struct quarter_result *result)
{
	g_autoptr(GArray) rates = g_array_new(FALSE, FALSE, sizeof(double));

	for (guint i = 0; i < result->attempts->len; i++) {
		const struct quarter_attempt *attempt =
			&g_array_index(result->attempts, struct quarter_attempt, i);
		double rate = attempt->counted ? replay_rate(attempt->reading->record) : 0;

		if (rate > 0)
			g_array_append_val(rates, rate);
	}
	if (rates->len == 0)
		return;
	g_array_sort(rates, by_rate);
	g_autofree char *least = words_size((int64_t)g_array_index(rates, double, 0));
	g_autofree char *middle =
		words_size((int64_t)g_array_index(rates, double, (rates->len - 1) / 2));
	g_autofree char *most = words_size((int64_t)g_array_index(rates, double, rates->len - 1));

	document_item(document,
		      "WAL was replayed at %s a second at the least, %s in the median, %s at the "
		      "most (%u drills).",
		      least, middle, most, rates->len);
}

#define UNSUPPORTED 2 /* times what was drilled */

static void add_worst_case(Document *document, const struct quarter_result *result)
{
	g_autofree char *worst = words_duration(result->worst_case);

	if (!worst || result->worst_label == ESTIMATE_NONE)
		document_item(document, "There is no estimate of the worst case.");
	else if (result->worst_label == ESTIMATE_MEASURED)
		document_item(document, "Worst case, measured: %s.", worst);
	else if (result->worst_label == ESTIMATE_INTERPOLATED)
		document_item(document,
			      "Worst case, an estimate, not measured: %s, interpolated between "
			      "sizes that were drilled.",
			      worst);
	else
		document_item(document,
			      "Worst case, an estimate, not measured: %s, extrapolated to %.2f "
			      "times the largest that was drilled%s.",
			      worst, result->worst_factor,
			      result->worst_factor > UNSUPPORTED
				      ? ", which evidence does not support"
				      : "");
}

static void add_bounds(Document *document, const struct quarter_result *result)
{
	unsigned n = result->drills.counted, bad = result->drills.failed + result->drills.open;
	g_autofree char *drills = words_drills(n, bad);
	static const struct {
		double quantile;
		const char *name;
	} quantiles[] = {{0.90, "90th"}, {0.95, "95th"}, {0.99, "99th"}};

	document_item(document, "%s.", drills);
	if (result->rta->len > 0)
		document_item(
			document,
			"The next drill is slower than the slowest with a probability of about "
			"%.1f %%.",
			100 * statistics_exceeded(result->rta->len));
	for (size_t i = G_N_ELEMENTS(quantiles); i-- > 0;)
		if (result->rta->len >= statistics_drills_for(quantiles[i].quantile)) {
			document_item(
				document,
				"The slowest bounds the %s percentile of recovery times (95 %%).",
				quantiles[i].name);
			break;
		}
	add_replay_rates(document, result);
	add_worst_case(document, result);
	if (n > 0)
		document_item(document,
			      "A fault in 5 %% of the points is met by so many draws with about "
			      "%.0f %%, one in 1 %% with about %.0f %%.",
			      100 * statistics_detection(n, 0.05),
			      100 * statistics_detection(n, 0.01));
}

static void add_sizes(Document *document, const struct quarter_result *result)
{
	static const char *const headings[] = {"Drill",		">WAL",		  ">Files",
					       ">Restore only", ">Service ready", NULL};

	document_heading(document, "Size against time");
	document_table(document, headings);
	for (guint i = 0; i < result->attempts->len; i++) {
		const struct quarter_attempt *attempt =
			&g_array_index(result->attempts, struct quarter_attempt, i);
		const json_t *record = attempt->reading->record;
		g_autofree char *wal = words_size(reading_int(record, "source.wal.bytes"));
		g_autofree char *files = words_size(reading_int(record, "filestore.bytes"));
		g_autofree char *restore =
			words_duration(reading_int(record, "measured.rta_restore_only_us"));
		g_autofree char *ready =
			words_duration(reading_int(record, "measured.rta_service_ready_us"));

		if (!attempt->counted)
			continue;
		document_cell(document, TONE_CODE, reading_text(record, "run.id"));
		document_cell(document, TONE_PLAIN, wal);
		document_cell(document, TONE_PLAIN, files);
		document_cell(document, TONE_PLAIN, restore);
		document_cell(document, TONE_PLAIN, ready);
	}
}

void quarter_add_recovery(Document *document, const Quarter *quarter)
{
	document_section(document, "RTO: recovery times");
	for (guint i = 0; i < quarter->results->len; i++) {
		const struct quarter_result *result = quarter->results->pdata[i];

		if (result->drills.counted == 0) {
			document_paragraph(document,
					   "%s: no drill was counted; no recovery time was "
					   "measured.",
					   result->service->name);
			continue;
		}
		document_heading(document, result->service->name);
		add_trend(document, quarter, result);
		document_heading(document, "Figures and phases");
		add_figures(document, result);
		add_bounds(document, result);
		add_sizes(document, result);
	}
}
