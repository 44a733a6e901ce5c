#include "drill/measure/span.h"

static GArray *spans_of(const struct drill_span *spans, guint count)
{
	return g_array_append_vals(g_array_new(FALSE, FALSE, sizeof(*spans)), spans, count);
}

/* A restore of 30 beside a filestore of 50, then a replay that waits for the restore only. */
static const struct drill_span usual[] = {
	{.phase = PHASE_LOCATE, .from = 100, .to = 110},
	{.phase = PHASE_BASE, .component = "database", .from = 112, .to = 142},
	{.phase = PHASE_FILESTORE, .component = "filestore", .from = 112, .to = 162},
	{.phase = PHASE_REPLAY, .component = "database", .from = 142, .to = 155},
	{.phase = PHASE_GATE, .from = 162, .to = 170},
	{.phase = PHASE_PROVISION, .from = 170, .to = 175, .drill_only = true},
	{.phase = PHASE_STARTUP, .component = "database", .from = 175, .to = 180},
	{.phase = PHASE_EXTENDED, .from = 180, .to = 200},
};

static void path_adds_up(void)
{
	static const struct drill_step expected[] = {
		{0, 100, 110}, {-1, 110, 112}, {2, 112, 162}, {4, 162, 170},
		{5, 170, 175}, {6, 175, 180},  {7, 180, 200},
	};
	g_autoptr(GArray) spans = spans_of(usual, G_N_ELEMENTS(usual));
	g_autoptr(GArray) path = drill_critical_path(spans, 100, 200);
	usec_t total = 0;

	g_assert_cmpuint(path->len, ==, G_N_ELEMENTS(expected));
	for (guint i = 0; i < path->len; i++) {
		const struct drill_step *step = &g_array_index(path, struct drill_step, i);

		g_assert_cmpint(step->span, ==, expected[i].span);
		g_assert_cmpint(step->from, ==, expected[i].from);
		g_assert_cmpint(step->to, ==, expected[i].to);
		total += step->to - step->from;
	}
	g_assert_cmpint(total, ==, 100);
}

static void figures(void)
{
	g_autoptr(GArray) spans = spans_of(usual, G_N_ELEMENTS(usual));
	struct drill_figures got;

	drill_figures_compute(
		spans,
		&(struct drill_moments){
			.command = 100, .db_ready = 180, .gated = 180, .checked = 200},
		&got);
	g_assert_cmpint(got.wall, ==, 100);
	g_assert_cmpint(got.restore_only, ==, 50 + 5);
	g_assert_cmpint(got.db_ready, ==, 75);
	g_assert_cmpint(got.service_ready, ==, 75);
	g_assert_cmpint(got.idle, ==, 2);
	g_assert_cmpint(got.phase[PHASE_FILESTORE], ==, 50);
	g_assert_cmpint(got.phase[PHASE_BASE], ==, 0);
}

static void what_was_not_reached(void)
{
	g_autoptr(GArray) spans = spans_of(usual, 2);
	struct drill_figures got;

	drill_figures_compute(spans, &(struct drill_moments){.command = 100, .checked = 142}, &got);
	g_assert_cmpint(got.db_ready, ==, -1);
	g_assert_cmpint(got.restore_only, ==, -1);
	g_assert_cmpint(got.service_ready, ==, -1);
	g_assert_cmpint(got.wall, ==, 42);
}

/* However spans lie, the path is a partition of the time. */
static void any_spans(void)
{
	for (int round = 0; round < 500; round++) {
		g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(struct drill_span));
		g_autoptr(GArray) path = NULL;
		usec_t at = 1000;

		for (int i = g_test_rand_int_range(0, 8); i > 0; i--) {
			struct drill_span span = {.phase = PHASE_GATE};

			span.from = g_test_rand_int_range(900, 2100);
			span.to = span.from + g_test_rand_int_range(0, 300);
			g_array_append_val(spans, span);
		}
		path = drill_critical_path(spans, 1000, 2000);
		for (guint i = 0; i < path->len; i++) {
			const struct drill_step *step = &g_array_index(path, struct drill_step, i);

			g_assert_cmpint(step->from, ==, at);
			g_assert_cmpint(step->to, >, step->from);
			at = step->to;
		}
		g_assert_cmpint(at, ==, 2000);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/span/path-adds-up", path_adds_up);
	g_test_add_func("/span/figures", figures);
	g_test_add_func("/span/what-was-not-reached", what_was_not_reached);
	g_test_add_func("/span/any-spans", any_spans);
	return g_test_run();
}
