#include "repo/anchor.h"

#include "base/error.h"
#include "service.h"

#include <string.h>

#define MADE   (1795561402 * USEC_PER_SEC + 5)
#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct service service;

static json_t *rows(const char *value)
{
	return json_pack("{s:[s],s:[[s]]}", "columns", "total", "rows", value);
}

static Mark *sample_mark(void)
{
	Mark *mark = g_new0(Mark, 1);
	g_autoptr(GBytes) object = NULL;
	GError *error = NULL;

	mark->made = MADE;
	mark->timeline = 3;
	mark->lsn = 0x1234567890;
	mark->program = g_strdup("odrbackup 0.1.0");
	mark->name = g_strdup("month-end");
	mark->host = g_strdup("db1");
	mark->system_identifier = G_MAXUINT64;
	object = mark_seal(mark, service.bundle, &error);
	g_assert_no_error(error);
	return mark;
}

static void add(Anchor *anchor, const char *query, enum anchor_basis basis)
{
	struct anchor_figure *figure = anchor_figure_new("shop", query, DIGEST);

	figure->basis = basis;
	figure->before = basis == ANCHOR_UNKNOWN ? NULL : rows("12.50");
	figure->after = basis == ANCHOR_DIFFERENT ? rows("13.75") : NULL;
	figure->problem = basis == ANCHOR_UNKNOWN ? g_strdup("it did not end") : NULL;
	g_ptr_array_add(anchor->figures, figure);
}

static Anchor *sample(void)
{
	g_autoptr(Mark) mark = sample_mark();
	Anchor *anchor = anchor_of_mark(mark);

	add(anchor, "builtin/trial-balance.sql", ANCHOR_IDENTICAL);
	add(anchor, "weekly/orders.sql", ANCHOR_DIFFERENT);
	add(anchor, "weekly/slow.sql", ANCHOR_UNKNOWN);
	return anchor;
}

static GBytes *seal(const Anchor *anchor)
{
	GError *error = NULL;
	GBytes *object = anchor_seal(anchor, service.bundle, &error);

	g_assert_no_error(error);
	return object;
}

static bool parse(const void *object, size_t size, const char *id, const Identity *identity,
		  Anchor **anchor, GError **error)
{
	return anchor_parse(&service.owner->service, identity, id, object, size, anchor, error);
}

