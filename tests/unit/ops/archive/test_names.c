#include "ops/archive/names.h"

#include "base/bytes.h"
#include "base/file.h"
#include "repo/wal_held.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define SEGMENT "000000010000000000000005"
#define OTHER	"000000010000000000000006"
#define DIGEST	"00112233445566778899aabbccddeeff"
#define DIGEST2 "ffeeddccbbaa99887766554433221100"

static char *spool;

static void write_names(const char *text)
{
	g_autofree char *path = g_build_filename(spool, ARCHIVE_NAMES_FILE, NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static unsigned known(const char *repository, const char *file)
{
	g_autoptr(ArchiveNames) names = archive_names_load(spool);
	g_autoptr(GPtrArray) held = archive_names_find(names, repository, file);

	return held->len;
}

static void gather(WalGathering *gathering, const char *local, usec_t stored_at)
{
	g_autofree char *name = g_strdup(local);
	struct store_object object = {.name = name, .stored_at = stored_at, .version = "v.1-x"};

	wal_gathering_add(gathering, &object);
}

static void test_remembered(void)
{
	WalGathering *gathering = wal_gathering_new(NULL, NULL);
	g_autoptr(ArchiveNames) names = archive_names_new();
	g_autoptr(ArchiveNames) loaded = NULL;
	g_autoptr(GError) error = NULL;

	gather(gathering, "wal/00000001/" SEGMENT "-" DIGEST ".1of2", 7);
	gather(gathering, "wal/00000001/" SEGMENT "-" DIGEST ".2of2", 9);
	gather(gathering, "wal/00000001/" OTHER "-" DIGEST ".1of2", 7); /* still being written */

	g_autoptr(GPtrArray) listed = wal_gathering_end(gathering);

	archive_names_add(names, "main", listed);
	archive_names_save(names, spool, &error);
	g_assert_no_error(error);
	loaded = archive_names_load(spool);

	g_autoptr(GPtrArray) held = archive_names_find(loaded, "main", SEGMENT);
	const struct wal_held *one;

	g_assert_cmpuint(held->len, ==, 1);
	one = held->pdata[0];
	g_assert_true(one->complete);
	g_assert_cmpint(one->stored_at, ==, 9);
	g_assert_cmpstr(one->locals->pdata[1], ==, "wal/00000001/" SEGMENT "-" DIGEST ".2of2");
	g_assert_cmpstr(((struct store_object *)one->listed->pdata[1])->version, ==, "v.1-x");
	g_assert_cmpuint(known("main", OTHER), ==, 0);
	g_assert_cmpuint(known("offsite", SEGMENT), ==, 0);
}

static void test_junk(void)
{
#define NAME "wal/00000001/" SEGMENT "-" DIGEST
	static const struct {
		const char *text;
		unsigned known;
	} cases[] = {
		{"", 0},
		{"7 " NAME " - main\n", 1},
		{"7 " NAME " - main", 1},
		{"7 " NAME " - main\n7 wal/00000001/" SEGMENT "-" DIGEST2 " - main\n", 2},
		{"7 " NAME " - main\n7 " NAME " - main\n", 1},
		{"7 " NAME "\n", 0},
		{"7 " NAME " - other\n", 0},
		{"7 " NAME " - main too\n", 0},
		{"7 " NAME " main\n", 0},
		{"seven " NAME " - main\n", 0},
		{"-7 " NAME " - main\n", 0},
		{"7 " NAME ".1of2 - main\n", 1}, /* a piece is missing: not complete */
		{"7 wal/00000001/" SEGMENT "-x - main\n", 0},
		{"7 ../" NAME " - main\n", 0},
		{NAME " - main\n", 0},
		{"\n\n\n " NAME NAME NAME, 0},
		{"7 wal/00000001/" SEGMENT ".partial-" DIGEST " - main\n", 0},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		write_names(cases[i].text);
		if (known("main", SEGMENT) != cases[i].known)
			g_error("wrong: '%s'", cases[i].text);
	}
	write_names("7 " NAME " - main");
	g_assert_cmpuint(known("main", OTHER), ==, 0);
}

static void test_no_file(void)
{
	g_autofree char *path = g_build_filename(spool, ARCHIVE_NAMES_FILE, NULL);

	g_unlink(path);
	g_assert_cmpuint(known("main", SEGMENT), ==, 0);
	g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
	g_assert_cmpuint(known("main", SEGMENT), ==, 0);
	g_assert_cmpint(g_rmdir(path), ==, 0);
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	spool = g_dir_make_tmp("odr-names-XXXXXX", NULL);
	g_test_add_func("/archive-names/what-was-listed-is-known", test_remembered);
	g_test_add_func("/archive-names/junk-is-passed-over", test_junk);
	g_test_add_func("/archive-names/without-a-file-nothing-is-known", test_no_file);
	status = g_test_run();
	file_remove_tree(spool, NULL);
	g_free(spool);
	return status;
}
