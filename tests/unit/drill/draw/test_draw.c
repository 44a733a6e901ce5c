#include "base/bytes.h"
#include "base/error.h"
#include "drill/draw/draw.h"

#include <string.h>

#define CHECKPOINT "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define PLAN_HASH  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SET_1	   "20261114T230501Z-5e7a11ce"
#define SET_2	   "20261115T230501Z-0ddba115"

static const char population_text[] =
	"main\t" SET_1 "\t1\t1794000000000000\t1794003600000000\t0/2000028\t0/8000000"
	"\tmain:1-7d:tl1:third1:00-06\n"
	"main\t" SET_1 "\t1\t1794003600000000\t1794021600000000\t0/8000000\t1/10"
	"\tmain:1-7d:tl1:third2:06-12\n"
	"main\t" SET_2 "\t1\t1794086400000000\t1794088200000000\t1/5000028\t1/5000028"
	"\tmain:0-1d:tl1:third1:00-06\n"
	"main\t" SET_2 "\t2\t1794088200000000\t1794100000000000\t1/5000028\t1/9000000"
	"\tmain:0-1d:tl2:third1:06-12\n"
	"offsite\t" SET_1 "\t1\t1794000000000000\t1794003600000000\t0/2000028\t0/8000000"
	"\toffsite:1-7d:tl1:third1:00-06\n";

static GPtrArray *population(void)
{
	GPtrArray *pieces;
	g_autoptr(GError) error = NULL;

	population_parse(population_text, strlen(population_text), &pieces, &error);
	g_assert_no_error(error);
	return pieces;
}

static void add_weight(DrawInputs *inputs, enum draw_method method, uint32_t value)
{
	struct draw_weight weight = {method, value};

	g_array_append_val(inputs->mix, weight);
}

static DrawInputs *inputs_of(const char *slot)
{
	static const usec_t estimates[] = {9, 7, 9, 5, 100};
	DrawInputs *inputs = draw_inputs_new();

	g_strlcpy(inputs->checkpoint, CHECKPOINT, sizeof(inputs->checkpoint));
	g_strlcpy(inputs->plan_hash, PLAN_HASH, sizeof(inputs->plan_hash));
	g_strlcpy(inputs->population_sha256, PLAN_HASH, sizeof(inputs->population_sha256));
	inputs->slot = g_strdup(slot);
	inputs->nonce = g_strdup("");
	inputs->zone = g_strdup("UTC");
	inputs->slot_began = 1794787200 * USEC_PER_SEC; /* of 2026-W47 */
	inputs->slots = 12;
	add_weight(inputs, DRAW_TIME, 50);
	add_weight(inputs, DRAW_WAL, 30);
	add_weight(inputs, DRAW_WORST, 15);
	add_weight(inputs, DRAW_EDGE, 5);
	draw_inputs_add_repository(inputs, "main", 4);
	draw_inputs_add_repository(inputs, "offsite", 9);
	draw_inputs_add_stratum(inputs, "main:1-7d:tl1:third1:00-06", 0);
	draw_inputs_add_stratum(inputs, "main:0-1d:tl2:third1:06-12", 3);
	g_array_append_vals(inputs->estimates, estimates, G_N_ELEMENTS(estimates));
	draw_inputs_add_edge(inputs, &(struct draw_edge){"after-set", "main", SET_1, 1,
							 1794000000000001, 0x2000028, NULL});
	draw_inputs_add_edge(inputs, &(struct draw_edge){"before-set", "main", SET_1, 1,
							 1794021599999999, 0x100000010, NULL});
	draw_inputs_add_edge(inputs, &(struct draw_edge){"anchor", "main", SET_2, 2,
							 1794090000000000, 0x106000000, "odr-1"});
	return inputs;
}

