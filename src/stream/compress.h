#ifndef ODR_STREAM_COMPRESS_H
#define ODR_STREAM_COMPRESS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* Chunk codec: the first byte of the packed form names it (0 raw, 1 zstd), the rest is the data. One
 * compressor and decompressor per worker. */
#define CHUNK_MAX ((size_t)1 << 20) /* plain bytes of a chunk at most */

/* Whether this content is likely to become smaller, by a look at parts of it: images, archives and what is encrypted do
 * not. */
bool compress_saves(const void *plain, size_t size);

struct compressor;
struct compressor *compressor_new(int level);
void compressor_free(struct compressor *compressor);
/* Room that packed needs for size plain bytes. */
size_t compress_bound(size_t size);
/* Returns the packed size, codec byte included; raw where zstd would not save anything. */
size_t compress_chunk(struct compressor *compressor, const void *plain, size_t size, void *packed,
		      size_t room);

struct decompressor;
struct decompressor *decompressor_new(void);
void decompressor_free(struct decompressor *decompressor);
/* Fails with CORRUPT unless exactly plain_size bytes come out. */
bool decompress_chunk(struct decompressor *decompressor, const void *packed, size_t packed_size,
		      void *plain, size_t plain_size, GError **error);

#endif
