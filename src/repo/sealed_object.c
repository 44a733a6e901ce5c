#include "repo/sealed_object.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/memory.h"

#include <assert.h>
#include <string.h>

#define TRAILER_MAGIC "ODREND01"
#define LIMIT_MIN     ((size_t)64 << 10) /* a header fits in any case */
#define LIMIT_MAX     ((size_t)32 << 20)
#define PACKED_MAX    (CHUNK_MAX + 1) /* the codec byte, and never longer than raw */

bool chunk_place_check(const struct chunk_place *place, uint64_t object_size, GError **error)
{
	if (place->plain_size == 0 || place->plain_size > CHUNK_MAX ||
	    place->sealed_size <= SEAL_OVERHEAD + 1 ||
	    place->sealed_size > place->plain_size + 1 + SEAL_OVERHEAD)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"a chunk of %u bytes, %u sealed, is impossible", place->plain_size,
				place->sealed_size);
	if (place->sealed_size > object_size || place->offset > object_size - place->sealed_size)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"%u bytes at %" G_GUINT64_FORMAT
				" lie outside an object of %" G_GUINT64_FORMAT " bytes",
				place->sealed_size, place->offset, object_size);
	return true;
}

/* Building. */

struct sealed_builder {
	struct sealed_builder_settings settings;
	struct compressor *compressor;
	struct sha256 *sha256;
	Sealer *sealer; /* NULL: no object is open */
	uint8_t *buffer;
	size_t capacity, size;
	uint32_t chunks;
	GByteArray *footer;
	uint8_t digest[XXH128_SIZE]; /* of the chunk added last */
};

static size_t end_size(uint32_t chunks)
{
	return 4 + (size_t)chunks * SEAL_FOOTER_ROW + SEAL_OVERHEAD + SEAL_TRAILER_SIZE;
}

SealedBuilder *sealed_builder_new(const struct sealed_builder_settings *settings)
{
	SealedBuilder *builder = g_new0(SealedBuilder, 1);

	assert(settings->limit <= LIMIT_MAX);
	builder->settings = *settings;
	builder->settings.limit = MAX(settings->limit, LIMIT_MIN);
	builder->compressor = compressor_new(settings->compress_level);
	builder->sha256 = sha256_new();
	builder->capacity = builder->settings.limit + compress_bound(CHUNK_MAX) + SEAL_OVERHEAD +
			    SEAL_FOOTER_ROW;
	builder->buffer = memory_pages(builder->capacity);
	builder->footer = g_byte_array_new();
	return builder;
}

void sealed_builder_free(SealedBuilder *builder)
{
	if (!builder)
		return;
	sealer_free(builder->sealer);
	compressor_free(builder->compressor);
	sha256_free(builder->sha256);
	g_free(builder->buffer);
	g_byte_array_unref(builder->footer);
	g_free(builder);
}

/* What lies at the end of the buffer becomes part of the object. */
static void builder_advance(SealedBuilder *builder, size_t size)
{
	sha256_update(builder->sha256, builder->buffer + builder->size, size);
	builder->size += size;
	assert(builder->size <= builder->capacity);
}

bool sealed_builder_begin(SealedBuilder *builder, const struct seal_request *request,
			  GError **error)
{
	size_t size;

	g_clear_pointer(&builder->sealer, sealer_free);
	builder->sealer = sealer_new(request, error);
	if (!builder->sealer)
		return false;

	const uint8_t *header = sealer_header(builder->sealer, &size);

	assert(size + end_size(0) < LIMIT_MIN);
	builder->size = 0;
	builder->chunks = 0;
	g_byte_array_set_size(builder->footer, 0);
	bytes_put_u32(builder->footer, 0);
	sha256_reset(builder->sha256);
	memcpy(builder->buffer, header, size);
	builder_advance(builder, size);
	return true;
}

bool sealed_builder_is_open(const SealedBuilder *builder)
{
	return builder->sealer != NULL;
}

bool sealed_builder_is_full(const SealedBuilder *builder)
{
	return builder->chunks == SEALED_CHUNKS_MAX ||
	       builder->size + end_size(builder->chunks) >= builder->settings.limit;
}

void sealed_builder_add(SealedBuilder *builder, const void *plain, size_t size,
			struct chunk_place *place)
{
	uint8_t *at = builder->buffer + builder->size;

	assert(size > 0 && size <= CHUNK_MAX);
	assert(builder->sealer && !sealed_builder_is_full(builder));

	size_t packed = compress_chunk(builder->compressor, plain, size, at, compress_bound(size));

	seal_chunk(builder->sealer, builder->chunks, at, packed, at);
	place->chunk = builder->chunks++;
	place->offset = builder->size;
	place->sealed_size = (uint32_t)(packed + SEAL_OVERHEAD);
	place->plain_size = (uint32_t)size;
	builder_advance(builder, place->sealed_size);

	xxh128(builder->settings.digest_seed, plain, size, builder->digest);
	bytes_put_u64(builder->footer, place->offset);
	bytes_put_u32(builder->footer, place->sealed_size);
	bytes_put_u32(builder->footer, place->plain_size);
	bytes_put(builder->footer, builder->digest, sizeof(builder->digest));
}

