#ifndef ODR_TESTS_UNIT_OPS_FILESTORE_TREE_H
#define ODR_TESTS_UNIT_OPS_FILESTORE_TREE_H

#include "../../repo/fixture.h"
#include "base/bytes.h"
#include "ops/filestore/scan.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* The filestore of a database "shop", and a repository for what is read of it. */
struct tree {
	struct fixture fixture;
	char *folder;
	struct filestore_tree tree;
	Accounts *accounts;
	struct pack_sink *sink;
};

static inline void tree_init(struct tree *tree)
{
	g_autoptr(GError) error = NULL;

	fixture_init(&tree->fixture);
	tree->folder = g_dir_make_tmp("odr-tree-XXXXXX", &error);
	g_assert_no_error(error);
	tree->tree = (struct filestore_tree){(char *)"shop",
					     g_build_filename(tree->folder, "shop", NULL)};
	g_assert_cmpint(mkdir(tree->tree.path, 0755), ==, 0);
	tree->accounts = accounts_new();
	tree->sink = fixture_sink(&tree->fixture, (size_t)8 << 20);
}

static inline void tree_clear(struct tree *tree)
{
	pack_sink_free(tree->sink);
	accounts_free(tree->accounts);
	file_remove_tree(tree->folder, NULL);
	g_free(tree->tree.path);
	g_free(tree->folder);
	fixture_clear(&tree->fixture);
}

/* "ab/<sha1>" of a content; g_free. */
static inline char *tree_name(const char *content, size_t size)
{
	uint8_t digest[SHA1_SIZE];
	g_autofree char *hex = NULL;

	sha1(content, size, digest);
	hex = hex_encode(digest, sizeof(digest));
	return g_strdup_printf("%.2s/%s", hex, hex);
}

static inline char *tree_path(const struct tree *tree, const char *name)
{
	return g_build_filename(tree->tree.path, name, NULL);
}

/* Written so many seconds ago. */
static inline void tree_write(const struct tree *tree, const char *name, const char *content,
			      size_t size, int ago)
{
	g_autofree char *path = tree_path(tree, name);
	g_autofree char *folder = g_path_get_dirname(path);
	time_t at = time(NULL) - ago;
	struct timespec times[2] = {{at, 0}, {at, 0}};

	g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
	g_assert_true(g_file_set_contents_full(path, content, (gssize)size,
					       G_FILE_SET_CONTENTS_CONSISTENT, 0644, NULL));
	g_assert_cmpint(utimensat(AT_FDCWD, path, times, 0), ==, 0);
}

/* One with the right name, which is returned; g_free. */
static inline char *tree_upload(const struct tree *tree, const char *content)
{
	char *name = tree_name(content, strlen(content));

	tree_write(tree, name, content, strlen(content), 0);
	return name;
}

#endif
