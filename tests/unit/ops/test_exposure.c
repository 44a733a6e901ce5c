#include "ops/exposure.h"

#define MIN_ USEC_PER_MIN

/* Times in minutes; an event with usable 0 ends the list. */
struct corner {
	int usable, point;
};
struct expected {
	int known, unknown, maximum, worst, mean, over;
	unsigned episodes;
	double within;
};
struct example {
	const char *promise;
	int start, end, objective, excused;
	struct corner events[6];
	struct expected expected;
};

static const struct example examples[] = {
	{"nothing-is-known-without-events", 100, 200, 10, 0, {{0}}, {.unknown = 100, .within = 0}},
	{"no-period-is-wholly-within", 100, 100, 10, 0, {{90, 90}}, {.within = 1}},
	/* One tooth from 5 to 105. */
	{"one-point-before-the-period",
	 100,
	 200,
	 0,
	 0,
	 {{99, 95}},
	 {.known = 100, .maximum = 105, .worst = 200, .mean = 55, .within = 1}},
	/* Teeth 0–10 ten times would be mean 5; here two: 10–30 and 0–80. */
	{"a-sawtooth-of-two-teeth",
	 100,
	 200,
	 0,
	 0,
	 {{95, 90}, {120, 120}},
	 {.known = 100, .maximum = 80, .worst = 200, .mean = 36, .within = 1}},
	{"before-the-first-point-is-unknown",
	 100,
	 200,
	 1000,
	 0,
	 {{150, 140}},
	 {.known = 50, .unknown = 50, .maximum = 60, .worst = 200, .mean = 35, .within = 0.5}},
	{"unknown-time-is-over-nothing-but-within-nothing",
	 100,
	 200,
	 30,
	 0,
	 {{150, 140}},
	 {.known = 50,
	  .unknown = 50,
	  .maximum = 60,
	  .worst = 200,
	  .mean = 35,
	  .over = 30,
	  .episodes = 1,
	  .within = 0.2}},
	/* Exactly the objective is met. */
	{"exactly-the-objective-is-not-over",
	 100,
	 200,
	 100,
	 0,
	 {{100, 100}},
	 {.known = 100, .maximum = 100, .worst = 200, .mean = 50, .within = 1}},
	{"two-episodes",
	 0,
	 100,
	 20,
	 0,
	 {{-5, -5}, {40, 40}, {50, 50}},
	 {.known = 100,
	  .maximum = 50,
	  .worst = 100,
	  .mean = 23,
	  .over = 55,
	  .episodes = 2,
	  .within = 0.45}},
	/* At 40 the point advances, but to one that is already 30 old. */
	{"an-advance-that-does-not-help-ends-no-episode",
	 0,
	 100,
	 20,
	 0,
	 {{-5, -5}, {40, 10}, {60, 60}},
	 {.known = 100,
	  .maximum = 50,
	  .worst = 60,
	  .mean = 26,
	  .over = 65,
	  .episodes = 2,
	  .within = 0.35}},
	{"the-whole-tooth-above-the-objective-counts-no-more-than-its-length",
	 100,
	 110,
	 20,
	 0,
	 {{50, 10}},
	 {.known = 10, .maximum = 100, .worst = 110, .mean = 95, .over = 10, .episodes = 1}},
	{"a-lost-object-begins-an-older-tooth",
	 0,
	 100,
	 0,
	 0,
	 {{-1, 0}, {50, -50}},
	 {.known = 100, .maximum = 150, .worst = 100, .mean = 75, .within = 1}},
	{"excused-time-shortens-the-period",
	 0,
	 100,
	 20,
	 50,
	 {{-1, 0}, {45, 45}, {90, 90}},
	 {.known = 100,
	  .maximum = 45,
	  .worst = 45,
	  .mean = 20,
	  .over = 50,
	  .episodes = 2,
	  .within = 0}},
	{"events-behind-the-end-count-for-nothing",
	 0,
	 100,
	 0,
	 0,
	 {{-1, 0}, {100, 100}, {150, 150}},
	 {.known = 100, .maximum = 100, .worst = 100, .mean = 50, .within = 1}},
	{"a-point-from-the-future-exposes-nothing",
	 100,
	 200,
	 10,
	 0,
	 {{100, 250}},
	 {.known = 100, .maximum = 0, .worst = 200, .mean = 0, .within = 1}},
};

static GArray *events_of(const struct example *example)
{
	GArray *events = g_array_new(false, false, sizeof(struct catalog_exposure));

	for (size_t i = 0; i < G_N_ELEMENTS(example->events); i++) {
		struct catalog_exposure event = {example->events[i].usable * MIN_,
						 example->events[i].point * MIN_};

		if (example->events[i].usable != 0)
			g_array_append_val(events, event);
	}
	return events;
}

static void test_summary(const void *data)
{
	const struct example *example = data;
	const struct expected *expected = &example->expected;
	g_autoptr(GArray) events = events_of(example);
	struct exposure_period period = {.start = example->start * MIN_,
					 .end = example->end * MIN_,
					 .objective = example->objective * MIN_,
					 .excused = example->excused * MIN_};
	struct exposure_summary summary;

	exposure_summarize(&period, events, &summary);
	g_assert_cmpint(summary.known / MIN_, ==, expected->known);
	g_assert_cmpint(summary.unknown / MIN_, ==, expected->unknown);
	g_assert_cmpint(summary.maximum / MIN_, ==, expected->maximum);
	g_assert_cmpint(summary.worst_at / MIN_, ==, expected->worst);
	g_assert_cmpint(summary.mean / MIN_, ==, expected->mean);
	g_assert_cmpint(summary.over / MIN_, ==, expected->over);
	g_assert_cmpuint(summary.episodes, ==, expected->episodes);
	g_assert_cmpfloat_with_epsilon(summary.within, expected->within, 1e-9);
}

