#include "catalog/catalog.h"

#include "fixture.h"

static void put(struct fixture *fixture, const char *repository, const struct catalog_mark *mark)
{
	DO(catalog_mark_put(fixture->catalog, "erp", repository, mark, &failure));
}

/* "name@lsn:note …", oldest first; "-" for what is not known. */
static void assert_marks(struct fixture *fixture, const char *repository, const char *expected)
{
	g_autoptr(GPtrArray) marks = NULL;
	g_autoptr(GString) found = g_string_new(NULL);

	DO(catalog_marks(fixture->catalog, "erp", repository, &marks, &failure));
	for (guint i = 0; i < marks->len; i++) {
		const struct catalog_mark *mark = marks->pdata[i];

		g_string_append_printf(found, "%s%s@%" G_GINT64_MODIFIER "x:%s", i ? " " : "",
				       mark->name ? mark->name : "-", mark->lsn,
				       mark->note ? mark->note : "-");
	}
	g_assert_cmpstr(found->str, ==, expected);
}

static const struct catalog_mark early = {.mark_id = (char *)"m1",
					  .name = (char *)"deploy",
					  .note = (char *)"the first",
					  .made = 100,
					  .timeline = 1,
					  .lsn = 0x200};
static const struct catalog_mark late = {
	.mark_id = (char *)"m0", .name = (char *)"month-end", .made = 200};

static void test_order(struct fixture *fixture, const void *data)
{
	(void)data;
	put(fixture, "main", &late);
	put(fixture, "main", &early);
	put(fixture, "offsite", &late);
	assert_marks(fixture, "main", "deploy@200:the first month-end@0:-");
	assert_marks(fixture, "offsite", "month-end@0:-");
	assert_marks(fixture, "nowhere", "");
}

/* Read without a key, a mark has neither name nor note. */
static void test_keeps_names(struct fixture *fixture, const void *data)
{
	struct catalog_mark closed = early;

	(void)data;
	closed.name = closed.note = NULL;
	put(fixture, "main", &closed);
	assert_marks(fixture, "main", "-@200:-");
	put(fixture, "main", &early);
	assert_marks(fixture, "main", "deploy@200:the first");
	put(fixture, "main", &closed);
	assert_marks(fixture, "main", "deploy@200:the first");
}

static void test_delete(struct fixture *fixture, const void *data)
{
	(void)data;
	put(fixture, "main", &early);
	put(fixture, "offsite", &early);
	DO(catalog_mark_delete(fixture->catalog, "erp", "main", "m1", &failure));
	DO(catalog_mark_delete(fixture->catalog, "erp", "main", "m1", &failure));
	assert_marks(fixture, "main", "");
	assert_marks(fixture, "offsite", "deploy@200:the first");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	fixture_test("/marks/are-listed-oldest-first-of-each-repository", test_order);
	fixture_test("/marks/a-reading-without-key-forgets-no-name", test_keeps_names);
	fixture_test("/marks/go-from-one-repository", test_delete);
	return g_test_run();
}
