#include "catalog/catalog.h"

#include "fixture.h"

#include <sys/stat.h>
#include <unistd.h>

static char *fact(struct fixture *fixture, const char *name)
{
	char *value = NULL;

	DO(catalog_fact(fixture->catalog, name, &value, &failure));
	return value;
}

static void test_new(struct fixture *fixture, const void *data)
{
	struct stat status;

	(void)data;
	g_assert_true(fixture->renewed);
	g_assert_cmpint(stat(fixture->path, &status), ==, 0);
	g_assert_cmphex(status.st_mode & 0777, ==, 0600);
	fixture_close(fixture);
	fixture_open(fixture);
	g_assert_false(fixture->renewed);
}

static void test_facts(struct fixture *fixture, const void *data)
{
	g_autofree char *none = fact(fixture, "a");

	(void)data;
	g_assert_null(none);
	DO(catalog_fact_set(fixture->catalog, "a", "one", &failure));
	DO(catalog_fact_set(fixture->catalog, "a", "two", &failure));
	fixture_close(fixture);
	fixture_open(fixture);

	g_autofree char *two = fact(fixture, "a");

	g_assert_cmpstr(two, ==, "two");
	DO(catalog_fact_set(fixture->catalog, "a", NULL, &failure));

	g_autofree char *gone = fact(fixture, "a");

	g_assert_null(gone);
}

static unsigned count_damaged(const struct fixture *fixture)
{
	g_autoptr(GDir) dir = g_dir_open(fixture->folder, 0, NULL);
	unsigned count = 0;
	const char *name;

	while ((name = g_dir_read_name(dir)))
		count += g_str_has_prefix(name, "catalog.db.damaged-");
	return count;
}

static void assert_renewed(struct fixture *fixture)
{
	g_autofree char *value = NULL;

	fixture_open(fixture);
	g_assert_true(fixture->renewed);
	g_assert_cmpuint(count_damaged(fixture), ==, 1);
	value = fact(fixture, "a");
	g_assert_null(value);
}

static void test_garbage(struct fixture *fixture, const void *data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	fixture_close(fixture);
	g_file_set_contents(fixture->path, "this is no database, but it is long enough to be read",
			    -1, &error);
	g_assert_no_error(error);
	assert_renewed(fixture);
}

/* The first page, with the schema, is whole; others are not. */
static void test_damaged_pages(struct fixture *fixture, const void *data)
{
	g_autofree char *content = NULL;
	gsize size;

	(void)data;
	for (unsigned i = 0; i < 2000; i++) {
		g_autofree char *name = g_strdup_printf("fact-%u", i);

		DO(catalog_fact_set(fixture->catalog, name, "something to fill pages", &failure));
	}
	fixture_close(fixture);
	g_file_get_contents(fixture->path, &content, &size, NULL);
	g_assert_cmpuint(size, >, 65536);
	memset(content + 40960, 0xa5, size - 40960);
	g_file_set_contents(fixture->path, content, (gssize)size, NULL);
	assert_renewed(fixture);
}

static void test_cannot_be_made(struct fixture *fixture, const void *data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(fixture->folder, "none", "catalog.db", NULL);
	bool renewed;

	(void)data;
	g_assert_null(catalog_open(path, &renewed, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_SYSTEM);
	g_assert_nonnull(strstr(error->message, "cannot open the catalog"));
}

/* State folders may lie behind a link. */
static void test_behind_a_link(struct fixture *fixture, const void *data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *link = g_strconcat(fixture->folder, "-link", NULL);
	g_autofree char *path = g_build_filename(link, "catalog.db", NULL);
	g_autoptr(Catalog) catalog = NULL;
	bool renewed;

	(void)data;
	g_assert_cmpint(symlink(fixture->folder, link), ==, 0);
	catalog = catalog_open(path, &renewed, &error);
	g_assert_no_error(error);
	g_assert_false(renewed);
	unlink(link);
}

/* Two programs may have it open. */
static void test_two_at_once(struct fixture *fixture, const void *data)
{
	g_autoptr(GError) error = NULL;
	bool renewed;
	g_autoptr(Catalog) other = catalog_open(fixture->path, &renewed, &error);

	(void)data;
	g_assert_no_error(error);
	g_assert_false(renewed);
	DO(catalog_fact_set(fixture->catalog, "a", "one", &failure));
	g_autofree char *seen = NULL;

	DO(catalog_fact(other, "a", &seen, &failure));
	g_assert_cmpstr(seen, ==, "one");
	DO(catalog_fact_set(other, "a", "two", &failure));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	fixture_test("/catalog/a-missing-one-is-made-for-its-owner-alone", test_new);
	fixture_test("/catalog/facts-are-kept", test_facts);
	fixture_test("/catalog/what-is-no-database-is-moved-aside", test_garbage);
	fixture_test("/catalog/one-with-damaged-pages-is-moved-aside", test_damaged_pages);
	fixture_test("/catalog/one-that-cannot-be-made-is-an-error", test_cannot_be_made);
	fixture_test("/catalog/may-lie-behind-a-link", test_behind_a_link);
	fixture_test("/catalog/serves-two-programs", test_two_at_once);
	return g_test_run();
}
