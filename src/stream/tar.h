#ifndef ODR_STREAM_TAR_H
#define ODR_STREAM_TAR_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Writing a tar archive (of GNU's format), member by member, to whoever takes its bytes; libarchive only here. Equal
 * members give equal bytes: order is the caller's, and nothing of the clock gets in.
 */
typedef bool (*tar_take)(void *data, const void *bytes, size_t size, GError **error);
typedef struct tar_writer TarWriter;
TarWriter *tar_writer_new(tar_take take, void *data);
/* Abandons what is not finished. */
void tar_writer_free(TarWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TarWriter, tar_writer_free)
/* What lies at path, under a name: a file, a folder (alone), a symbolic link; anything else is left out.
 * CORRUPT where a file changes while it is read. */
bool tar_writer_add(TarWriter *writer, const char *name, const char *path, GError **error);
bool tar_writer_finish(TarWriter *writer, GError **error);

#endif
