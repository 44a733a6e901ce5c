#ifndef ODR_TESTS_UNIT_STORE_POSIX_STORE_H
#define ODR_TESTS_UNIT_STORE_POSIX_STORE_H

/* A posix store on a folder of its own, for each test of what it does. */
#include "store/store.h"

#include "base/error.h"
#include "base/file.h"

#include <glib.h>
#include <string.h>

struct fixture {
	char *root;
	Store *store;
};

static inline void setup(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	fixture->root = g_dir_make_tmp("store-XXXXXX", &error);
	g_assert_no_error(error);
	fixture->store = store_open(
		&(struct store_settings){.name = "main", .type = "posix", .path = fixture->root},
		&error);
	g_assert_no_error(error);
}

static inline void teardown(struct fixture *fixture, gconstpointer data)
{
	store_free(fixture->store);
	file_remove_tree(fixture->root, NULL);
	g_free(fixture->root);
}

static inline bool put(struct fixture *fixture, const char *name, const char *text, GError **error)
{
	const struct iovec parts[] = {{(char *)text, strlen(text)}};

	return store_put(fixture->store, name, parts, 1, NULL, NULL, error);
}

static inline void assert_error(GError *error, enum odr_error code, const char *message)
{
	g_assert_error(error, ODR_ERROR, (int)code);
	g_assert_cmpstr(error->message, ==, message);
	g_error_free(error);
}

static inline void assert_holds(struct fixture *fixture, const char *name, const char *text)
{
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(store_get(fixture->store, name, NULL, 0, &content, &error));
	g_assert_no_error(error);
	g_assert_cmpmem(g_bytes_get_data(content, NULL), g_bytes_get_size(content), text,
			strlen(text));
}

static inline bool collect(void *data, const struct store_object *object)
{
	GString *names = data;

	g_string_append_printf(names, "%s ", object->name);
	return !g_str_has_suffix(object->name, "last");
}

static inline char *list(struct fixture *fixture, const char *prefix)
{
	GString *names = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	g_assert_true(store_list(fixture->store, prefix, collect, names, &error));
	g_assert_no_error(error);
	return g_string_free(names, FALSE);
}

static inline void assert_lists(struct fixture *fixture, const char *prefix, const char *expected)
{
	g_autofree char *names = list(fixture, prefix);

	g_assert_cmpstr(names, ==, expected);
}

/* Everything in the folder of an object, our own files aside too. */
static inline unsigned files_in(struct fixture *fixture, const char *folder)
{
	g_autofree char *path = g_build_filename(fixture->root, folder, NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	unsigned count = 0;

	while (dir && g_dir_read_name(dir))
		count++;
	return count;
}

struct posix_test {
	const char *path;
	void (*test)(struct fixture *, gconstpointer);
};

static inline int posix_tests_run(const struct posix_test *tests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		g_test_add(tests[i].path, struct fixture, NULL, setup, tests[i].test, teardown);
	return g_test_run();
}

#endif
