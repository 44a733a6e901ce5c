#ifndef ODR_OPS_FILESTORE_SHARED_CHUNK_H
#define ODR_OPS_FILESTORE_SHARED_CHUNK_H

#include "repo/layer.h"

/*
 * The chunk that small files share. Their places are known, and they are kept, when it goes into its pack.
 */
typedef struct shared_chunk SharedChunk;
struct shared_chunk_settings {
	PackWriter *packs;
	bool (*keep)(void *data, const struct layer_entry *entry, int64_t ctime_ns, GError **error);
	void *data;
};
SharedChunk *shared_chunk_new(const struct shared_chunk_settings *settings);
void shared_chunk_free(SharedChunk *chunk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SharedChunk, shared_chunk_free)

/* A file of entry->size bytes, 1 … CHUNK_MAX, by its content; takes *entry. */
bool shared_chunk_add(SharedChunk *chunk, const uint8_t *content, struct layer_entry **entry,
		      int64_t ctime_ns, GError **error);
bool shared_chunk_flush(SharedChunk *chunk, GError **error);

#endif
