#ifndef ODR_OPS_FILESTORE_FOLDERS_H
#define ODR_OPS_FILESTORE_FOLDERS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/*
 * What the folders of Odoo filestores looked like when they were listed: a folder that looks the same has the
 * same names in it, and need not be listed again. Kept in a file, tree by tree; one tree at a time is in
 * memory. A file that is lost or damaged is as one that knows nothing.
 */
struct folder_look {
	char name[4]; /* "a7", "a7f" */
	bool unsure;  /* list it again, whatever it looks like */
	uint64_t inode;
	int64_t mtime_ns, ctime_ns;
};

/* Reading: trees in ascending order of name, as they were written. path NULL: knows nothing. */
typedef struct folders_reader FoldersReader;
FoldersReader *folders_reader_open(const char *path);
void folders_reader_free(FoldersReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FoldersReader, folders_reader_free)
/* To the next tree of this name or one behind it; the looks (struct folder_look, by name) are the reader's.
 * Never fails: nothing is known then. */
const GArray *folders_reader_tree(FoldersReader *reader, const char *tree);
const struct folder_look *folder_look_find(const GArray *looks, const char *name);
bool folder_look_same(const struct folder_look *look, const struct stat *status);

/* Writing, in the same order. Aside until it is committed. */
typedef struct folders_writer FoldersWriter;
FoldersWriter *folders_writer_create(const char *path, GError **error);
void folders_writer_free(FoldersWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FoldersWriter, folders_writer_free)
bool folders_writer_tree(FoldersWriter *writer, const char *tree, const GArray *looks,
			 GError **error);
bool folders_writer_commit(FoldersWriter *writer, GError **error);

#endif
