#ifndef ODR_REPO_LAYER_FILE_H
#define ODR_REPO_LAYER_FILE_H

#include "repo/layer.h"

/*
 * The entries of a layer in a file of this host: a writer, which cannot open what it stored, knows its
 * layers from there. Entries in ascending order of path, in blocks of about 64 KiB; a reader has the first
 * path of each block in memory, and one block at a time. Beside each entry stands the time of change
 * (st_ctim) that its source had, 0: not known. layer_file.c gives the bytes. What is damaged is CORRUPT.
 *
 * Most of the time only the path of an entry is of interest: the rest is decoded when it is asked for.
 */
struct local_entry {
	const char *path; /* not terminated; NULL: there is no entry */
	size_t length;
	enum entry_kind kind;
	uint32_t flags;
	int64_t ctime_ns;
	const uint8_t *bytes; /* encoded */
	size_t size;
};
/* As strcmp of the paths. */
int local_entry_compare(const struct local_entry *entry, const char *path, size_t length);
/* The whole entry; layer_entry_free. */
bool local_entry_decode(const struct local_entry *local, struct layer_entry **entry,
			GError **error);

/* Written aside; durable, and under its name, when it is committed. */
typedef struct layer_file_writer LayerFileWriter;
LayerFileWriter *layer_file_create(const char *path, GError **error);
void layer_file_writer_free(LayerFileWriter *writer); /* abandons what was not committed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LayerFileWriter, layer_file_writer_free)
bool layer_file_add(LayerFileWriter *writer, const struct layer_entry *entry, int64_t ctime_ns,
		    GError **error);
bool layer_file_commit(LayerFileWriter *writer, GError **error);

typedef struct layer_file LayerFile;
LayerFile *layer_file_open(const char *path, GError **error);
void layer_file_free(LayerFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LayerFile, layer_file_free)
uint64_t layer_file_count(const LayerFile *file);

/* A place in a file. Several may be in one file; one is used by one thread. It must not outlive the file. */
typedef struct layer_cursor LayerCursor;
LayerCursor *layer_cursor_new(const LayerFile *file); /* at the first entry */
void layer_cursor_free(LayerCursor *cursor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LayerCursor, layer_cursor_free)
/* To the first entry whose path is not less than this one. */
bool layer_cursor_seek(LayerCursor *cursor, const char *path, GError **error);
/* The entry at the place, which is the cursor's until it moves; its path is NULL at the end. */
bool layer_cursor_get(LayerCursor *cursor, struct local_entry *entry, GError **error);
void layer_cursor_next(LayerCursor *cursor);

#endif
