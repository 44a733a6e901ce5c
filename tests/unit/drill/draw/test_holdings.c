#include "drill/draw/holdings.h"

#include <string.h>

static const struct draw_held_frame frame = {.now = 1794625204 * USEC_PER_SEC,
					     .window = 14 * USEC_PER_DAY,
					     .margin = 60 * USEC_PER_SEC,
					     .zone = "Europe/Vienna"};

static json_t *printed(const DrawHoldings *holdings)
{
	g_autofree char *text = draw_holdings_print(holdings);
	json_t *document = NULL;
	GError *error = NULL;

	g_assert_cmpint(text[strlen(text) - 1], ==, '\n');
	json_parse(text, strlen(text), "holdings", &document, &error);
	g_assert_no_error(error);
	return document;
}

static void frame_alone(void)
{
	g_autoptr(JsonValue) holdings = draw_holdings_new(&frame);
	g_autofree char *text = draw_holdings_print(holdings);

	g_assert_cmpstr(text, ==,
			"{\"anchors\":[],\"format\":\"1.0\",\"margin_us\":60000000,"
			"\"now_us\":1794625204000000,\"only_anchors\":false,\"sets\":[],"
			"\"type\":\"odrbackup-draw-holdings\",\"window_us\":1209600000000,"
			"\"zone\":\"Europe/Vienna\"}\n");
}

/* Numbers that need 64 bits without a sign are text; an end that was not found is null, not 0. */
static void sets(void)
{
	static const struct {
		usec_t end;
		uint64_t system;
		const char *system_text;
	} cases[] = {
		{1794625000000000, 7, "7"},
		{0, G_MAXUINT64, "18446744073709551615"},
	};
	g_autoptr(JsonValue) holdings = draw_holdings_new(&frame);

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		draw_holdings_add_set(
			holdings,
			&(struct draw_held_set){.repository = "main",
						.set = "20261101T000000Z-00000000",
						.manifest_sha256 = "ab",
						.system_identifier = cases[i].system,
						.timeline = 3,
						.start = 0x116000028,
						.stop = 0x117000100,
						.stopped = 5,
						.opened = true,
						.end = {.time = cases[i].end, .lsn = 0x1FF000000}});

	g_autoptr(JsonValue) document = printed(holdings);
	json_t *list = json_object_get(document, "sets");

	g_assert_cmpuint(json_array_size(list), ==, G_N_ELEMENTS(cases));
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		json_t *set = json_array_get(list, i);
		json_t *end = json_object_get(set, "end_us");

		g_assert_cmpstr(json_string_value(json_object_get(set, "system_identifier")), ==,
				cases[i].system_text);
		g_assert_cmpstr(json_string_value(json_object_get(set, "start")), ==, "1/16000028");
		g_assert_cmpstr(json_string_value(json_object_get(set, "end")), ==, "1/FF000000");
		g_assert_cmpint(json_integer_value(json_object_get(set, "stopped_us")), ==, 5);
		g_assert_true(json_is_true(json_object_get(set, "opened")));
		if (cases[i].end > 0)
			g_assert_cmpint(json_integer_value(end), ==, cases[i].end);
		else
			g_assert_true(json_is_null(end));
	}
}

static void anchors(void)
{
	g_autoptr(JsonValue) holdings = draw_holdings_new(&frame);

	draw_holdings_add_anchor(holdings, &(struct draw_edge){.repository = "main",
							       .set = "20261101T000000Z-00000000",
							       .timeline = 1,
							       .time = 9,
							       .lsn = 0x100,
							       .name = "odr-anchor-x"});

	g_autoptr(JsonValue) document = printed(holdings);
	json_t *anchor = json_array_get(json_object_get(document, "anchors"), 0);

	g_assert_cmpstr(json_string_value(json_object_get(anchor, "name")), ==, "odr-anchor-x");
	g_assert_cmpstr(json_string_value(json_object_get(anchor, "lsn")), ==, "0/100");
	g_assert_cmpint(json_integer_value(json_object_get(anchor, "time_us")), ==, 9);
	g_assert_cmpuint(json_array_size(json_object_get(document, "sets")), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/drill/draw/holdings/frame-alone", frame_alone);
	g_test_add_func("/drill/draw/holdings/sets", sets);
	g_test_add_func("/drill/draw/holdings/anchors", anchors);
	return g_test_run();
}
