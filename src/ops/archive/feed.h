#ifndef ODR_OPS_ARCHIVE_FEED_H
#define ODR_OPS_ARCHIVE_FEED_H

#include <glib.h>
#include <stdbool.h>

/*
 * archive-get of a server that has neither network nor keys: it asks a process outside over a socket in the file system,
 * which crosses namespaces. One question a connection: "FILE\nPATH\n" as PostgreSQL gives %f and %p; the answer is one
 * byte, the status that archive-get has (0, 1 or 126), once the file lies at its place.
 */
#define FEED_QUESTION_MAX 256

/* False where there is no answer: the caller exits 126. */
bool feed_ask(const char *socket, const char *file, const char *path, int *status, GError **error);

#endif
