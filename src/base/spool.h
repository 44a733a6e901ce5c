#ifndef ODR_BASE_SPOOL_H
#define ODR_BASE_SPOOL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * A list too long for memory: one thread appends bytes, then any number read them at any offset. The last
 * megabyte stays in memory, so that a short list never touches the disk; what came before is in a file
 * without a name.
 */
typedef struct spool Spool;
Spool *spool_new(const char *folder); /* of the file; made when it is needed */
void spool_free(Spool *spool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Spool, spool_free)

bool spool_append(Spool *spool, const void *data, size_t size, GError **error);
uint64_t spool_size(const Spool *spool); /* where the next bytes go */
/* The bytes must be there. */
bool spool_read(const Spool *spool, uint64_t offset, void *data, size_t size, GError **error);

#endif