/* The values here and below were computed by another program, in another language. */
static void seed_and_words(void)
{
	g_autoptr(DrawInputs) inputs = inputs_of("2026-W47");
	static const uint64_t moduli[] = {
		1, 2, 3, 100, 1209600000000, 0x8000000000000001, 0x8000000000000001};
	static const uint64_t results[] = {
		0, 0, 2, 81, 717983944281, 8318180433838593099U, 6579213657268043615U};
	struct draw_words words = {.next = 0};

	draw_seed(inputs, words.seed);

	g_autofree char *hex = hex_encode(words.seed, sizeof(words.seed));

	g_assert_cmpstr(hex, ==,
			"dcbdfef20a8054b80b644339e3b0e756bdf9877775324438d1076e40478cafdd");
	g_assert_cmphex(draw_word(words.seed, 0), ==, 0xe94a76eadf67bb03);
	g_assert_cmphex(draw_word(words.seed, 1), ==, 0xeb584e6c3e1f5ed6);
	g_assert_cmphex(draw_word(words.seed, (uint64_t)1 << 32), ==, 0x043c2d43e7d838d0);
	for (size_t i = 0; i < G_N_ELEMENTS(moduli); i++)
		g_assert_cmpuint(draw_below(&words, moduli[i]), ==, results[i]);
	g_assert_cmpuint(words.next, ==, 9); /* two words were too large */
}

static void known_draws(void)
{
	static const struct {
		const char *slot;
		enum draw_method method, effective;
		const char *set;
		usec_t time;
		lsn_t lsn;
		const char *stratum, *edge;
	} cases[] = {
		{"2026-W40", DRAW_WAL, DRAW_TIME, SET_2, 1794087327498993, 0,
		 "main:0-1d:tl1:third1:00-06", NULL},
		{"2026-W41", DRAW_TIME, DRAW_TIME, SET_2, 1794086548125043, 0,
		 "main:0-1d:tl1:third1:00-06", NULL},
		{"2026-W42", DRAW_WAL, DRAW_WAL, SET_1, 1794004916499037, 438530107,
		 "main:1-7d:tl1:third2:06-12", NULL},
		{"2026-W43", DRAW_WAL, DRAW_WAL, SET_1, 1794016865280647, 3200523891,
		 "main:1-7d:tl1:third2:06-12", NULL},
		{"2026-W44", DRAW_TIME, DRAW_TIME, SET_2, 1794096647609974, 0,
		 "main:0-1d:tl2:third1:06-12", NULL},
		{"2026-W45", DRAW_WORST, DRAW_WORST, SET_2, 1794088199999999, 0,
		 "main:0-1d:tl1:third1:00-06", NULL},
		{"2026-W46", DRAW_EDGE, DRAW_EDGE, SET_1, 1794021599999999, 4294967312,
		 "main:1-7d:tl1:third2:06-12", "before-set"},
		{"2026-W48", DRAW_TIME, DRAW_TIME, SET_1, 1794001059071901, 0,
		 "main:1-7d:tl1:third1:00-06", NULL},
	};
	g_autoptr(GPtrArray) pieces = population();

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(DrawInputs) inputs = inputs_of(cases[i].slot);
		g_autoptr(GError) error = NULL;
		struct draw_point point;

		draw_make(inputs, pieces, &point, &error);
		g_assert_no_error(error);
		g_assert_cmpint(point.method, ==, cases[i].method);
		g_assert_cmpint(point.effective, ==, cases[i].effective);
		g_assert_cmpstr(point.repository, ==, "main");
		g_assert_cmpstr(point.set, ==, cases[i].set);
		g_assert_cmpint(point.time, ==, cases[i].time);
		g_assert_cmpuint(point.lsn, ==, cases[i].lsn);
		g_assert_cmpstr(point.stratum, ==, cases[i].stratum);
		g_assert_cmpstr(point.edge, ==, cases[i].edge);
	}
}

