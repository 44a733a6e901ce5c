#include "ops/filestore_folders.h"

#include "base/error.h"
#include "base/file.h"

#include <string.h>

struct site {
	char *folder, *path;
	GError *error;
};

static void site_init(struct site *site, const void *data)
{
	(void)data;
	site->folder = g_dir_make_tmp("odr-folders-XXXXXX", &site->error);
	g_assert_no_error(site->error);
	site->path = g_build_filename(site->folder, "folders", NULL);
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	file_remove_tree(site->folder, NULL);
	g_free(site->folder);
	g_free(site->path);
	g_clear_error(&site->error);
}

static GArray *looks_of(const char *names, int64_t time)
{
	GArray *looks = g_array_new(false, true, sizeof(struct folder_look));
	g_auto(GStrv) list = g_strsplit(names, " ", -1);

	for (char **name = list; *name; name++) {
		struct folder_look look = {.inode = 7, .mtime_ns = time, .ctime_ns = -time};

		g_strlcpy(look.name, *name, sizeof(look.name));
		look.unsure = (*name)[0] == 'f';
		g_array_append_val(looks, look);
	}
	return looks;
}

static void write_three(struct site *site)
{
	static const char *const trees[] = {"alpha", "beta", "beta-2"};
	g_autoptr(FoldersWriter) writer = folders_writer_create(site->path, &site->error);

	g_assert_no_error(site->error);
	for (unsigned i = 0; i < G_N_ELEMENTS(trees); i++) {
		g_autoptr(GArray) looks = looks_of(" 00 a7 a7f ff", 1000 + i);

		g_assert_true(folders_writer_tree(writer, trees[i], looks, &site->error));
	}
	g_assert_true(folders_writer_commit(writer, &site->error));
}

/* The time that the looks of a tree were made with, or 0. */
static int64_t time_of(FoldersReader *reader, const char *tree)
{
	const struct folder_look *look = folder_look_find(folders_reader_tree(reader, tree), "a7");

	return look ? look->mtime_ns : 0;
}

static void test_reading(struct site *site, const void *data)
{
	(void)data;
	write_three(site);
	g_autoptr(FoldersReader) reader = folders_reader_open(site->path);
	const GArray *looks = folders_reader_tree(reader, "alpha");

	g_assert_cmpuint(looks->len, ==, 5);
	g_assert_true(folder_look_find(looks, "ff")->unsure);
	g_assert_false(folder_look_find(looks, "00")->unsure);
	g_assert_cmpint(folder_look_find(looks, "a7f")->ctime_ns, ==, -1000);
	g_assert_nonnull(folder_look_find(looks, ""));
	g_assert_null(folder_look_find(looks, "a8"));
	/* Asked for twice, one between, one behind the last. */
	g_assert_cmpint(time_of(reader, "alpha"), ==, 1000);
	g_assert_cmpint(time_of(reader, "b"), ==, 0);
	g_assert_cmpint(time_of(reader, "beta-2"), ==, 1002);
	g_assert_cmpint(time_of(reader, "gamma"), ==, 0);
}

static void test_same(struct site *site, const void *data)
{
	struct folder_look look = {.inode = 7, .mtime_ns = 5000000001, .ctime_ns = 6000000002};
	struct stat status = {.st_ino = 7, .st_mtim = {5, 1}, .st_ctim = {6, 2}};

	(void)site, (void)data;
	g_assert_true(folder_look_same(&look, &status));
	look.unsure = true;
	g_assert_false(folder_look_same(&look, &status));
	look.unsure = false;
	status.st_ino = 8;
	g_assert_false(folder_look_same(&look, &status));
	status.st_ino = 7;
	/* Who puts the time of modification back moves that of the change. */
	status.st_ctim.tv_nsec = 3;
	g_assert_false(folder_look_same(&look, &status));
}

/* What is damaged knows nothing: from there on, everything is listed. */
static void test_damage(struct site *site, const void *data)
{
	g_autofree char *bytes = NULL;
	gsize size;

	(void)data;
	write_three(site);
	g_assert_true(g_file_get_contents(site->path, &bytes, &size, NULL));
	for (gsize at = 0; at < size; at++) {
		static const char *const trees[] = {"alpha", "beta", "beta-2"};
		bool lost = false;

		bytes[at] ^= 1;
		g_assert_true(g_file_set_contents(site->path, bytes, (gssize)size, NULL));
		bytes[at] ^= 1;
		g_autoptr(FoldersReader) reader = folders_reader_open(site->path);

		for (unsigned i = 0; i < G_N_ELEMENTS(trees); i++) {
			int64_t time = time_of(reader, trees[i]);

			g_assert_true(time == 0 || time == 1000 + i);
			lost = lost || time == 0;
		}
		g_assert_true(lost);
	}
	g_autoptr(FoldersReader) none = folders_reader_open(NULL);

	g_assert_cmpint(time_of(none, "alpha"), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/filestore/folders/tree-by-tree", struct site, NULL, site_init, test_reading,
		   site_clear);
	g_test_add("/filestore/folders/look-the-same-or-not", struct site, NULL, site_init,
		   test_same, site_clear);
	g_test_add("/filestore/folders/damage-knows-nothing", struct site, NULL, site_init,
		   test_damage, site_clear);
	return g_test_run();
}
