#ifndef ODR_OPS_ARCHIVE_PLACE_H
#define ODR_OPS_ARCHIVE_PLACE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * A WAL file on its way to its place: written beside it as PATH.odrbackup, and renamed when it is whole and
 * found good. Not synced where recovery waits for it, as RECOVERYXLOG or RECOVERYHISTORY: the server does
 * that. What was not committed is removed.
 */
typedef struct archive_place ArchivePlace;
ArchivePlace *archive_place_new(const char *path);
void archive_place_free(ArchivePlace *place);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArchivePlace, archive_place_free)

/* Begins, or begins anew, a file of so many bytes. */
bool archive_place_begin(ArchivePlace *place, uint64_t size, GError **error);
/* By several threads at once, if they will. */
bool archive_place_write(ArchivePlace *place, uint64_t offset, const void *data, size_t size,
			 GError **error);
/* What kept the file from being written, apart from what is the matter with its content; or NULL. */
const GError *archive_place_trouble(const ArchivePlace *place);
bool archive_place_commit(ArchivePlace *place, GError **error);

/* Whether a file that is moved to this path must be synced: the server syncs what it keeps. */
bool archive_place_is_durable(const char *path);

#endif