/* Whatever the seed: the point lies in the population, in its stratum, and twice the same. */
static void every_point_is_in_the_population(void)
{
	g_autoptr(GPtrArray) pieces = population();
	unsigned methods[DRAW_METHODS] = {0};

	for (unsigned i = 0; i < 2000; i++) {
		g_autofree char *slot = g_strdup_printf("slot-%u", i);
		g_autoptr(DrawInputs) inputs = inputs_of(slot);
		struct draw_point point, again;
		bool found = false;

		g_assert_true(draw_make(inputs, pieces, &point, NULL));
		g_assert_true(draw_make(inputs, pieces, &again, NULL));
		g_assert_cmpmem(&point, sizeof(point), &again, sizeof(again));
		methods[point.method]++;
		for (guint k = 0; k < pieces->len; k++) {
			const struct population_piece *piece = pieces->pdata[k];

			found |= strcmp(piece->set, point.set) == 0 &&
				 strcmp(piece->repository, point.repository) == 0 &&
				 g_strcmp0(piece->stratum, point.stratum) == 0 &&
				 point.time >= piece->from && point.time < piece->to;
		}
		g_assert_true(found);
		if (point.effective == DRAW_WAL)
			g_assert_cmpuint(point.lsn, >, 0);
	}
	/* By their weights, within four standard deviations. */
	g_assert_cmpuint(methods[DRAW_TIME], >, 1000 - 90);
	g_assert_cmpuint(methods[DRAW_TIME], <, 1000 + 90);
	g_assert_cmpuint(methods[DRAW_WAL], >, 600 - 82);
	g_assert_cmpuint(methods[DRAW_WAL], <, 600 + 82);
	g_assert_cmpuint(methods[DRAW_EDGE], >, 100 - 39);
	g_assert_cmpuint(methods[DRAW_EDGE], <, 100 + 39);
}

static void rotates_repositories(void)
{
	g_autoptr(GPtrArray) pieces = population();
	static const struct {
		uint64_t main, offsite;
		const char *chosen;
	} cases[] = {{4, 9, "main"}, {9, 4, "offsite"}, {0, 0, "main"}, {5, 0, "offsite"}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(DrawInputs) inputs = inputs_of("2026-W47");
		struct draw_point point;

		g_ptr_array_set_size(inputs->repositories, 0);
		if (cases[i].main)
			draw_inputs_add_repository(inputs, "main", cases[i].main);
		if (cases[i].offsite)
			draw_inputs_add_repository(inputs, "offsite", cases[i].offsite);
		g_assert_true(draw_make(inputs, pieces, &point, NULL));
		g_assert_cmpstr(point.repository, ==, cases[i].chosen);
	}
}

