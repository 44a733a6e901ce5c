#include "ops/filestore_trees.h"

#include "base/error.h"
#include "base/file.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static void test_want(void)
{
	static const struct {
		const char *databases[4];
		const char *wanted, *unwanted; /* names, separated by '|' */
	} examples[] = {
		{{NULL}, "shop|a.b|X-1", "my shop|.shop|s"},
		{{"shop"}, "shop", "shop2|Shop"},
		{{"sh*"}, "shop|sh", "xshop|sh op"},
		{{"*", "!test*"}, "shop", "test|test-1"},
		{{"!test*"}, "shop", "test|my shop"},
		{{"my shop"}, "my shop", "shop"},
		{{"my shop", "*"}, "my shop|shop", "your shop"},
		{{"shop?"}, "shop1", "shop|shop12"},
		{{"shop", "!shop"}, "", "shop"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(examples); i++) {
		for (int wanted = 0; wanted < 2; wanted++) {
			g_auto(GStrv) names = g_strsplit(
				wanted ? examples[i].wanted : examples[i].unwanted, "|", -1);

			for (char **name = names; *name; name++)
				if (**name &&
				    filestore_trees_want(examples[i].databases, *name) != wanted)
					g_error("example %zu: '%s'", i, *name);
		}
	}
}

struct site {
	char *folder;
};

/* A file system in words: what ends in '/' is a folder, "a -> b" a link, others are files. */
static void site_init(struct site *site, const void *data)
{
	static const char *const made[] = {
		"data/filestore/shop/a7/",
		"data/filestore/shop/checklist/",
		"data/filestore/my shop/00/",
		"data/filestore/.hidden/",
		"data/filestore/lost+found/",
		"data/filestore/a file",
		"data/sessions/",
		"elsewhere/big/00/",
		"elsewhere/shop/00/",
		"plain/docs/x/",
		"empty/",
	};
	g_autofree char *link = NULL;
	g_autofree char *target = NULL;

	(void)data;
	site->folder = g_dir_make_tmp("odr-trees-XXXXXX", NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(made); i++) {
		g_autofree char *path = g_build_filename(site->folder, made[i], NULL);

		if (g_str_has_suffix(made[i], "/"))
			g_assert_cmpint(g_mkdir_with_parents(path, 0755), ==, 0);
		else
			g_assert_true(g_file_set_contents(path, "", 0, NULL));
	}
	link = g_build_filename(site->folder, "data/filestore/big", NULL);
	target = g_build_filename(site->folder, "elsewhere/big", NULL);
	g_assert_cmpint(symlink(target, link), ==, 0);
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	file_remove_tree(site->folder, NULL);
	g_free(site->folder);
}

/* Places with '@' for the site's folder. */
static bool find(struct site *site, const char *places, bool plain, struct filestore_trees *trees,
		 GError **error)
{
	g_auto(GStrv) words = g_strsplit(places, "@", -1);
	g_autofree char *text = g_strjoinv(site->folder, words);
	g_auto(GStrv) list = g_strsplit(text, ";", -1);
	struct backup_filestore settings = {.places = (const char *const *)list, .plain = plain};

	return filestore_trees_find(&settings, trees, error);
}

/* "name=path" of all, without the site's folder. */
static char *names_of(struct site *site, const struct filestore_trees *trees)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < trees->trees->len; i++) {
		const struct filestore_tree *tree = trees->trees->pdata[i];

		g_string_append_printf(text, "%s%s=%s", i ? " " : "", tree->name,
				       tree->path + strlen(site->folder));
	}
	return g_string_free(text, false);
}

static void test_find(struct site *site, const void *data)
{
	static const struct {
		const char *places;
		bool plain;
		const char *found;
		unsigned notes, omissions;
	} examples[] = {
		{"@/data/filestore", false, "shop=/data/filestore/shop", 1, 1},
		{"@/data/filestore;big:@/elsewhere/big", false,
		 "big=/elsewhere/big shop=/data/filestore/shop", 1, 0},
		{"@/data/filestore;shop:@/data/filestore/shop", false, "shop=/data/filestore/shop",
		 1, 1},
		{"shop:@/elsewhere/shop", false, "shop=/elsewhere/shop", 0, 0},
		{"@/empty", false, "", 0, 0},
		{"@/plain/docs", true, "docs=/plain/docs", 0, 0},
		{"papers:@/plain/docs;@/elsewhere", true, "elsewhere=/elsewhere papers=/plain/docs",
		 0, 0},
	};

	(void)data;
	for (size_t i = 0; i < G_N_ELEMENTS(examples); i++) {
		struct filestore_trees trees = {0};
		g_autoptr(GError) error = NULL;

		find(site, examples[i].places, examples[i].plain, &trees, &error);
		g_assert_no_error(error);
		g_autofree char *found = names_of(site, &trees);

		g_assert_cmpstr(found, ==, examples[i].found);
		g_assert_cmpuint(trees.notes->len, ==, examples[i].notes);
		g_assert_cmpuint(trees.omissions->len, ==, examples[i].omissions);
		filestore_trees_clear(&trees);
	}
}

static void test_wrong_places(struct site *site, const void *data)
{
	static const struct {
		const char *places;
		bool plain;
		enum odr_error code;
		const char *text;
	} examples[] = {
		{"@/nowhere", false, ODR_ERROR_NOT_FOUND, "there is no folder"},
		{"@/data/filestore/a file", false, ODR_ERROR_USAGE, "is no folder"},
		{"@/data", false, ODR_ERROR_USAGE, "is a data_dir: its filestore is"},
		{"@/data/filestore/shop", false, ODR_ERROR_USAGE,
		 "is the filestore of one database: write filestore=shop:"},
		{"@/data/filestore;@/elsewhere", false, ODR_ERROR_USAGE,
		 "filestore= names two folders"},
		{"..:@/elsewhere", false, ODR_ERROR_USAGE, "'..' of filestore= is no name"},
		{"a/b:@/elsewhere", false, ODR_ERROR_USAGE, "is no name of a folder"},
		{"@/plain/docs;docs:@/elsewhere", true, ODR_ERROR_USAGE, "two folders 'docs'"},
		{"/", true, ODR_ERROR_USAGE, "filestore=/ has no name"},
	};

	(void)data;
	for (size_t i = 0; i < G_N_ELEMENTS(examples); i++) {
		struct filestore_trees trees = {0};
		g_autoptr(GError) error = NULL;

		if (find(site, examples[i].places, examples[i].plain, &trees, &error))
			g_error("taken: %s", examples[i].places);
		if (!odr_error_is(error, examples[i].code) ||
		    !strstr(error->message, examples[i].text))
			g_error("%s: %s", examples[i].places, error->message);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/filestore/trees/those-that-are-wanted", test_want);
	g_test_add("/filestore/trees/where-they-are", struct site, NULL, site_init, test_find,
		   site_clear);
	g_test_add("/filestore/trees/what-is-wrong-with-a-place-and-what-would-be-right",
		   struct site, NULL, site_init, test_wrong_places, site_clear);
	return g_test_run();
}
