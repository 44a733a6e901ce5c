#include "catalog/catalog.h"

#include "fixture.h"

static void put(struct fixture *fixture, const char *repository, const char *name, usec_t at)
{
	DO(catalog_alteration_put(fixture->catalog, "erp", repository,
				  &(struct catalog_alteration){.name = (char *)name,
							       .hidden = at % 2 == 0,
							       .what = (char *)"what",
							       .first_at = at,
							       .last_at = at},
				  &failure));
}

/* "name:first-last …" of repository main */
static void assert_found(struct fixture *fixture, usec_t since, const char *expected)
{
	g_autoptr(GPtrArray) found = NULL;
	g_autoptr(GString) text = g_string_new(NULL);

	DO(catalog_alterations(fixture->catalog, "erp", "main", since, &found, &failure));
	for (guint i = 0; i < found->len; i++) {
		const struct catalog_alteration *one = found->pdata[i];

		g_string_append_printf(text, "%s%s:%d-%d%s", i ? " " : "", one->name,
				       (int)one->first_at, (int)one->last_at,
				       one->hidden ? "h" : "");
	}
	g_assert_cmpstr(text->str, ==, expected);
}

static void test_first_and_last(struct fixture *fixture, const void *data)
{
	(void)data;
	assert_found(fixture, 0, "");
	put(fixture, "main", "set/a", 100);
	put(fixture, "main", "set/b", 50);
	put(fixture, "offsite", "set/c", 70);
	put(fixture, "main", "set/a", 201);
	put(fixture, "main", "set/a", 150);
	assert_found(fixture, 0, "set/b:50-50h set/a:100-201h");
	assert_found(fixture, 201, "set/a:100-201h");
	assert_found(fixture, 202, "");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	fixture_test("/catalog-alterations/first-and-last-time", test_first_and_last);
	return g_test_run();
}
