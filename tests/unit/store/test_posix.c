#include "posix_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_round_trip(struct fixture *fixture, gconstpointer data)
{
	const struct iovec parts[] = {{(char *)"abc", 3}, {NULL, 0}, {(char *)"defg", 4}};
	struct store_receipt receipt = {0};
	struct store_object object;
	g_autofree char *path = g_build_filename(fixture->root, "s/wal/x", NULL);
	struct stat status;

	g_assert_true(store_put(fixture->store, "s/wal/x", parts, 3, NULL, &receipt, NULL));
	assert_holds(fixture, "s/wal/x", "abcdefg");
	g_assert_true(store_head(fixture->store, "s/wal/x", &object, NULL));
	g_assert_cmpuint(object.size, ==, 7);
	g_assert_cmpint(object.stored_at, ==, receipt.stored_at);
	g_assert_cmpint(ABS(receipt.stored_at - g_get_real_time()), <, 60 * G_USEC_PER_SEC);
	g_assert_cmpint(stat(path, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 07777, ==, 0400);
	g_assert_cmpuint(files_in(fixture, "s/wal"), ==, 1);
}

static void test_bad_names(struct fixture *fixture, gconstpointer data)
{
	GError *error = NULL;
	g_autoptr(GBytes) content = NULL;

	g_assert_false(put(fixture, "../escape", "x", &error));
	assert_error(g_steal_pointer(&error), ODR_ERROR_FAILED,
		     "cannot store '../escape' in repository 'main': '../escape' cannot name an "
		     "object");
	g_assert_false(store_get(fixture->store, "/etc/passwd", NULL, 0, &content, NULL));
	g_assert_false(store_delete(fixture->store, "a/../..", NULL, NULL));
	g_assert_false(store_list(fixture->store, "../", collect, NULL, NULL));
}

static void test_absence(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GBytes) content = NULL;
	struct store_object object;
	GPtrArray *objects = NULL;
	GError *error = NULL;

	g_assert_true(put(fixture, "folder/x", "x", NULL));
	g_assert_false(store_get(fixture->store, "nope", NULL, 0, &content, &error));
	assert_error(g_steal_pointer(&error), ODR_ERROR_NOT_FOUND,
		     "cannot read 'nope' of repository 'main': there is no such object");
	g_assert_false(store_head(fixture->store, "folder", &object, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_false(store_head(fixture->store, "folder/x/y", &object, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_false(store_versions(fixture->store, "nope", &objects, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_NOT_FOUND);
	g_clear_error(&error);
	assert_lists(fixture, "nope/", "");

	file_remove_tree(fixture->root, NULL);
	g_assert_false(store_head(fixture->store, "folder/x", &object, &error));
	assert_error(error, ODR_ERROR_UNREACHABLE,
		     "cannot look at 'folder/x' of repository 'main': the folder of the "
		     "repository was removed");
}

static void test_ranges(struct fixture *fixture, gconstpointer data)
{
	GError *error = NULL;
	char buffer[4];

	g_assert_true(put(fixture, "x", "0123456789", NULL));
	g_assert_true(store_get_range(fixture->store, "x", "", 6, 4, buffer, NULL));
	g_assert_cmpmem(buffer, 4, "6789", 4);
	g_assert_true(store_get_range(fixture->store, "x", NULL, 10, 0, buffer, NULL));
	g_assert_false(store_get_range(fixture->store, "x", NULL, 7, 4, buffer, &error));
	assert_error(g_steal_pointer(&error), ODR_ERROR_CORRUPT,
		     "cannot read 'x' of repository 'main': it ends after 3 of the 4 bytes from 7");
	g_assert_false(store_get_range(fixture->store, "x", NULL, UINT64_MAX - 1, 4, buffer, NULL));
	g_assert_false(store_get_range(fixture->store, "x", "v1", 0, 4, buffer, NULL));
}

static void test_limit(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GBytes) content = NULL;
	GError *error = NULL;

	g_assert_true(put(fixture, "x", "0123456789", NULL));
	g_assert_true(store_get(fixture->store, "x", NULL, 10, &content, NULL));
	g_clear_pointer(&content, g_bytes_unref);
	g_assert_false(store_get(fixture->store, "x", NULL, 9, &content, &error));
	assert_error(error, ODR_ERROR_CORRUPT,
		     "cannot read 'x' of repository 'main': it has 10 bytes, at most 9 are "
		     "plausible");
}

static void test_list(struct fixture *fixture, gconstpointer data)
{
	static const char *const names[] = {"s/wal/1/x", "s/wal-b", "s/wal/a", "repository",
					    "s/wal.c",	 "s/set/2", "s/set/1", "t/x"};
	g_autofree char *hidden = g_build_filename(fixture->root, "s/set/.3.tmp", NULL);
	g_autofree char *foreign = g_build_filename(fixture->root, "lost+found", NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		g_assert_true(put(fixture, names[i], "x", NULL));
	g_assert_true(g_file_set_contents(hidden, "x", 1, NULL));
	g_assert_cmpint(mkdir(foreign, 0), ==, 0);

	assert_lists(fixture, "",
		     "repository s/set/1 s/set/2 s/wal-b s/wal.c s/wal/1/x s/wal/a "
		     "t/x ");
	assert_lists(fixture, "s/wal", "s/wal-b s/wal.c s/wal/1/x s/wal/a ");
	assert_lists(fixture, "s/set/", "s/set/1 s/set/2 ");
	assert_lists(fixture, "s/set/2", "s/set/2 ");
	assert_lists(fixture, "s/set/20", "");

	g_assert_true(put(fixture, "s/set/1-last", "x", NULL));
	assert_lists(fixture, "s/set/", "s/set/1 s/set/1-last ");
}

static void test_symlinks(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *link = g_build_filename(fixture->root, "link", NULL);
	g_autoptr(GBytes) content = NULL;
	GError *error = NULL;

	g_assert_cmpint(symlink("/etc", link), ==, 0);
	g_assert_false(store_get(fixture->store, "link", NULL, 0, &content, &error));
	assert_error(g_steal_pointer(&error), ODR_ERROR_REFUSED,
		     "cannot read 'link' of repository 'main': a symbolic link stands there: a "
		     "repository holds only folders and files");
	g_assert_false(store_list(fixture->store, "", collect, NULL, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_REFUSED);
	g_clear_error(&error);
	g_assert_false(store_list(fixture->store, "link/", collect, NULL, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_REFUSED);
	g_clear_error(&error);
}

static void test_delete(struct fixture *fixture, gconstpointer data)
{
	GError *error = NULL;

	g_assert_true(put(fixture, "g/00/a", "x", NULL));
	g_assert_true(put(fixture, "g/01/b", "x", NULL));
	g_assert_true(store_delete(fixture->store, "g/00/a", NULL, NULL));
	g_assert_cmpuint(files_in(fixture, "g"), ==, 1);
	g_assert_false(store_delete(fixture->store, "g/00/a", NULL, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_true(store_delete(fixture->store, "g/01/b", NULL, NULL));
	g_assert_cmpuint(files_in(fixture, "."), ==, 0);

	/* The folders are known to this store, and gone. */
	g_assert_true(put(fixture, "g/00/a", "again", NULL));
	assert_holds(fixture, "g/00/a", "again");
}

static void test_open(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *path = g_build_filename(fixture->root, "new/root", NULL);
	g_autofree char *missing =
		g_strdup_printf("cannot open repository 'main': folder '%s' does "
				"not exist: is its file system mounted?",
				path);
	struct store_settings settings = {.name = "main", .type = "posix", .path = path};
	struct store_abilities abilities;
	g_autoptr(Store) store = NULL;
	GError *error = NULL;
	struct store_lock lock = {.until = 1};

	g_assert_null(store_open(&settings, &error));
	assert_error(g_steal_pointer(&error), ODR_ERROR_UNREACHABLE, missing);

	settings.create = true;
	store = store_open(&settings, &error);
	g_assert_no_error(error);
	store_abilities(store, &abilities);
	g_assert_false(abilities.locks);
	g_assert_false(abilities.versions);
	g_assert_true(abilities.lists);
	g_assert_true(store_lock_get(store, "x", NULL, &lock, NULL));
	g_assert_cmpint(lock.until, ==, 0);
	g_assert_false(store_lock_extend(store, "x", NULL, 1, &error));
	assert_error(error, ODR_ERROR_REFUSED, "repository 'main' cannot lock objects");
}

static void test_versions(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GPtrArray) objects = NULL;
	const struct store_object *object;

	g_assert_true(put(fixture, "x", "abc", NULL));
	g_assert_true(store_versions(fixture->store, "x", &objects, NULL));
	g_assert_cmpuint(objects->len, ==, 1);
	object = objects->pdata[0];
	g_assert_cmpstr(object->name, ==, "x");
	g_assert_cmpuint(object->size, ==, 3);
	g_assert_cmpstr(object->version, ==, "");
}

int main(int argc, char **argv)
{
	static const struct posix_test tests[] = {
		{"/posix/gives-back-what-it-got", test_round_trip},
		{"/posix/refuses-names-that-lead-elsewhere", test_bad_names},
		{"/posix/absence-is-proven", test_absence},
		{"/posix/ranges-are-exact", test_ranges},
		{"/posix/refuses-what-is-longer-than-wanted", test_limit},
		{"/posix/lists-sorted-and-only-objects", test_list},
		{"/posix/refuses-symbolic-links", test_symlinks},
		{"/posix/delete-leaves-no-empty-folders", test_delete},
		{"/posix/opens-only-what-is-there", test_open},
		{"/posix/an-object-is-its-only-version", test_versions},
	};

	g_test_init(&argc, &argv, NULL);
	return posix_tests_run(tests, G_N_ELEMENTS(tests));
}