static void test_round_trip(void)
{
	g_autoptr(Anchor) anchor = sample(), again = NULL;
	g_autoptr(GBytes) object = seal(anchor);
	g_autoptr(GError) error = NULL;

	parse(g_bytes_get_data(object, NULL), g_bytes_get_size(object), anchor->mark.id,
	      service.identity, &again, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(again->mark.id, ==, anchor->mark.id);
	g_assert_cmpstr(again->mark.name, ==, "month-end");
	g_assert_cmpint(again->mark.made, ==, MADE);
	g_assert_cmpuint(again->mark.timeline, ==, 3);
	g_assert_cmpuint(again->mark.lsn, ==, 0x1234567890);
	g_assert_cmpuint(again->mark.system_identifier, ==, G_MAXUINT64);
	g_assert_cmpuint(again->figures->len, ==, 3);
	for (guint i = 0; i < 3; i++) {
		const struct anchor_figure *one = anchor->figures->pdata[i];
		const struct anchor_figure *two = again->figures->pdata[i];

		g_assert_cmpstr(one->database, ==, two->database);
		g_assert_cmpstr(one->query, ==, two->query);
		g_assert_cmpstr(one->sha256, ==, two->sha256);
		g_assert_cmpstr(one->problem, ==, two->problem);
		g_assert_cmpint(one->basis, ==, two->basis);
		g_assert_true(json_equal(one->before, two->before) ||
			      (!one->before && !two->before));
		g_assert_true(json_equal(one->after, two->after) || (!one->after && !two->after));
	}
}

static void test_sealed(void)
{
	g_autoptr(Anchor) anchor = sample(), again = NULL;
	g_autoptr(GBytes) object = seal(anchor);
	g_autoptr(GError) error = NULL;
	gsize size;
	const void *bytes = g_bytes_get_data(object, &size);

	parse(bytes, size, anchor->mark.id, NULL, &again, &error);
	g_assert_no_error(error);
	g_assert_null(again->mark.name);
	g_assert_cmpuint(again->figures->len, ==, 0);
	g_assert_null(memmem(bytes, size, "month-end", 9));
	g_assert_null(memmem(bytes, size, "12.50", 5));
}

static void test_altered(void)
{
	g_autoptr(Anchor) anchor = sample();
	g_autoptr(GBytes) object = seal(anchor);
	gsize size;
	const uint8_t *bytes = g_bytes_get_data(object, &size);

	for (size_t i = 0; i < size; i++) {
		g_autofree uint8_t *altered = g_memdup2(bytes, size);
		g_autoptr(Anchor) again = NULL;

		altered[i] ^= 1;
		g_assert_false(
			parse(altered, size, anchor->mark.id, service.identity, &again, NULL));
	}
}

/* What was signed for one moment is no anchor of another, nor is a mark. */
static void test_replayed(void)
{
	g_autoptr(Anchor) anchor = sample(), again = NULL;
	g_autoptr(Mark) mark = sample_mark();
	g_autoptr(GBytes) object = seal(anchor);
	g_autoptr(GBytes) other = mark_seal(mark, service.bundle, NULL);
	g_autoptr(GError) error = NULL;

	g_assert_false(parse(g_bytes_get_data(object, NULL), g_bytes_get_size(object),
			     "20261121T230501Z-0011223344556677", service.identity, &again,
			     &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	g_assert_false(parse(g_bytes_get_data(other, NULL), g_bytes_get_size(other),
			     anchor->mark.id, service.identity, &again, NULL));
}

static void test_hostile(void)
{
	static const char *const figures[] = {
		"7",
		"{}",
		"{\"database\":\"a\",\"query\":\"q\",\"sha256\":\"00\",\"basis\":\"unknown\"}",
		"{\"database\":\"a\",\"query\":\"q\",\"sha256\":\"" DIGEST
		"\",\"basis\":\"certain\"}",
		"{\"database\":\"a\",\"query\":\"q\",\"sha256\":\"" DIGEST
		"\",\"basis\":\"equal\"}",
		"{\"database\":\"a\",\"query\":\"q\",\"sha256\":\"" DIGEST
		"\",\"basis\":\"equal\",\"before\":7}",
		"{\"database\":\"a\",\"query\":\"q\",\"sha256\":\"" DIGEST
		"\",\"basis\":\"equal\",\"before\":{},\"after\":{}}",
		"{\"database\":\"a\",\"query\":\"q\",\"sha256\":\"" DIGEST
		"\",\"basis\":\"different\",\"before\":{}}",
		"{\"database\":\"a\",\"query\":\"q\",\"sha256\":\"" DIGEST
		"\",\"basis\":\"unknown\",\"before\":{}}",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(figures); i++) {
		g_autofree char *text = g_strdup_printf(
			"{\"name\":\"n\",\"host\":\"h\",\"system_identifier\":\"1\",\"timeline\":1,"
			"\"lsn\":\"0/1\",\"figures\":[%s]}",
			figures[i]);
		g_autoptr(Anchor) anchor = anchor_new();
		g_autoptr(GError) error = NULL;

		g_assert_false(anchor_sealed_parse(text, strlen(text), anchor, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	}
}

static void test_too_many(void)
{
	g_autoptr(Anchor) anchor = sample();
	g_autoptr(GError) error = NULL;

	while (anchor->figures->len <= ANCHOR_FIGURES_MAX)
		add(anchor, "weekly/slow.sql", ANCHOR_UNKNOWN);
	g_assert_null(anchor_seal(anchor, service.bundle, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	g_assert_cmpstr(error->message, ==,
			"cannot seal the anchor: it has more than 2000 figures");
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	service_set_up(&service);
	g_test_add_func("/anchor/every-member-comes-back", test_round_trip);
	g_test_add_func("/anchor/name-and-figures-are-sealed", test_sealed);
	g_test_add_func("/anchor/every-altered-byte-is-noticed", test_altered);
	g_test_add_func("/anchor/of-another-moment-is-refused", test_replayed);
	g_test_add_func("/anchor/hostile-figures-are-refused", test_hostile);
	g_test_add_func("/anchor/more-figures-than-a-reader-takes-are-not-written", test_too_many);
	status = g_test_run();
	service_tear_down(&service);
	return status;
}