static void nothing_to_draw_from(void)
{
	g_autoptr(GPtrArray) none = population_new();
	g_autoptr(GPtrArray) pieces = population();
	g_autoptr(DrawInputs) inputs = inputs_of("2026-W47");
	g_autoptr(GError) error = NULL;
	struct draw_point point;

	g_assert_false(draw_make(inputs, none, &point, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_array_set_size(inputs->mix, 0);
	g_assert_false(draw_make(inputs, pieces, &point, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
}

/* What one to start from is, beside those that lead nowhere near. */
static void add_sets(DrawInputs *inputs)
{
	static const struct population_knot end = {1794100000000000, 0x109000000};
	static const struct draw_set sets[] = {
		{"main", "other-system", 7, 1, {0, 0}, end},
		{"main", "old", 8, 1, {1793000000000000, 0x100}, end},
		{"main", "before-a-gap", 8, 1, {0, 0}, {1794000000000000, 0x200}},
		{"offsite", "elsewhere", 8, 1, {0, 0}, end},
		{"main", "other-timeline", 8, 3, {0, 0}, end},
		{"main", SET_1, 8, 1, {1794000000000000, 0x2000028}, end},
		{"main", SET_2, 8, 1, {1794086400000000, 0x105000028}, end},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(sets); i++)
		draw_inputs_add_set(inputs, &sets[i]);
}

static void inputs_are_read_back(void)
{
	g_autoptr(DrawInputs) inputs = inputs_of("2026-W47");
	g_autofree char *text = NULL;
	g_autoptr(DrawInputs) again = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *printed = NULL;

	add_sets(inputs);
	text = draw_inputs_print(inputs);

	draw_inputs_parse(text, strlen(text), &again, &error);
	g_assert_no_error(error);
	printed = draw_inputs_print(again);
	g_assert_cmpstr(printed, ==, text);
}

static void a_record_tells_the_point(void)
{
	g_autoptr(GPtrArray) pieces = population();
	static const struct {
		const char *slot, *drawn;
	} cases[] = {
		{"2026-W42", "lsn:0/1A23703B"},
		{"2026-W44", "time:2026-11-08T00:10:47.609974Z"},
		{"2026-W46", "time:2026-11-07T03:19:59.999999Z"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(DrawInputs) inputs = inputs_of(cases[i].slot);
		struct draw_point point;
		g_autoptr(JsonValue) draw = NULL;

		g_assert_true(draw_make(inputs, pieces, &point, NULL));
		draw = draw_record(inputs, &point, PLAN_HASH);
		g_assert_cmpstr(json_string_value(json_object_get(draw, "drawn")), ==,
				cases[i].drawn);
	}
}

static void altered_inputs_are_refused(void)
{
	static const struct {
		const char *from, *to, *message;
		enum odr_error code;
	} cases[] = {
		{"2026-W47", "2026-W46", "draw.json: its seed is not that of its inputs",
		 ODR_ERROR_CORRUPT},
		{"2026-W47", "2026\\nW47", "draw.json: member 'slot' is out of range",
		 ODR_ERROR_CORRUPT},
		{"\"1.0\"", "\"2.0\"", "draw.json is of format 2.0, this program reads 1.0",
		 ODR_ERROR_REFUSED},
		{"\"slots\":12", "\"slots\":-1", "draw.json: member 'slots' is out of range",
		 ODR_ERROR_CORRUPT},
		{"\"worst\"", "\"best\"", "draw.json: member 'method' is out of range",
		 ODR_ERROR_CORRUPT},
		{"\"UTC\"", "\"Nowhere/Else\"",
		 "draw.json: there is no time zone 'Nowhere/Else' here", ODR_ERROR_CORRUPT},
		{"\"UTC\"", "\"+02:00\"", "draw.json: slot 2026-W47 did not begin then",
		 ODR_ERROR_CORRUPT},
		{"[9,7,", "[9,-7,", "draw.json: member 'estimates' is out of range",
		 ODR_ERROR_CORRUPT},
	};
	g_autoptr(DrawInputs) inputs = inputs_of("2026-W47");
	g_autofree char *text = draw_inputs_print(inputs);

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GStrv) parts = g_strsplit(text, cases[i].from, 2);
		g_autofree char *altered = g_strjoinv(cases[i].to, parts);
		g_autoptr(DrawInputs) again = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_cmpuint(g_strv_length(parts), ==, 2);
		g_assert_false(draw_inputs_parse(altered, strlen(altered), &again, &error));
		g_assert_error(error, ODR_ERROR, (int)cases[i].code);
		g_assert_cmpstr(error->message, ==, cases[i].message);
	}
}

static void a_set_is_one_of_those_that_lead_there(void)
{
	static const struct {
		const char *slot, *chosen, *nearest;
		unsigned among;
	} cases[] = {
		{"2026-W40", SET_1, SET_2, 3}, {"2026-W42", SET_1, SET_1, 2},
		{"2026-W43", SET_1, SET_1, 2}, {"2026-W44", SET_2, SET_2, 3},
		{"2026-W46", "old", SET_1, 2}, {"2026-W48", "old", SET_1, 2},
	};
	g_autoptr(GPtrArray) pieces = population();

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(DrawInputs) inputs = inputs_of(cases[i].slot);
		g_autoptr(JsonValue) draw = NULL;
		g_autoptr(GError) error = NULL;
		struct draw_point point, plain;

		g_assert_true(draw_make(inputs, pieces, &plain, NULL));
		add_sets(inputs);
		draw_make(inputs, pieces, &point, &error);
		g_assert_no_error(error);
		g_assert_cmpint(point.time, ==, plain.time); /* it does not move the point */
		g_assert_cmpuint(point.lsn, ==, plain.lsn);
		g_assert_cmpstr(point.nearest, ==, cases[i].nearest);
		g_assert_cmpuint(point.among, ==, cases[i].among);
		g_assert_cmpstr(point.set, ==, cases[i].chosen);
		draw = draw_record(inputs, &point, PLAN_HASH);
		g_assert_cmpint(json_integer_value(json_object_get(draw, "set_among")), ==,
				cases[i].among);
	}
}

static void a_set_that_nobody_names_is_not_started_from(void)
{
	g_autoptr(GPtrArray) pieces = population();
	g_autoptr(DrawInputs) inputs = inputs_of("2026-W42");
	g_autoptr(GError) error = NULL;
	struct draw_point point;

	draw_inputs_add_set(inputs, &(struct draw_set){"main", "old", 8, 1, {0, 0}, {1, 1}});
	g_assert_false(draw_make(inputs, pieces, &point, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
}

static void slots_begin(void)
{
	static const struct {
		const char *slot, *zone;
		const char *began; /* NULL: it is no slot */
	} cases[] = {
		{"2026-11-21", "UTC", "2026-11-21T00:00:00Z"},
		{"2026-11-21", "+02:00", "2026-11-20T22:00:00Z"},
		{"2026-W47", "UTC", "2026-11-16T00:00:00Z"},
		{"2026-W01", "UTC", "2025-12-29T00:00:00Z"},
		{"2026-W53", "UTC", "2026-12-28T00:00:00Z"},
		{"2027-W53", "UTC", NULL},
		{"2026-W00", "UTC", NULL},
		{"2026-11", "UTC", "2026-11-01T00:00:00Z"},
		{"2026-Q4", "UTC", "2026-10-01T00:00:00Z"},
		{"2026-Q5", "UTC", NULL},
		{"2026-13", "UTC", NULL},
		{"2026-02-30", "UTC", NULL},
		{"2026", "UTC", NULL},
		{"yearly-1", "UTC", NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(cases[i].zone);
		g_autoptr(GError) error = NULL;
		g_autofree char *text = NULL;
		usec_t began;

		if (!draw_slot_began(cases[i].slot, zone, &began, &error)) {
			g_assert_null(cases[i].began);
			g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
			continue;
		}
		text = clock_format(began);
		g_assert_cmpstr(text, ==, cases[i].began);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/draw/seed-and-words", seed_and_words);
	g_test_add_func("/draw/known-draws", known_draws);
	g_test_add_func("/draw/every-point-is-in-the-population", every_point_is_in_the_population);
	g_test_add_func("/draw/rotates-repositories", rotates_repositories);
	g_test_add_func("/draw/nothing-to-draw-from", nothing_to_draw_from);
	g_test_add_func("/draw/inputs-are-read-back", inputs_are_read_back);
	g_test_add_func("/draw/a-record-tells-the-point", a_record_tells_the_point);
	g_test_add_func("/draw/altered-inputs-are-refused", altered_inputs_are_refused);
	g_test_add_func("/draw/a-set-is-one-of-those-that-lead-there",
			a_set_is_one_of_those_that_lead_there);
	g_test_add_func("/draw/a-set-that-nobody-names-is-not-started-from",
			a_set_that_nobody_names_is_not_started_from);
	g_test_add_func("/draw/slots-begin", slots_begin);
	return g_test_run();
}
