#include "catalog/catalog.h"

#include "fixture.h"

static void put(struct fixture *fixture, const char *repository, const char *names)
{
	g_auto(GStrv) list = g_strsplit(names, " ", -1);
	unsigned count = g_strv_length(list);
	g_autofree struct catalog_wal *files = g_new0(struct catalog_wal, count + 1);

	for (unsigned i = 0; i < count; i++)
		files[i] = (struct catalog_wal){list[i], 16, 100 + i};
	DO(catalog_wal_put(fixture->catalog, "erp", repository, files, count, &failure));
}

static void assert_files(struct fixture *fixture, const char *service, const char *repository,
			 const char *expected)
{
	g_autoptr(GPtrArray) files = NULL;
	g_autoptr(GString) found = g_string_new(NULL);

	DO(catalog_wal(fixture->catalog, service, repository, &files, &failure));
	for (guint i = 0; i < files->len; i++) {
		const struct catalog_wal *file = files->pdata[i];

		g_string_append_printf(found, "%s%s", i ? " " : "", file->file);
	}
	g_assert_cmpstr(found->str, ==, expected);
}

static void test_put(struct fixture *fixture, const void *data)
{
	g_autoptr(GPtrArray) files = NULL;
	const struct catalog_wal *first;

	(void)data;
	put(fixture, "main", "c a b");
	put(fixture, "main", "a d");
	put(fixture, "far", "z");
	assert_files(fixture, "erp", "main", "a b c d");
	assert_files(fixture, "erp", "far", "z");
	assert_files(fixture, "other", "main", "");
	DO(catalog_wal(fixture->catalog, "erp", "main", &files, &failure));
	first = files->pdata[0];
	g_assert_cmpuint(first->size, ==, 16);
	g_assert_cmpint(first->stored_at, ==, 100);
}

static void test_nothing(struct fixture *fixture, const void *data)
{
	(void)data;
	DO(catalog_wal_put(fixture->catalog, "erp", "main", NULL, 0, &failure));
	DO(catalog_wal_replace(fixture->catalog, "erp", "main", NULL, 0, &failure));
	DO(catalog_wal_delete(fixture->catalog, "erp", "main", NULL, 0, &failure));
	assert_files(fixture, "erp", "main", "");
}

static void test_replace(struct fixture *fixture, const void *data)
{
	struct catalog_wal files[] = {{(char *)"x", 1, 2}};

	(void)data;
	put(fixture, "main", "a b c");
	put(fixture, "far", "a");
	DO(catalog_wal_replace(fixture->catalog, "erp", "main", files, 1, &failure));
	assert_files(fixture, "erp", "main", "x");
	assert_files(fixture, "erp", "far", "a");
}

static void test_delete(struct fixture *fixture, const void *data)
{
	const char *const names[] = {"a", "c", "never there"};

	(void)data;
	put(fixture, "main", "a b c");
	put(fixture, "far", "a");
	DO(catalog_wal_delete(fixture->catalog, "erp", "main", names, 3, &failure));
	assert_files(fixture, "erp", "main", "b");
	assert_files(fixture, "erp", "far", "a");
}

/* All or nothing: the second of the same list is refused, so the first is not there either. */
static void test_transaction(struct fixture *fixture, const void *data)
{
	g_autoptr(GError) error = NULL;
	struct catalog_wal files[] = {{(char *)"x", 1, 2}, {NULL, 1, 2}};

	(void)data;
	put(fixture, "main", "a");
	g_assert_false(catalog_wal_replace(fixture->catalog, "erp", "main", files, 2, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_SYSTEM);
	assert_files(fixture, "erp", "main", "a");
	put(fixture, "main", "b");
	assert_files(fixture, "erp", "main", "a b");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	fixture_test("/wal/files-are-known-once-and-sorted", test_put);
	fixture_test("/wal/nothing-is-fine", test_nothing);
	fixture_test("/wal/a-rebuild-replaces-one-repository", test_replace);
	fixture_test("/wal/files-are-deleted-where-asked", test_delete);
	fixture_test("/wal/a-failure-changes-nothing", test_transaction);
	return g_test_run();
}
