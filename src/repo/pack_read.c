#include "repo/pack.h"

#include "base/error.h"
#include "repo/layout.h"
#include "repo/sealed_object.h"

#include <string.h>

#define HEADER_READ ((size_t)4 << 10)  /* nearly every header is shorter */
#define HEADER_NEAR ((size_t)64 << 10) /* a fetch that begins before here brings the header along */
#define HEADER_MAX  ((size_t)64 << 10)

struct pack_reader {
	Repo *repo;
	StoreChoice *choice; /* which version of the object is read */
	bool settled;	     /* a chunk of it was good */
	const Identity *identity;
	struct pack_row row;
	char *local;
	Opener *opener; /* NULL until the header was read and checked */
	struct decompressor *decompressor;
	uint8_t *packed;
	uint8_t *buffer; /* size bytes of the object from start */
	uint64_t start;
	size_t size, capacity;
};

PackReader *pack_reader_open(Repo *repo, const Identity *identity, const char *generation,
			     const struct pack_row *row, GError **error)
{
	g_autoptr(PackReader) reader = g_new0(PackReader, 1);

	reader->repo = repo;
	reader->identity = identity;
	reader->row = *row;
	reader->local = layout_pack(generation, row->name);
	reader->choice = repo_choose(repo, reader->local, error);
	if (!reader->choice)
		return NULL;
	reader->decompressor = decompressor_new();
	reader->packed = g_malloc(CHUNK_MAX + 1);
	if (row->size < SEAL_HEADER_START || row->size > STORE_OBJECT_MAX) {
		g_autofree char *where = repo_where(repo, reader->local);

		odr_fail(error, ODR_ERROR_CORRUPT,
			 "pack %s cannot have the %" G_GUINT64_FORMAT " bytes of its table", where,
			 row->size);
		return NULL;
	}
	return g_steal_pointer(&reader);
}

void pack_reader_free(PackReader *reader)
{
	if (!reader)
		return;
	store_choice_free(reader->choice);
	opener_free(reader->opener);
	decompressor_free(reader->decompressor);
	g_free(reader->local);
	g_free(reader->packed);
	g_free(reader->buffer);
	g_free(reader);
}

static bool reader_failed(const PackReader *reader, const char *doing, GError **error)
{
	g_autofree char *where = repo_where(reader->repo, reader->local);

	return odr_context(error, "cannot %s pack %s", doing, where);
}

static bool reader_get(const PackReader *reader, uint64_t offset, size_t size, void *buffer,
		       GError **error)
{
	const StoreChoice *choice = reader->choice;

	return store_get_range(choice->store, choice->name, store_choice_version(choice), offset,
			       size, buffer, error);
}

/* Which bytes are the header, and whether they are those the table names. */
static bool header_check(const struct pack_row *row, const uint8_t *bytes, size_t have,
			 size_t *header_size, GError **error)
{
	uint8_t digest[SHA256_SIZE];
	size_t size;

	if (have < SEAL_HEADER_START)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it is too short for a header");
	if (!seal_header_size(bytes, &size, error))
		return false;
	if (size > MIN(row->size, HEADER_MAX))
		return odr_fail(error, ODR_ERROR_CORRUPT, "its header cannot have %zu bytes", size);
	*header_size = size;
	if (size > have)
		return true; /* judged when all of it is there */

	sha256(bytes, size, digest);
	if (memcmp(digest, row->header, SHA256_SIZE) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"its header is not the one its table names");
	return true;
}

static bool whole_check(void *data, GBytes *content, const struct store_object *version,
			GError **error)
{
	const struct pack_row *row = data;
	uint8_t name[SHA256_SIZE];
	size_t header_size, size;
	const void *bytes = g_bytes_get_data(content, &size);

	if (size != row->size)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"it has %zu bytes, its table says %" G_GUINT64_FORMAT, size,
				row->size);
	sha256(bytes, size, name);
	if (memcmp(name, row->name, SHA256_SIZE) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"its content does not have the SHA-256 of its name");
	return header_check(row, bytes, size, &header_size, error);
}

