#ifndef ODR_REPO_SEALED_OBJECT_H
#define ODR_REPO_SEALED_OBJECT_H

#include "repo/pack.h"

/*
 * Sealed objects that are named by their SHA-256: packs and the roots of layers. crypto/seal.h gives
 * the bytes. Chunks hold 1 … CHUNK_MAX plain bytes each.
 */
#define SEALED_CHUNKS_MAX 32767 /* in one object: its footer is never longer than a chunk */

/* Places come from outside: what any place within an object of this size must be. */
bool chunk_place_check(const struct chunk_place *place, uint64_t object_size, GError **error);

/*
 * Building in one buffer that is used again for the next object: a chunk is compressed into it, sealed
 * where it lies, and digested while the cache still has it. An object is full when it has reached
 * `limit` bytes; its last chunk may exceed that.
 */
typedef struct sealed_builder SealedBuilder;
struct sealed_builder_settings {
	size_t limit; /* at most 32 MiB */
	int compress_level;
	uint64_t digest_seed; /* of chunk digests in the footer */
};
SealedBuilder *sealed_builder_new(const struct sealed_builder_settings *settings);
void sealed_builder_free(SealedBuilder *builder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SealedBuilder, sealed_builder_free)
/* Begins an object; one that is open is abandoned. */
bool sealed_builder_begin(SealedBuilder *builder, const struct seal_request *request,
			  GError **error);
bool sealed_builder_is_open(const SealedBuilder *builder);
bool sealed_builder_is_full(const SealedBuilder *builder);
/* Into an open object that is not full. Leaves place->pack alone. */
void sealed_builder_add(SealedBuilder *builder, const void *plain, size_t size,
			struct chunk_place *place);
/* Of the plain content added last. */
void sealed_builder_digest(const SealedBuilder *builder, uint8_t digest[XXH128_SIZE]);
/* Ends the object: row says its name, size and header. Its bytes are valid until the next begin. */
const void *sealed_builder_end(SealedBuilder *builder, struct pack_row *row);

/* Reading a whole object, whose bytes are hostile and must outlive it. */
typedef struct sealed_object SealedObject;
SealedObject *sealed_object_open(const void *bytes, size_t size, enum seal_kind kind,
				 const Identity *identity, GError **error);
void sealed_object_free(SealedObject *object);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SealedObject, sealed_object_free)
uint32_t sealed_object_chunks(const SealedObject *object);
struct sealed_chunk {
	const uint8_t *plain; /* valid until the next chunk is opened */
	size_t size;
	uint8_t digest[XXH128_SIZE]; /* what the footer says of the plain content */
};
bool sealed_object_chunk(SealedObject *object, uint32_t number, struct sealed_chunk *chunk,
			 GError **error);

#endif
