#include "catalog/catalog.h"

#include "fixture.h"

static void add(struct fixture *fixture, usec_t usable_at, usec_t point)
{
	DO(catalog_exposure_add(fixture->catalog, "erp", "main", "database",
				&(struct catalog_exposure){usable_at, point}, &failure));
}

/* "usable:point …" */
static void assert_events(struct fixture *fixture, usec_t since, const char *expected)
{
	g_autoptr(GArray) events = NULL;
	g_autoptr(GString) found = g_string_new(NULL);

	DO(catalog_exposure(fixture->catalog, "erp", "main", "database", since, &events, &failure));
	for (guint i = 0; i < events->len; i++) {
		const struct catalog_exposure *event =
			&g_array_index(events, struct catalog_exposure, i);

		g_string_append_printf(found, "%s%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT,
				       i ? " " : "", event->usable_at, event->recovery_point);
	}
	g_assert_cmpstr(found->str, ==, expected);
}

static void test_advance(struct fixture *fixture, const void *data)
{
	(void)data;
	add(fixture, 100, 90);
	add(fixture, 100, 90);
	add(fixture, 200, 90);
	add(fixture, 300, 80);
	add(fixture, 400, 390);
	assert_events(fixture, 0, "100:90 400:390");
}

static void test_at_once(struct fixture *fixture, const void *data)
{
	(void)data;
	add(fixture, 100, 80);
	add(fixture, 100, 95);
	add(fixture, 100, 70);
	assert_events(fixture, 0, "100:95");
}

static void test_since(struct fixture *fixture, const void *data)
{
	(void)data;
	add(fixture, 100, 100);
	add(fixture, 200, 200);
	add(fixture, 300, 300);
	assert_events(fixture, 99, "100:100 200:200 300:300");
	assert_events(fixture, 200, "200:200 300:300");
	assert_events(fixture, 250, "200:200 300:300");
	assert_events(fixture, 1000, "300:300");
}

static void fall(struct fixture *fixture, usec_t usable_at, usec_t point, usec_t revises)
{
	DO(catalog_exposure_fall(fixture->catalog, "erp", "main", "database",
				 &(struct catalog_exposure){usable_at, point, revises}, &failure));
}

/* What was claimed before it counts for nothing behind it. */
static void test_fall(struct fixture *fixture, const void *data)
{
	(void)data;
	add(fixture, 100, 90);
	add(fixture, 200, 190);
	fall(fixture, 300, 190, 1);
	assert_events(fixture, 0, "100:90 200:190");
	fall(fixture, 300, 90, 150);
	fall(fixture, 310, 90, 150);
	assert_events(fixture, 0, "100:90 200:190 300:90");
	/* What became usable before is known already. */
	add(fixture, 200, 190);
	add(fixture, 400, 80);
	assert_events(fixture, 0, "100:90 200:190 300:90");
	add(fixture, 400, 180);
	assert_events(fixture, 0, "100:90 200:190 300:90 400:180");
	assert_events(fixture, 350, "300:90 400:180");
}

static void test_fall_of_nothing(struct fixture *fixture, const void *data)
{
	(void)data;
	fall(fixture, 300, 90, 1);
	assert_events(fixture, 0, "");
}

static void test_apart(struct fixture *fixture, const void *data)
{
	g_autoptr(GArray) events = NULL;

	(void)data;
	add(fixture, 100, 100);
	DO(catalog_exposure(fixture->catalog, "erp", "far", "database", 0, &events, &failure));
	g_assert_cmpuint(events->len, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	fixture_test("/catalog-exposure/only-an-advance-is-an-event", test_advance);
	fixture_test("/catalog-exposure/of-two-points-at-once-the-newer-counts", test_at_once);
	fixture_test("/catalog-exposure/what-was-in-force-at-the-start-is-among-them", test_since);
	fixture_test("/catalog-exposure/a-loss-is-a-fall-and-points-rise-again-from-there",
		     test_fall);
	fixture_test("/catalog-exposure/where-nothing-was-claimed-nothing-falls",
		     test_fall_of_nothing);
	fixture_test("/catalog-exposure/repositories-are-apart", test_apart);
	return g_test_run();
}