/* A version that we do not know is one only where the whole pack is what its table names. */
static bool reader_refuse_newer(PackReader *reader, GError **error)
{
	const StoreChoice *choice = reader->choice;
	g_autoptr(GBytes) content = NULL;

	if (!store_get(choice->store, choice->name, store_choice_version(choice), 0, &content,
		       error))
		return false;
	if (whole_check(&reader->row, content, &choice->version, error))
		return odr_fail(error, ODR_ERROR_CORRUPT, "its header changes while it is read");
	return false;
}

static bool reader_check_header(PackReader *reader, const uint8_t *bytes, size_t have, size_t *size,
				GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (header_check(&reader->row, bytes, have, size, &cause))
		return true;
	if (odr_error_is(cause, ODR_ERROR_REFUSED))
		return reader_refuse_newer(reader, error);
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

static bool reader_unlock(PackReader *reader, const uint8_t *bytes, size_t have, GError **error)
{
	g_autofree uint8_t *longer = NULL;
	struct seal_header header;
	size_t size;

	if (!reader_check_header(reader, bytes, have, &size, error))
		return false;
	if (size > have) {
		longer = g_malloc(size);
		if (!reader_get(reader, 0, size, longer, error) ||
		    !reader_check_header(reader, longer, size, &size, error))
			return false;
		bytes = longer;
		have = size;
	}
	if (!seal_header_parse(bytes, have, &header, error))
		return false;
	if (header.kind != SEAL_PACK)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it is not a pack");
	reader->opener = opener_new(&header, reader->identity, error);
	return reader->opener != NULL;
}

static bool reader_unlock_alone(PackReader *reader, GError **error)
{
	uint8_t start[HEADER_READ];
	size_t size = MIN(sizeof(start), reader->row.size);

	return reader_get(reader, 0, size, start, error) &&
	       reader_unlock(reader, start, size, error);
}

static bool reader_fill(PackReader *reader, uint64_t offset, size_t size, GError **error)
{
	reader->size = 0;
	if (size > reader->capacity) {
		g_clear_pointer(&reader->buffer, g_free);
		reader->capacity = 0;
		reader->buffer = g_try_malloc(size);
		if (!reader->buffer)
			return odr_fail(error, ODR_ERROR_SYSTEM, "no memory for %zu bytes", size);
		reader->capacity = size;
	}
	if (!reader_get(reader, offset, size, reader->buffer, error))
		return false;
	reader->start = offset;
	reader->size = size;
	return true;
}

static bool reader_fetch(PackReader *reader, uint64_t offset, size_t size, GError **error)
{
	bool with_header = !reader->opener && offset <= HEADER_NEAR;

	if (size > reader->row.size || offset > reader->row.size - size)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"%zu bytes at %" G_GUINT64_FORMAT
				" lie outside its %" G_GUINT64_FORMAT " bytes",
				size, offset, reader->row.size);
	if (with_header) {
		size = MIN(MAX(size + offset, HEADER_READ), reader->row.size);
		offset = 0;
	}
	if (!reader_fill(reader, offset, size, error))
		return false;
	if (with_header)
		return reader_unlock(reader, reader->buffer, reader->size, error);
	return reader->opener || reader_unlock_alone(reader, error);
}

/* *error says why this version is no good: goes to another one of the size that the table tells, with what
 * was fetched last. */
static bool reader_next_version(PackReader *reader, GError **error)
{
	uint64_t start = reader->start;
	size_t size = reader->size;

	while (store_choice_next(reader->choice, error)) {
		uint64_t found = reader->choice->version.size;

		g_clear_pointer(&reader->opener, opener_free);
		reader->size = 0;
		if (found != reader->row.size)
			odr_fail(error, ODR_ERROR_CORRUPT,
				 "it has %" G_GUINT64_FORMAT " bytes, its table says "
				 "%" G_GUINT64_FORMAT,
				 found, reader->row.size);
		else if (size == 0 || reader_fetch(reader, start, size, error))
			return true;
	}
	return false;
}

