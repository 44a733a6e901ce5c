#include "posix_store.h"

#include "base/memory.h"

#include <signal.h>
#include <sys/resource.h>

static void test_large(struct fixture *fixture, gconstpointer data)
{
	size_t size = (size_t)20 << 20;
	g_autofree char *content = g_malloc(size);
	struct iovec parts[20];
	g_autoptr(GBytes) again = NULL;

	for (size_t i = 0; i < size; i++)
		content[i] = (char)(i * 7 >> 3);
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
		parts[i] = (struct iovec){content + (i << 20), 1 << 20};
	g_assert_true(store_put(fixture->store, "pack", parts, 20, NULL, NULL, NULL));
	g_assert_true(store_get(fixture->store, "pack", NULL, 0, &again, NULL));
	g_assert_cmpmem(g_bytes_get_data(again, NULL), g_bytes_get_size(again), content, size);
}

static void test_existing(struct fixture *fixture, gconstpointer data)
{
	GError *error = NULL;

	g_assert_true(put(fixture, "a/b", "first", NULL));
	g_assert_false(put(fixture, "a/b", "second", &error));
	assert_error(error, ODR_ERROR_EXISTS,
		     "cannot store 'a/b' in repository 'main': an object of this name is there "
		     "already");
	assert_holds(fixture, "a/b", "first");
	g_assert_cmpuint(files_in(fixture, "a"), ==, 1);
}

/* Another process removed the folder that this one knows. */
static void test_vanished_folder(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *folder = g_build_filename(fixture->root, "g", NULL);

	g_assert_true(put(fixture, "g/00/a", "x", NULL));
	g_assert_true(file_remove_tree(folder, NULL));
	g_assert_true(put(fixture, "g/00/b", "x", NULL));
	assert_holds(fixture, "g/00/b", "x");
}

/* A file may not grow beyond the limit: as if the disk were full in the middle of an object. */
static void test_no_leftovers(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *content = g_malloc0(64 << 10);
	const struct iovec parts[] = {{content, 32 << 10}, {content, 32 << 10}};
	struct rlimit before, small;
	bool stored;

	g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
	small = before;
	small.rlim_cur = 40 << 10;
	signal(SIGXFSZ, SIG_IGN);
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
	stored = store_put(fixture->store, "g/x", parts, 2, NULL, NULL, NULL);
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);

	g_assert_false(stored);
	g_assert_cmpuint(files_in(fixture, "g"), ==, 0);
	assert_lists(fixture, "", "");
}

/* Packs are written past the page cache where their memory allows it; their last bytes are not. */
static void test_direct(struct fixture *fixture, gconstpointer data)
{
	static const size_t shifts[] = {0, 1};
	size_t size = ((size_t)3 << 20) + 4097;
	g_autofree uint8_t *content = memory_pages(size + 1);

	for (size_t i = 0; i < size + 1; i++)
		content[i] = (uint8_t)(i * 7 / 3);
	for (size_t i = 0; i < G_N_ELEMENTS(shifts); i++) {
		const struct iovec part = {content + shifts[i], size};
		g_autofree char *name = g_strdup_printf("p/%zu", i);
		g_autoptr(GBytes) stored = NULL;

		g_assert_true(store_put(fixture->store, name, &part, 1, NULL, NULL, NULL));
		g_assert_true(store_get(fixture->store, name, NULL, 0, &stored, NULL));
		g_assert_cmpmem(g_bytes_get_data(stored, NULL), g_bytes_get_size(stored),
				part.iov_base, size);
	}
}

/* As above, in the middle of what is written past the page cache. */
static void test_direct_no_leftovers(struct fixture *fixture, gconstpointer data)
{
	size_t size = (size_t)3 << 20;
	g_autofree uint8_t *content = memory_pages(size);
	const struct iovec part = {content, size};
	g_autoptr(GError) error = NULL;
	struct rlimit before, small;
	bool stored;

	memset(content, 1, size);
	g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
	small = before;
	small.rlim_cur = (2 << 20) + 100;
	signal(SIGXFSZ, SIG_IGN);
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
	stored = store_put(fixture->store, "p/x", &part, 1, NULL, NULL, &error);
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);

	g_assert_false(stored);
	g_assert_nonnull(strstr(error->message, "File too large"));
	g_assert_cmpuint(files_in(fixture, "p"), ==, 0);
}

int main(int argc, char **argv)
{
	static const struct posix_test tests[] = {
		{"/posix/put/takes-a-pack-in-parts", test_large},
		{"/posix/put/never-replaces", test_existing},
		{"/posix/put/makes-a-vanished-folder-again", test_vanished_folder},
		{"/posix/put/one-that-fails-leaves-nothing", test_no_leftovers},
		{"/posix/put/takes-packs-past-the-page-cache", test_direct},
		{"/posix/put/one-that-fails-past-the-page-cache-leaves-nothing",
		 test_direct_no_leftovers},
	};

	g_test_init(&argc, &argv, NULL);
	return posix_tests_run(tests, G_N_ELEMENTS(tests));
}
