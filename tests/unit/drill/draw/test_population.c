#include "base/error.h"
#include "drill/draw/population.h"

#include <string.h>

#define DAY_START ((usec_t)1794009600 * USEC_PER_SEC) /* 2026-11-07T00:00:00Z */
#define SET	  "20261107T000000Z-5e7a11ce"

static void add_knot(GArray *knots, usec_t time, lsn_t lsn)
{
	struct population_knot knot = {time, lsn};

	g_array_append_val(knots, knot);
}

/* Two days, first idle, then busy. */
static GPtrArray *cut_days(const char *zone_name, usec_t now)
{
	g_autoptr(GArray) knots = g_array_new(FALSE, FALSE, sizeof(struct population_knot));
	g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(zone_name);
	GPtrArray *population = population_new();

	add_knot(knots, DAY_START + USEC_PER_HOUR, 0x1000);
	add_knot(knots, DAY_START + 24 * USEC_PER_HOUR, 0x1000);
	add_knot(knots, DAY_START + 48 * USEC_PER_HOUR, 0x301000);
	population_add_interval(population,
				&(struct population_interval){.repository = "main",
							      .set = SET,
							      .timeline = 3,
							      .base = 0x1000,
							      .knots = knots},
				&(struct population_cut){.now = now, .zone = zone});
	return population;
}

/* "hours from-LSN to-LSN stratum" a line. */
static char *tell(const GPtrArray *population)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < population->len; i++) {
		const struct population_piece *piece = population->pdata[i];

		g_string_append_printf(
			text, "%.2f-%.2f %" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x %s\n",
			(double)(piece->from - DAY_START) / USEC_PER_HOUR,
			(double)(piece->to - DAY_START) / USEC_PER_HOUR, piece->from_lsn,
			piece->to_lsn, piece->stratum);
	}
	return g_string_free(text, FALSE);
}

static void cut_into_strata(void)
{
	g_autoptr(GPtrArray) population = cut_days("UTC", DAY_START + 50 * USEC_PER_HOUR);
	g_autofree char *text = tell(population);

	g_assert_cmpstr(text, ==,
			"1.00-6.00 1000-1000 main:1-7d:tl3:third1:00-06\n"
			"6.00-12.00 1000-1000 main:1-7d:tl3:third1:06-12\n"
			"12.00-18.00 1000-1000 main:1-7d:tl3:third1:12-18\n"
			"18.00-24.00 1000-1000 main:1-7d:tl3:third1:18-24\n"
			"24.00-26.00 1000-41000 main:1-7d:tl3:third1:00-06\n"
			"26.00-30.00 41000-c1000 main:0-1d:tl3:third1:00-06\n"
			"30.00-32.00 c1000-101000 main:0-1d:tl3:third1:06-12\n"
			"32.00-36.00 101000-181000 main:0-1d:tl3:third2:06-12\n"
			"36.00-40.00 181000-201000 main:0-1d:tl3:third2:12-18\n"
			"40.00-42.00 201000-241000 main:0-1d:tl3:third3:12-18\n"
			"42.00-48.00 241000-301000 main:0-1d:tl3:third3:18-24\n");
}

static void quarters_are_those_of_the_zone(void)
{
	g_autoptr(GPtrArray) population = cut_days("+05:30", DAY_START + 400 * USEC_PER_DAY);
	const struct population_piece *first = population->pdata[0];
	const struct population_piece *second = population->pdata[1];

	g_assert_cmpstr(first->stratum, ==, "main:older:tl3:third1:06-12");
	g_assert_cmpint(second->from, ==, DAY_START + 6 * USEC_PER_HOUR + 30 * USEC_PER_MIN);
}

/* Pieces cover the interval without gap or overlap. */
static void pieces_cover_the_interval(void)
{
	g_autoptr(GPtrArray) population = cut_days("UTC", DAY_START + 50 * USEC_PER_HOUR);

	for (guint i = 1; i < population->len; i++) {
		const struct population_piece *before = population->pdata[i - 1];
		const struct population_piece *piece = population->pdata[i];

		g_assert_cmpint(before->to, ==, piece->from);
		g_assert_cmpuint(before->to_lsn, ==, piece->from_lsn);
		g_assert_cmpint(piece->from, <, piece->to);
	}
}

static void text_is_read_back(void)
{
	g_autoptr(GPtrArray) population = cut_days("UTC", DAY_START + 50 * USEC_PER_HOUR);
	g_autofree char *text = population_print(population);
	g_autoptr(GPtrArray) again = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *printed = NULL;

	g_assert_true(g_str_has_prefix(
		text, "main\t" SET "\t3\t1794013200000000\t1794031200000000\t0/1000\t0/1000\t"
		      "main:1-7d:tl3:third1:00-06\nmain\t"));
	population_parse(text, strlen(text), &again, &error);
	g_assert_no_error(error);
	printed = population_print(again);
	g_assert_cmpstr(printed, ==, text);
}

static void damaged_text_is_refused(void)
{
#define GOOD "a\tb\t1\t5\t6\t0/1\t0/2\ts\n"
	static const struct {
		const char *text;
		unsigned line;
	} cases[] = {
		{"a\tb\t1\t5\t6\t0/1\t0/2\ts", 1},	    /* without an end */
		{"a\tb\t1\t5\t5\t0/1\t0/2\ts\n", 1},	    /* empty */
		{"a\tb\t1\t5\t6\t0/2\t0/1\ts\n", 1},	    /* backwards */
		{"a\tb\t0\t5\t6\t0/1\t0/2\ts\n", 1},	    /* no timeline */
		{"a\tb\t1\t05\t6\t0/1\t0/2\ts\n", 1},	    /* spelt otherwise */
		{"a\tb\t1\t5\t6\t00/1\t0/2\ts\n", 1},	    /* spelt otherwise */
		{"a\tb\t1\t5\t6\t0/1\t0/2\n", 1},	    /* a column is missing */
		{"a\tb\t1\t5\t6\t0/1\t0/2\ts\tt\n", 1},	    /* one is too many */
		{"a \tb\t1\t5\t6\t0/1\t0/2\ts\n", 1},	    /* a blank */
		{GOOD GOOD, 2},				    /* twice */
		{GOOD "A\tb\t1\t5\t6\t0/1\t0/2\ts\n", 2},   /* out of order */
		{GOOD "b\tb\t1\t5\t6\t0/1\t0/2\ts\n\n", 3}, /* an empty line */
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) population = NULL;
		g_autoptr(GError) error = NULL;
		g_autofree char *expected = g_strdup_printf(
			"line %u of the population is damaged, or out of order", cases[i].line);

		g_assert_false(population_parse(cases[i].text, strlen(cases[i].text), &population,
						&error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
		g_assert_cmpstr(error->message, ==, expected);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/population/cut-into-strata", cut_into_strata);
	g_test_add_func("/population/quarters-are-those-of-the-zone",
			quarters_are_those_of_the_zone);
	g_test_add_func("/population/pieces-cover-the-interval", pieces_cover_the_interval);
	g_test_add_func("/population/text-is-read-back", text_is_read_back);
	g_test_add_func("/population/damaged-text-is-refused", damaged_text_is_refused);
	return g_test_run();
}