bool pack_reader_fetch(PackReader *reader, uint64_t offset, size_t size, GError **error)
{
	g_autoptr(GError) cause = NULL;

	while (!reader_fetch(reader, offset, size, &cause)) {
		reader->size = 0;
		if (reader_next_version(reader, &cause))
			continue;
		g_propagate_error(error, g_steal_pointer(&cause));
		return reader_failed(reader, "read", error);
	}
	return true;
}

static bool reader_has(const PackReader *reader, const struct chunk_place *place)
{
	return reader->opener && place->offset >= reader->start &&
	       place->offset - reader->start <= reader->size &&
	       place->sealed_size <= reader->size - (place->offset - reader->start);
}

static bool reader_open_chunk(PackReader *reader, const struct chunk_place *place, void *plain,
			      GError **error)
{
	const uint8_t *sealed;

	if (!reader_has(reader, place) &&
	    !reader_fetch(reader, place->offset, place->sealed_size, error))
		return false;
	sealed = reader->buffer + (place->offset - reader->start);
	return open_chunk(reader->opener, place->chunk, sealed, place->sealed_size, reader->packed,
			  error) &&
	       decompress_chunk(reader->decompressor, reader->packed,
				place->sealed_size - SEAL_OVERHEAD, plain, place->plain_size,
				error);
}

bool pack_reader_chunk(PackReader *reader, const struct chunk_place *place, void *plain,
		       GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (!chunk_place_check(place, reader->row.size, error))
		return reader_failed(reader, "read", error);
	while (!reader_open_chunk(reader, place, plain, &cause)) {
		if (reader_next_version(reader, &cause))
			continue;
		g_propagate_error(error, g_steal_pointer(&cause));
		return reader_failed(reader, "open a chunk of", error);
	}
	if (!reader->settled)
		store_choice_settle(reader->choice);
	reader->settled = true;
	return true;
}

/* Whole packs. */

static bool chunks_check(const void *bytes, size_t size, const Identity *identity,
			 uint64_t digest_seed, GError **error)
{
	g_autoptr(SealedObject) object =
		sealed_object_open(bytes, size, SEAL_PACK, identity, error);
	uint8_t digest[XXH128_SIZE];
	struct sealed_chunk chunk;

	if (!object)
		return false;
	for (uint32_t i = 0; i < sealed_object_chunks(object); i++) {
		if (!sealed_object_chunk(object, i, &chunk, error))
			return false;
		xxh128(digest_seed, chunk.plain, chunk.size, digest);
		if (memcmp(digest, chunk.digest, XXH128_SIZE) != 0)
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"chunk %u: its content does not have the digest of the "
					"footer",
					i);
	}
	return true;
}

/* Without an identity only what needs no key. */
static bool whole_verify(Repo *repo, const Identity *identity, const char *generation,
			 const struct pack_row *row, uint64_t digest_seed, GError **error)
{
	g_autofree char *local = layout_pack(generation, row->name);
	g_autofree char *where = repo_where(repo, local);
	g_autoptr(GBytes) content = NULL;

	if (!repo_get_good(repo,
			   &(struct repo_wanted){
				   .local = local, .verify = whole_check, .data = (void *)row},
			   &content, error))
		return odr_context(error, "cannot verify pack %s", where);
	return !identity ||
	       chunks_check(g_bytes_get_data(content, NULL), g_bytes_get_size(content), identity,
			    digest_seed, error) ||
	       odr_context(error, "cannot verify pack %s", where);
}

bool pack_verify(Repo *repo, const Identity *identity, const char *generation,
		 const struct pack_row *row, uint64_t digest_seed, GError **error)
{
	return whole_verify(repo, identity, generation, row, digest_seed, error);
}

bool pack_check_name(Repo *repo, const char *generation, const struct pack_row *row, GError **error)
{
	return whole_verify(repo, NULL, generation, row, 0, error);
}
