#include "ops/filestore/shared_chunk.h"

#include <string.h>

/* A file whose place is not known yet. */
struct shared {
	struct layer_entry *entry;
	int64_t ctime_ns;
};

struct shared_chunk {
	struct shared_chunk_settings settings;
	GArray *files; /* struct shared */
	uint8_t *content;
	size_t used;
};

static void shared_clear(void *data)
{
	layer_entry_free(((struct shared *)data)->entry);
}

SharedChunk *shared_chunk_new(const struct shared_chunk_settings *settings)
{
	SharedChunk *chunk = g_new0(SharedChunk, 1);

	chunk->settings = *settings;
	chunk->content = g_malloc(CHUNK_MAX);
	chunk->files = g_array_new(false, false, sizeof(struct shared));
	g_array_set_clear_func(chunk->files, shared_clear);
	return chunk;
}

void shared_chunk_free(SharedChunk *chunk)
{
	if (!chunk)
		return;
	g_array_unref(chunk->files);
	g_free(chunk->content);
	g_free(chunk);
}

bool shared_chunk_flush(SharedChunk *chunk, GError **error)
{
	const struct shared_chunk_settings *settings = &chunk->settings;
	struct chunk_place place;

	if (chunk->used == 0)
		return true;
	if (!pack_writer_add(settings->packs, chunk->content, chunk->used, &place, NULL, error))
		return false;
	for (guint i = 0; i < chunk->files->len; i++) {
		struct shared *shared = &g_array_index(chunk->files, struct shared, i);

		g_array_index(shared->entry->extents, struct extent, 0).place = place;
		if (!settings->keep(settings->data, shared->entry, shared->ctime_ns, error))
			return false;
	}
	g_array_set_size(chunk->files, 0);
	chunk->used = 0;
	return true;
}

bool shared_chunk_add(SharedChunk *chunk, const uint8_t *content, struct layer_entry **entry,
		      int64_t ctime_ns, GError **error)
{
	size_t size = (size_t)(*entry)->size;

	if (chunk->used + size > CHUNK_MAX && !shared_chunk_flush(chunk, error))
		return false;

	struct extent extent = {
		.kind = EXTENT_DATA, .length = size, .slice = (uint32_t)chunk->used};
	struct shared shared = {.entry = g_steal_pointer(entry), .ctime_ns = ctime_ns};

	memcpy(chunk->content + chunk->used, content, size);
	chunk->used += size;
	g_array_append_val(shared.entry->extents, extent);
	g_array_append_val(chunk->files, shared);
	return true;
}