static void test_years(void)
{
	g_autoptr(GArray) events = g_array_new(false, false, sizeof(struct catalog_exposure));
	struct catalog_exposure event = {USEC_PER_DAY, USEC_PER_DAY};
	struct exposure_period period = {.start = USEC_PER_DAY, .end = 20001 * USEC_PER_DAY};
	struct exposure_summary summary;

	g_array_append_val(events, event);
	exposure_summarize(&period, events, &summary);
	g_assert_cmpint(summary.mean / USEC_PER_DAY, ==, 10000);
}

/* Events as "usable/point", a fall with "<time that it revises", what is revised with "!". */
static GArray *events_in(const char *text)
{
	GArray *events = g_array_new(false, false, sizeof(struct catalog_exposure));
	g_auto(GStrv) words = g_strsplit(text, " ", -1);

	for (char **word = words; *word && **word; word++) {
		g_auto(GStrv) parts = g_strsplit_set(*word, "/<", 3);
		struct catalog_exposure event = {
			.usable_at = g_ascii_strtoll(parts[0], NULL, 10),
			.recovery_point = g_ascii_strtoll(parts[1], NULL, 10),
			.revises = parts[2] ? g_ascii_strtoll(parts[2], NULL, 10) : 0};

		g_array_append_val(events, event);
	}
	return events;
}

static char *events_out(const GArray *events)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < events->len; i++) {
		const struct catalog_exposure *event =
			&g_array_index(events, struct catalog_exposure, i);

		g_string_append_printf(text, "%s%d/%d%s", i ? " " : "", (int)event->usable_at,
				       (int)event->recovery_point, event->revised ? "!" : "");
	}
	return g_string_free(text, false);
}

static void test_revise(void)
{
	static const struct {
		const char *claimed, *known;
	} cases[] = {
		{"", ""},
		{"10/8 20/18 30/28", "10/8 20/18 30/28"},
		/* Nothing was read back since: all that rested on it. */
		{"10/8 20/18 30/28 40/8<1", "10/8 20/8! 30/8! 40/8"},
		/* It was good at 25, so that what was claimed until then was true. */
		{"10/8 20/18 30/28 40/8<25", "10/8 20/18 25/8! 30/8! 40/8"},
		{"10/8 20/18 30/28 40/8<20", "10/8 20/8! 30/8! 40/8"},
		{"10/8 20/18 40/8<35", "10/8 20/18 35/8! 40/8"},
		/* No point was better than the one that is left. */
		{"10/8 20/18 30/28 40/18<1", "10/8 20/18 30/18! 40/18"},
		{"10/8 40/8<20", "10/8 40/8"},
		/* Two losses; and it goes on. */
		{"10/8 20/18 30/8<1 40/38 50/18<45 60/58",
		 "10/8 20/8! 30/8 40/38 45/18! 50/18 60/58"},
		/* All is lost. */
		{"10/8 20/0<1", "10/0! 20/0"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GArray) claimed = events_in(cases[i].claimed);
		g_autoptr(GArray) revised = exposure_revise(claimed);
		g_autofree char *known = events_out(revised);

		g_assert_cmpstr(known, ==, cases[i].known);
	}
}

static void test_revised_time(void)
{
	g_autoptr(GArray) claimed = events_in("10/8 20/18 40/8<25");
	g_autoptr(GArray) events = exposure_revise(claimed);
	struct exposure_period period = {.start = 30, .end = 50};
	struct exposure_summary summary;

	exposure_summarize(&period, events, &summary);
	g_assert_cmpint(summary.revised, ==, 10);
	g_assert_cmpint(summary.maximum, ==, 42);
}

/* The whole is as old as the older part, and known once both are; of several repositories the best counts. */
static void test_merge(void)
{
	static const struct {
		const char *database, *filestore, *worst, *best;
	} cases[] = {
		{"10/9 20/19 30/29", "15/14 25/24", "15/9 20/14 25/19 30/24",
		 "10/9 15/14 20/19 25/24 30/29"},
		{"10/9 20/19", "", "", "10/9 20/19"},
		{"10/9 20/19", "5/4", "10/4", "5/4 10/9 20/19"},
		/* One falls: the whole with it; the best does not. */
		{"10/9 20/19 30/9<1", "20/18", "20/18 30/9", "10/9 20/19 30/18"},
		{"10/9 20/19", "20/19", "20/19", "10/9 20/19"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GArray) database = events_in(cases[i].database);
		g_autoptr(GArray) filestore = events_in(cases[i].filestore);
		GArray *both[] = {database, filestore};
		g_autoptr(GArray) worst = exposure_worst(both, 2), best = exposure_best(both, 2);
		g_autofree char *worst_text = events_out(worst), *best_text = events_out(best);

		g_assert_cmpstr(worst_text, ==, cases[i].worst);
		g_assert_cmpstr(best_text, ==, cases[i].best);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(examples); i++) {
		g_autofree char *path = g_strdup_printf("/exposure/%s", examples[i].promise);

		g_test_add_data_func(path, &examples[i], test_summary);
	}
	g_test_add_func("/exposure/a-loss-revises-what-was-claimed-since-all-was-good",
			test_revise);
	g_test_add_func("/exposure/revised-time-is-counted", test_revised_time);
	g_test_add_func("/exposure/of-parts-the-worst-counts-of-repositories-the-best", test_merge);
	g_test_add_func("/exposure/decades-do-not-overflow", test_years);
	return g_test_run();
}
