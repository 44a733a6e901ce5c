#include "ops/archive/place.h"

#include "base/error.h"
#include "base/file.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct site {
	char *folder, *path, *aside;
	ArchivePlace *place;
};

static void set_up(struct site *site, const void *name)
{
	site->folder = g_dir_make_tmp("odr-place-XXXXXX", NULL);
	g_assert_nonnull(site->folder);
	site->path = g_build_filename(site->folder, name, NULL);
	site->aside = g_strconcat(site->path, ".odrbackup", NULL);
	site->place = archive_place_new(site->path);
}

static void tear_down(struct site *site, const void *name)
{
	archive_place_free(site->place);
	g_assert_false(g_file_test(site->aside, G_FILE_TEST_EXISTS));
	file_remove_tree(site->folder, NULL);
	g_free(site->folder);
	g_free(site->path);
	g_free(site->aside);
}

static void write_all(struct site *site, const char *text)
{
	g_autoptr(GError) error = NULL;

	archive_place_begin(site->place, strlen(text), &error);
	g_assert_no_error(error);
	for (size_t i = strlen(text); i-- > 0;) {
		archive_place_write(site->place, i, text + i, 1, &error);
		g_assert_no_error(error);
	}
}

static void assert_holds(const char *path, const char *text)
{
	g_autofree char *content = NULL;
	gsize size;

	g_assert_true(g_file_get_contents(path, &content, &size, NULL));
	g_assert_cmpmem(content, size, text, strlen(text));
}

static void test_commit(struct site *site, const void *name)
{
	g_autoptr(GError) error = NULL;

	write_all(site, "a segment");
	g_assert_false(g_file_test(site->path, G_FILE_TEST_EXISTS));
	archive_place_commit(site->place, &error);
	g_assert_no_error(error);
	assert_holds(site->path, "a segment");
}

static void test_abandon(struct site *site, const void *name)
{
	g_assert_true(g_file_set_contents(site->path, "what was there", -1, NULL));
	write_all(site, "altered on its way");
	archive_place_free(site->place);
	site->place = NULL;
	assert_holds(site->path, "what was there");
}

/* The first object was no good: of its content nothing stays, however long it was. */
static void test_anew(struct site *site, const void *name)
{
	g_autoptr(GError) error = NULL;

	write_all(site, "a long segment that turns out to be no good");
	write_all(site, "a good one");
	archive_place_commit(site->place, &error);
	g_assert_no_error(error);
	assert_holds(site->path, "a good one");
}

static void test_left_by_a_crash(struct site *site, const void *name)
{
	g_assert_true(g_file_set_contents(site->aside, "left by a crash, and longer", -1, NULL));
	test_commit(site, name);
}

static void test_no_folder(struct site *site, const void *name)
{
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(g_rmdir(site->folder), ==, 0);
	g_assert_false(archive_place_begin(site->place, 1, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_NOT_FOUND);
	g_assert_cmpstr(archive_place_trouble(site->place)->message, ==, error->message);
}

/* As a full disk: what was asked for at once is refused without a word, writing tells. */
static void test_no_room(struct site *site, const void *name)
{
	struct rlimit usual, small;
	g_autoptr(GError) error = NULL;
	char data[4096] = {0};
	bool written;

	signal(SIGXFSZ, SIG_IGN);
	g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &usual), ==, 0);
	small = (struct rlimit){.rlim_cur = 6000, .rlim_max = usual.rlim_max};
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
	written = archive_place_begin(site->place, 3 * sizeof(data), &error);
	for (size_t i = 0; i < 3 && written; i++)
		written = archive_place_write(site->place, i * sizeof(data), data, sizeof(data),
					      &error);
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &usual), ==, 0);
	g_assert_false(written);
	g_assert_nonnull(strstr(error->message, site->aside));
	g_assert_nonnull(archive_place_trouble(site->place));
}

static void test_not_a_folder_there(struct site *site, const void *name)
{
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(g_mkdir(site->path, 0700), ==, 0);
	write_all(site, "a segment");
	g_assert_false(archive_place_commit(site->place, &error));
	g_assert_nonnull(strstr(error->message, "cannot rename"));
	g_assert_false(g_file_test(site->aside, G_FILE_TEST_EXISTS));
}

static void test_what_the_server_syncs(void)
{
	g_assert_false(archive_place_is_durable("pg_wal/RECOVERYXLOG"));
	g_assert_false(archive_place_is_durable("RECOVERYHISTORY"));
	g_assert_true(archive_place_is_durable("/spool/000000010000000000000001"));
	g_assert_true(archive_place_is_durable("RECOVERYXLOG/000000010000000000000001"));
}

#define PLACE_TEST(path, name, function) \
 g_test_add(path, struct site, name, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	PLACE_TEST("/archive-place/is-taken-when-committed", "RECOVERYXLOG", test_commit);
	PLACE_TEST("/archive-place/is-taken-durably", "000000010000000000000001", test_commit);
	PLACE_TEST("/archive-place/what-is-abandoned-replaces-nothing", "got", test_abandon);
	PLACE_TEST("/archive-place/begun-anew-nothing-of-the-first-stays", "got", test_anew);
	PLACE_TEST("/archive-place/what-a-crash-left-is-overwritten", "got", test_left_by_a_crash);
	PLACE_TEST("/archive-place/a-missing-folder-is-its-trouble", "got", test_no_folder);
	PLACE_TEST("/archive-place/no-room-is-its-trouble", "got", test_no_room);
	PLACE_TEST("/archive-place/what-cannot-be-renamed-leaves-nothing", "got",
		   test_not_a_folder_there);
	g_test_add_func("/archive-place/recovery-files-are-synced-by-the-server",
			test_what_the_server_syncs);
	return g_test_run();
}
