#include "base/error.h"
#include "drill/draw/gather.h"

#include <string.h>

#define NOW	((usec_t)1794268800 * USEC_PER_SEC) /* 2026-11-10T00:00:00Z */
#define FIRST	"20261107T000000Z-5e7a11ce"
#define SECOND	"20261108T000000Z-5e7a11ce"
#define STOPPED (NOW - 3 * USEC_PER_DAY)

static void add_set(DrawHoldings *holdings, const char *set, usec_t stopped, lsn_t start)
{
	g_autofree char *sha256 = g_strnfill(64, 'a');

	draw_holdings_add_set(holdings,
			      &(struct draw_held_set){.repository = "main",
						      .set = set,
						      .manifest_sha256 = sha256,
						      .system_identifier = 7001,
						      .timeline = 1,
						      .start = start,
						      .stop = start + 0x100,
						      .stopped = stopped,
						      .opened = true,
						      .end = {NOW - USEC_PER_HOUR, 0x9000000}});
}

/* Two sets of one timeline, and an anchor. */
static DrawHoldings *sample(void)
{
	DrawHoldings *holdings = draw_holdings_new(&(struct draw_held_frame){
		.now = NOW, .window = 14 * USEC_PER_DAY, .margin = USEC_PER_MIN, .zone = "UTC"});

	add_set(holdings, FIRST, STOPPED, 0x1000000);
	add_set(holdings, SECOND, STOPPED + USEC_PER_DAY, 0x5000000);
	draw_holdings_add_anchor(holdings, &(struct draw_edge){.kind = "anchor",
							       .repository = "main",
							       .set = SECOND,
							       .timeline = 1,
							       .time = NOW - 2 * USEC_PER_HOUR,
							       .lsn = 0x8000000,
							       .name = "odr-anchor-1"});
	return holdings;
}

static bool gather(const DrawHoldings *holdings, DrawInputs *inputs, char **text, GError **error)
{
	struct draw_gathered gathered = {0};
	bool done = draw_gather(holdings, inputs, &gathered, error) &&
		    draw_gather_sets(holdings, inputs, error);

	if (done && text)
		*text = g_steal_pointer(&gathered.text);
	draw_gathered_clear(&gathered);
	return done;
}

static void all_follows_from_what_was_held(void)
{
	static const char *const kinds[] = {"after-set", "before-set", "after-set",
					    "segment-boundary", "anchor"};
	g_autoptr(JsonValue) holdings = sample();
	g_autoptr(DrawInputs) inputs = draw_inputs_new();
	g_autofree char *text = NULL;
	g_autofree char *digest = NULL;
	g_autoptr(GError) error = NULL;

	gather(holdings, inputs, &text, &error);
	g_assert_no_error(error);
	g_assert_true(g_str_has_prefix(text, "main\t" FIRST "\t1\t"));
	g_assert_nonnull(strstr(text, "main\t" SECOND "\t1\t"));
	digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
	g_assert_cmpstr(inputs->population_sha256, ==, digest);
	g_assert_cmpuint(inputs->sets->len, ==, 2);
	g_assert_cmpuint(inputs->edges->len, ==, G_N_ELEMENTS(kinds));
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		g_assert_cmpstr(((struct draw_edge *)inputs->edges->pdata[i])->kind, ==, kinds[i]);
	/* The first one's moments end with the second. */
	g_assert_cmpint(((struct draw_edge *)inputs->edges->pdata[1])->time, ==,
			STOPPED + USEC_PER_DAY - 1);
}

/* Whoever is audited may have written it. */
static void what_cannot_be_held_is_refused(void)
{
	static const struct {
		const char *from, *to, *message;
	} cases[] = {
		{"\"odrbackup-draw-holdings\"", "\"x\"",
		 "holdings.json: member 'type' is out of range"},
		{"\"format\":\"1.0\"", "\"format\":\"2.0\"",
		 "holdings.json is of format 2.0, this program reads 1.x"},
		{"\"zone\":\"UTC\"", "\"zone\":\"Nowhere/Else\"",
		 "holdings.json: there is no time zone 'Nowhere/Else' here"},
		{"\"window_us\":1209600000000", "\"window_us\":-1",
		 "holdings.json: member 'window_us' is out of range"},
		{"\"now_us\":1794268800000000", "\"now_us\":9223372036854775807",
		 "holdings.json: member 'now_us' is out of range"},
		{"\"now_us\":1794268800000000", "\"now_us\":1794268800000000.0",
		 "holdings.json: member 'now_us' is missing or not an integer"},
		{"\"stopped_us\":1794009600000000", "\"stopped_us\":null",
		 "holdings.json: member 'stopped_us' is missing or not an integer"},
		{"\"end_us\":1794265200000000", "\"end_us\":-9223372036854775808",
		 "holdings.json: member 'end_us' is out of range"},
		{"\"timeline\":1", "\"timeline\":4294967296",
		 "holdings.json: member 'timeline' is out of range"},
		{"\"stop\":\"0/1000100\"", "\"stop\":\"0/1\"",
		 "holdings.json: member 'stop' is out of range"},
		{"\"system_identifier\":\"7001\"", "\"system_identifier\":\"-1\"",
		 "holdings.json: member 'system_identifier' is out of range"},
		{"\"opened\":true", "\"opened\":1",
		 "holdings.json: member 'opened' is missing or not true or false"},
		{"\"name\":\"odr-anchor-1\"", "\"name\":null",
		 "holdings.json: member 'name' is missing or not a string"},
		{"\"sets\":[", "\"sets\":[7,",
		 "holdings.json: member 'repository' is missing or not a string"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(JsonValue) holdings = sample();
		g_autofree char *text = draw_holdings_print(holdings);
		g_auto(GStrv) parts = g_strsplit(text, cases[i].from, 2);
		g_autofree char *altered = g_strjoinv(cases[i].to, parts);
		g_autoptr(JsonValue) hostile = NULL;
		g_autoptr(DrawInputs) inputs = draw_inputs_new();
		g_autoptr(GError) error = NULL;

		g_assert_nonnull(parts[1]);
		g_assert_true(json_parse(altered, strlen(altered), "it", &hostile, &error));
		g_assert_false(gather(hostile, inputs, NULL, &error));
		g_assert_cmpstr(error->message, ==, cases[i].message);
	}
}

/* More moments than anybody has would take for ever. */
static void moments_have_a_bound(void)
{
	g_autoptr(JsonValue) holdings = draw_holdings_new(
		&(struct draw_held_frame){.now = NOW, .window = NOW, .zone = "UTC"});
	g_autoptr(DrawInputs) inputs = draw_inputs_new();
	g_autoptr(GError) error = NULL;

	for (unsigned i = 0; i < 10; i++) {
		g_autofree char *repository = g_strdup_printf("r%u", i);

		add_set(holdings, FIRST, USEC_PER_DAY, 0x1000000);
		json_set_string(json_array_get(json_object_get(holdings, "sets"), i), "repository",
				repository);
	}
	g_assert_false(gather(holdings, inputs, NULL, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	g_assert_cmpstr(error->message, ==, "holdings.json holds more than can be drawn from");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gather/all-follows-from-what-was-held", all_follows_from_what_was_held);
	g_test_add_func("/gather/what-cannot-be-held-is-refused", what_cannot_be_held_is_refused);
	g_test_add_func("/gather/moments-have-a-bound", moments_have_a_bound);
	return g_test_run();
}
