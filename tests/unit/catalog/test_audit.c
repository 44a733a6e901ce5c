#include "catalog/catalog.h"

#include "fixture.h"

static void put(struct fixture *fixture, uint64_t seq, const char *sha256, const char *run)
{
	struct catalog_audit line = {.seq = seq,
				     .sha256 = (char *)sha256,
				     .time = 7,
				     .event = (char *)"drill.drawn",
				     .run = (char *)run};

	DO(catalog_audit_put(fixture->catalog, &line, &failure));
}

/* What was seen first stays, whatever comes in its place. */
static void test_keeps_the_first(struct fixture *fixture, const void *data)
{
	g_autoptr(GPtrArray) lines = NULL;
	const struct catalog_audit *first, *second;

	(void)data;
	put(fixture, 12, "bb", NULL);
	put(fixture, 3, "aa", "r1");
	put(fixture, 3, "cc", "r2");
	fixture_close(fixture);
	fixture_open(fixture);
	DO(catalog_audit(fixture->catalog, &lines, &failure));
	g_assert_cmpuint(lines->len, ==, 2);
	first = lines->pdata[0];
	second = lines->pdata[1];
	g_assert_cmpuint(first->seq, ==, 3);
	g_assert_cmpstr(first->sha256, ==, "aa");
	g_assert_cmpstr(first->run, ==, "r1");
	g_assert_cmpuint(second->seq, ==, 12);
	g_assert_cmpstr(second->event, ==, "drill.drawn");
	g_assert_cmpint(second->time, ==, 7);
	g_assert_null(second->run);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	fixture_test("/catalog/audit/keeps-the-first", test_keeps_the_first);
	return g_test_run();
}
