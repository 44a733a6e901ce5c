#ifndef ODR_OPS_ARCHIVE_NAMES_H
#define ODR_OPS_ARCHIVE_NAMES_H

#include <glib.h>
#include <stdbool.h>

/*
 * What repositories held of the segments to come when they were listed last, kept in the spool: to list a
 * timeline of a hundred thousand segments takes longer than to fetch one. Only ever a hint: objects that
 * it names are checked as any other, and absence is proven by listing alone.
 */
typedef struct archive_names ArchiveNames;
ArchiveNames *archive_names_new(void);
/* Those in the spool; none where there is no such file, or one that is no good. */
ArchiveNames *archive_names_load(const char *spool);
void archive_names_free(ArchiveNames *names);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArchiveNames, archive_names_free)

void archive_names_add(ArchiveNames *names, const char *repository, const GPtrArray *held);
bool archive_names_save(const ArchiveNames *names, const char *spool, GError **error);
#define ARCHIVE_NAMES_FILE "names" /* in the spool */

/* struct wal_held of one file in one repository, as wal_find; empty: nothing is known. */
GPtrArray *archive_names_find(const ArchiveNames *names, const char *repository, const char *file);

#endif
