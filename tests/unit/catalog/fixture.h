#ifndef ODR_TESTS_UNIT_CATALOG_FIXTURE_H
#define ODR_TESTS_UNIT_CATALOG_FIXTURE_H

#include "base/error.h"
#include "base/file.h"
#include "catalog/catalog.h"

#include <string.h>

/* A catalog in a temporary folder. */
struct fixture {
	char *folder, *path;
	Catalog *catalog;
	bool renewed;
};

static inline void fixture_open(struct fixture *fixture)
{
	g_autoptr(GError) error = NULL;

	fixture->catalog = catalog_open(fixture->path, &fixture->renewed, &error);
	g_assert_no_error(error);
}

static inline void fixture_close(struct fixture *fixture)
{
	g_clear_pointer(&fixture->catalog, catalog_close);
}

static inline void fixture_init(struct fixture *fixture, const void *data)
{
	(void)data;
	g_autoptr(GError) error = NULL;

	fixture->folder = g_dir_make_tmp("odr-catalog-XXXXXX", &error);
	g_assert_no_error(error);
	fixture->path = g_build_filename(fixture->folder, "catalog.db", NULL);
	fixture_open(fixture);
}

static inline void fixture_clear(struct fixture *fixture, const void *data)
{
	(void)data;
	fixture_close(fixture);
	file_remove_tree(fixture->folder, NULL);
	g_free(fixture->folder);
	g_free(fixture->path);
}

/* Asserts that a call of the form call(…, &failure) succeeds. */
#define DO(call)                    \
 do {                               \
  g_autoptr(GError) failure = NULL; \
  bool done = (call);               \
  g_assert_no_error(failure);       \
  g_assert_true(done);              \
 } while (0)

/* One promise, with a catalog of its own. */
static inline void fixture_test(const char *path, void (*test)(struct fixture *, const void *))
{
	g_test_add(path, struct fixture, NULL, fixture_init, test, fixture_clear);
}

#endif
