#include "store/store.h"

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	char *root;
	Store *store;
};

static void setup(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	fixture->root = g_dir_make_tmp("store-XXXXXX", &error);
	g_assert_no_error(error);
	fixture->store = store_open(
		&(struct store_settings){.name = "main", .type = "posix", .path = fixture->root},
		&error);
	g_assert_no_error(error);
}

static void teardown(struct fixture *fixture, gconstpointer data)
{
	store_free(fixture->store);
	file_remove_tree(fixture->root, NULL);
	g_free(fixture->root);
}

static bool put(struct fixture *fixture, const char *name, const char *text, GError **error)
{
	const struct iovec parts[] = {{(char *)text, strlen(text)}};

	return store_put(fixture->store, name, parts, 1, NULL, NULL, error);
}

static void assert_error(GError *error, enum odr_error code, const char *message)
{
	g_assert_error(error, ODR_ERROR, (int)code);
	g_assert_cmpstr(error->message, ==, message);
	g_error_free(error);
}

static void assert_holds(struct fixture *fixture, const char *name, const char *text)
{
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(store_get(fixture->store, name, NULL, 0, &content, &error));
	g_assert_no_error(error);
	g_assert_cmpmem(g_bytes_get_data(content, NULL), g_bytes_get_size(content), text,
			strlen(text));
}

static bool collect(void *data, const struct store_object *object)
{
	GString *names = data;

	g_string_append_printf(names, "%s ", object->name);
	return !g_str_has_suffix(object->name, "last");
}

static char *list(struct fixture *fixture, const char *prefix)
{
	GString *names = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	g_assert_true(store_list(fixture->store, prefix, collect, names, &error));
	g_assert_no_error(error);
	return g_string_free(names, FALSE);
}

static void assert_lists(struct fixture *fixture, const char *prefix, const char *expected)
{
	g_autofree char *names = list(fixture, prefix);

	g_assert_cmpstr(names, ==, expected);
}

/* Everything in the folder of an object, our own files aside too. */
static unsigned files_in(struct fixture *fixture, const char *folder)
{
	g_autofree char *path = g_build_filename(fixture->root, folder, NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	unsigned count = 0;

	while (dir && g_dir_read_name(dir))
		count++;
	return count;
}

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

static void leave(struct fixture *fixture, const char *name, usec_t age)
{
	g_autofree char *path = g_build_filename(fixture->root, name, NULL);
	g_autofree char *folder = g_path_get_dirname(path);
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
				    {.tv_sec = (g_get_real_time() - age) / USEC_PER_SEC}};

	g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
	g_assert_true(g_file_set_contents(path, "half", 4, NULL));
	g_assert_cmpint(utimensat(AT_FDCWD, path, times, 0), ==, 0);
}

static bool is_there(struct fixture *fixture, const char *name)
{
	g_autofree char *path = g_build_filename(fixture->root, name, NULL);
	struct stat status;

	return lstat(path, &status) == 0;
}

static struct store_swept sweep(struct fixture *fixture, const char *folder, bool only_count)
{
	struct store_sweep how = {.age = USEC_PER_DAY, .only_count = only_count};
	struct store_swept swept;
	g_autoptr(GError) error = NULL;

	store_sweep(fixture->store, folder, &how, &swept, &error);
	g_assert_no_error(error);
	return swept;
}

static void test_sweep(struct fixture *fixture, gconstpointer data)
{
	static const char *const dead[] = {"s/.revoked.00112233445566aa.tmp",
					   "s/pack/g/ab/.ab12.0123456789abcdef.tmp"};
	static const char *const others[] = {
		"s/wal/1/.x.3.tmp",
		"s/wal/1/.x.0123456789ABCDEF.tmp",
		"s/wal/1/.nfs000000000123456700000001",
		"s/wal/1/..0123456789abcdef.tmp",
		"s/wal/1/x.0123456789abcdef.tmp",
		"t/.x.0123456789abcdef.tmp",
	};
	g_autofree char *link = g_build_filename(fixture->root, "s/.x.aaaaaaaaaaaaaaaa.tmp", NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(dead); i++)
		leave(fixture, dead[i], USEC_PER_DAY + 60 * USEC_PER_SEC);
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		leave(fixture, others[i], 300 * USEC_PER_DAY);
	leave(fixture, "s/set/.1.0123456789abcdef.tmp", USEC_PER_DAY - 60 * USEC_PER_SEC);
	g_assert_cmpint(symlink("/etc/passwd", link), ==, 0);
	g_assert_true(put(fixture, "s/set/1", "x", NULL));

	g_assert_cmpuint(sweep(fixture, "nowhere", false).drafts, ==, 0);
	g_assert_cmpuint(sweep(fixture, "s", true).drafts, ==, 2);
	g_assert_true(is_there(fixture, dead[0]));

	struct store_swept swept = sweep(fixture, "s", false);

	g_assert_cmpuint(swept.drafts, ==, 2);
	g_assert_cmpuint(swept.bytes, ==, 8);
	for (size_t i = 0; i < G_N_ELEMENTS(dead); i++)
		g_assert_false(is_there(fixture, dead[i]));
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		g_assert_true(is_there(fixture, others[i]));
	g_assert_true(is_there(fixture, "s/set/.1.0123456789abcdef.tmp"));
	g_assert_true(is_there(fixture, "s/.x.aaaaaaaaaaaaaaaa.tmp"));
	g_assert_false(is_there(fixture, "s/pack"));
	assert_holds(fixture, "s/set/1", "x");
	g_assert_cmpuint(sweep(fixture, "s", false).drafts, ==, 0);
	g_assert_cmpuint(files_in(fixture, "s/wal/1"), ==, 5);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*test)(struct fixture *, gconstpointer);
	} tests[] = {
		{"/posix/gives-back-what-it-got", test_round_trip},
		{"/posix/takes-a-pack-in-parts", test_large},
		{"/posix/never-replaces", test_existing},
		{"/posix/refuses-names-that-lead-elsewhere", test_bad_names},
		{"/posix/absence-is-proven", test_absence},
		{"/posix/ranges-are-exact", test_ranges},
		{"/posix/refuses-what-is-longer-than-wanted", test_limit},
		{"/posix/lists-sorted-and-only-objects", test_list},
		{"/posix/refuses-symbolic-links", test_symlinks},
		{"/posix/delete-leaves-no-empty-folders", test_delete},
		{"/posix/makes-a-vanished-folder-again", test_vanished_folder},
		{"/posix/a-failed-put-leaves-nothing", test_no_leftovers},
		{"/posix/takes-packs-past-the-page-cache", test_direct},
		{"/posix/a-failed-put-past-the-page-cache-leaves-nothing",
		 test_direct_no_leftovers},
		{"/posix/sweeps-what-dead-writers-left", test_sweep},
		{"/posix/opens-only-what-is-there", test_open},
		{"/posix/an-object-is-its-only-version", test_versions},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, struct fixture, NULL, setup, tests[i].test, teardown);
	return g_test_run();
}
