#ifndef ODR_STREAM_ZIP_H
#define ODR_STREAM_ZIP_H

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Writing a zip file; libarchive only here. Members come in the order they are added, deflated, zip64 where sizes or
 * their number want it. Every member has the same time and mode 0644.
 */
typedef struct zip_writer ZipWriter;
/* EXISTS if there is something of that name; mode 0600. */
ZipWriter *zip_writer_new(const char *path, usec_t time, GError **error);
/* Abandons what is not finished; the file stays. */
void zip_writer_free(ZipWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ZipWriter, zip_writer_free)
/* Names are relative, of components that are not empty, "." or "..": others are refused with CORRUPT. */
bool zip_writer_bytes(ZipWriter *writer, const char *name, const void *data, size_t size,
		      GError **error);
/* The content of a regular file as it is now; of one that changes meanwhile CORRUPT. */
bool zip_writer_file(ZipWriter *writer, const char *name, const char *path, GError **error);
bool zip_writer_finish(ZipWriter *writer, GError **error);

#endif