void sealed_builder_digest(const SealedBuilder *builder, uint8_t digest[XXH128_SIZE])
{
	memcpy(digest, builder->digest, XXH128_SIZE);
}

const void *sealed_builder_end(SealedBuilder *builder, struct pack_row *row)
{
	GByteArray *footer = builder->footer;
	size_t sealed = footer->len + SEAL_OVERHEAD;
	uint8_t *at = builder->buffer + builder->size;

	assert(builder->sealer);
	bytes_set_u32(footer->data, builder->chunks);
	seal_chunk(builder->sealer, SEAL_FOOTER_NUMBER, footer->data, footer->len, at);
	bytes_set_u32(at + sealed, (uint32_t)sealed);
	bytes_set_u32(at + sealed + 4, builder->chunks);
	memcpy(at + sealed + 8, TRAILER_MAGIC, strlen(TRAILER_MAGIC));
	builder_advance(builder, sealed + SEAL_TRAILER_SIZE);

	row->size = builder->size;
	sha256_final(builder->sha256, row->name);
	sealer_header_digest(builder->sealer, row->header);
	g_clear_pointer(&builder->sealer, sealer_free);
	return builder->buffer;
}

/* Reading. */

struct sealed_object {
	const uint8_t *bytes;
	uint64_t footer_offset; /* chunks lie between header and footer */
	size_t header_size;
	Opener *opener;
	struct decompressor *decompressor;
	uint32_t chunks;
	uint8_t *footer; /* opened */
	uint8_t *packed, *plain;
};

void sealed_object_free(SealedObject *object)
{
	if (!object)
		return;
	opener_free(object->opener);
	decompressor_free(object->decompressor);
	g_free(object->footer);
	g_free(object->packed);
	g_free(object->plain);
	g_free(object);
}

static bool open_header(SealedObject *object, size_t size, enum seal_kind kind,
			const Identity *identity, GError **error)
{
	struct seal_header header;

	if (!seal_header_parse(object->bytes, size, &header, error))
		return false;
	if (header.kind != kind)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"it is a sealed object of kind %d, not %d", (int)header.kind,
				(int)kind);
	object->header_size = header.size;
	object->opener = opener_new(&header, identity, error);
	return object->opener != NULL;
}

static bool open_footer(SealedObject *object, size_t size, GError **error)
{
	const uint8_t *trailer = object->bytes + size - SEAL_TRAILER_SIZE;

	if (size < object->header_size + SEAL_TRAILER_SIZE ||
	    memcmp(trailer + 8, TRAILER_MAGIC, strlen(TRAILER_MAGIC)) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"it does not end as a sealed object does");

	size_t sealed = bytes_u32(trailer);

	object->chunks = bytes_u32(trailer + 4);
	if (object->chunks > SEALED_CHUNKS_MAX ||
	    sealed + SEAL_TRAILER_SIZE != end_size(object->chunks) ||
	    sealed > size - SEAL_TRAILER_SIZE - object->header_size)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"its trailer gives %zu bytes for the footer of %u chunks", sealed,
				object->chunks);

	object->footer_offset = size - SEAL_TRAILER_SIZE - sealed;
	object->footer = g_malloc(sealed - SEAL_OVERHEAD);
	if (!open_chunk(object->opener, SEAL_FOOTER_NUMBER, object->bytes + object->footer_offset,
			sealed, object->footer, error))
		return false;
	if (bytes_u32(object->footer) != object->chunks)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"its footer lists %u chunks, its trailer %u",
				bytes_u32(object->footer), object->chunks);
	return true;
}

SealedObject *sealed_object_open(const void *bytes, size_t size, enum seal_kind kind,
				 const Identity *identity, GError **error)
{
	g_autoptr(SealedObject) object = g_new0(SealedObject, 1);

	object->bytes = bytes;
	if (!open_header(object, size, kind, identity, error) || !open_footer(object, size, error))
		return NULL;
	object->decompressor = decompressor_new();
	object->packed = g_malloc(PACKED_MAX);
	object->plain = g_malloc(CHUNK_MAX);
	return g_steal_pointer(&object);
}

uint32_t sealed_object_chunks(const SealedObject *object)
{
	return object->chunks;
}

bool sealed_object_chunk(SealedObject *object, uint32_t number, struct sealed_chunk *chunk,
			 GError **error)
{
	assert(number < object->chunks);

	const uint8_t *row = object->footer + 4 + (size_t)number * SEAL_FOOTER_ROW;
	struct chunk_place place = {
		.chunk = number,
		.offset = bytes_u64(row),
		.sealed_size = bytes_u32(row + 8),
		.plain_size = bytes_u32(row + 12),
	};

	if (place.offset < object->header_size)
		return odr_fail(error, ODR_ERROR_CORRUPT, "chunk %u lies in the header", number);
	if (!chunk_place_check(&place, object->footer_offset, error) ||
	    !open_chunk(object->opener, number, object->bytes + place.offset, place.sealed_size,
			object->packed, error) ||
	    !decompress_chunk(object->decompressor, object->packed,
			      place.sealed_size - SEAL_OVERHEAD, object->plain, place.plain_size,
			      error))
		return odr_context(error, "chunk %u", number);
	chunk->plain = object->plain;
	chunk->size = place.plain_size;
	memcpy(chunk->digest, row + 16, XXH128_SIZE);
	return true;
}
