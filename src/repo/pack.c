#include "repo/pack.h"

#include "base/error.h"
#include "base/pool.h"
#include "base/task.h"
#include "repo/layout.h"
#include "repo/sealed_object.h"

#include <string.h>

#define HEADER_READ ((size_t)4 << 10)  /* nearly every header is shorter */
#define HEADER_NEAR ((size_t)64 << 10) /* a fetch that begins before here brings the header along */
#define HEADER_MAX  ((size_t)64 << 10)

/* Writing. */

struct pack_sink {
	struct pack_sink_settings settings;
	uint8_t service_id[SERVICE_ID_SIZE];
	struct mutex *mutex; /* guards what follows */
	Table *table;	     /* a row of size 0 is taken, and its pack not yet put */
	uint64_t stored;
};

struct pack_sink *pack_sink_new(const struct pack_sink_settings *settings)
{
	struct pack_sink *sink = g_new0(struct pack_sink, 1);

	sink->settings = *settings;
	memcpy(sink->service_id, settings->service_id, SERVICE_ID_SIZE);
	sink->settings.service_id = sink->service_id;
	sink->mutex = mutex_new();
	sink->table = table_new(settings->generation);
	sink->settings.generation = sink->table->generation;
	return sink;
}

void pack_sink_free(struct pack_sink *sink)
{
	if (!sink)
		return;
	mutex_free(sink->mutex);
	table_free(sink->table);
	g_free(sink);
}

uint64_t pack_sink_stored(struct pack_sink *sink)
{
	mutex_lock(sink->mutex);

	uint64_t stored = sink->stored;

	mutex_unlock(sink->mutex);
	return stored;
}

bool pack_sink_table(struct pack_sink *sink, const Table **table, GError **error)
{
	for (guint i = 0; i < sink->table->rows->len; i++)
		if (g_array_index(sink->table->rows, struct pack_row, i).size == 0)
			return odr_fail(error, ODR_ERROR_FAILED,
					"pack %u of this run was begun and never stored", i);
	*table = sink->table;
	return true;
}

/* False when the table is full. */
static bool sink_take_row(struct pack_sink *sink, uint32_t *row)
{
	static const struct pack_row empty;
	GArray *rows = sink->table->rows;
	bool room;

	mutex_lock(sink->mutex);
	room = rows->len < TABLE_ROWS_MAX;
	if (room) {
		*row = rows->len;
		g_array_append_val(rows, empty);
	}
	mutex_unlock(sink->mutex);
	return room;
}

bool pack_sink_refer(struct pack_sink *sink, const struct pack_row *row, uint32_t *number)
{
	if (!sink_take_row(sink, number))
		return false;
	mutex_lock(sink->mutex);
	g_array_index(sink->table->rows, struct pack_row, *number) = *row;
	mutex_unlock(sink->mutex);
	return true;
}

static void sink_fill_row(struct pack_sink *sink, uint32_t number, const struct pack_row *row)
{
	mutex_lock(sink->mutex);
	g_array_index(sink->table->rows, struct pack_row, number) = *row;
	sink->stored += row->size;
	mutex_unlock(sink->mutex);
}

/* Two packs in memory: while one is put, the next is filled. */
struct pack_writer {
	struct pack_sink *sink;
	SealedBuilder *builder; /* of the open pack */
	uint32_t row;		/* of the open pack */
	SealedBuilder *spare;	/* holds the pack that is being put; made when first needed */
	struct task *putting;	/* NULL: none */
	const void *put_bytes;
	uint32_t put_number;
	struct pack_row put_row;
};

static SealedBuilder *builder_new(const struct pack_sink_settings *settings)
{
	return sealed_builder_new(&(struct sealed_builder_settings){
		.limit = settings->pack_size,
		.compress_level = settings->compress_level,
		.digest_seed = settings->digest_seed,
	});
}

PackWriter *pack_writer_new(struct pack_sink *sink)
{
	PackWriter *writer = g_new0(PackWriter, 1);

	writer->sink = sink;
	writer->builder = builder_new(&sink->settings);
	return writer;
}

void pack_writer_free(PackWriter *writer)
{
	if (!writer)
		return;
	task_wait(writer->putting, NULL);
	sealed_builder_free(writer->builder);
	sealed_builder_free(writer->spare);
	g_free(writer);
}

const struct pack_sink_settings *pack_writer_settings(const PackWriter *writer)
{
	return &writer->sink->settings;
}

static bool pack_begin(PackWriter *writer, GError **error)
{
	struct seal_request request = {
		.kind = SEAL_PACK,
		.service_id = writer->sink->settings.service_id,
		.recipients = writer->sink->settings.recipients,
	};
	uint32_t row;

	if (!sink_take_row(writer->sink, &row))
		return odr_fail(error, ODR_ERROR_REFUSED, "a layer refers to at most %d packs",
				TABLE_ROWS_MAX);
	writer->row = row;
	return sealed_builder_begin(writer->builder, &request, error);
}

static bool put_task(void *data, GError **error)
{
	PackWriter *writer = data;
	const struct pack_sink_settings *settings = &writer->sink->settings;
	struct iovec part = {(void *)writer->put_bytes, writer->put_row.size};
	g_autofree char *local = layout_pack(settings->generation, writer->put_row.name);

	if (!repos_put(settings->repos, local, &part, 1, settings->lock_until, error))
		return false;
	sink_fill_row(writer->sink, writer->put_number, &writer->put_row);
	return true;
}

static bool put_wait(PackWriter *writer, GError **error)
{
	return task_wait(g_steal_pointer(&writer->putting), error);
}

/* After a failure the pack is gone and its row stays empty, so that the run cannot be published. */
static bool pack_put(PackWriter *writer, GError **error)
{
	SealedBuilder *filled = writer->builder;

	if (!put_wait(writer, error))
		return false;
	writer->put_number = writer->row;
	writer->put_bytes = sealed_builder_end(filled, &writer->put_row);
	writer->builder = writer->spare ? writer->spare : builder_new(&writer->sink->settings);
	writer->spare = filled;
	writer->putting = task_start(put_task, writer, error);
	return writer->putting != NULL;
}

bool pack_writer_add(PackWriter *writer, const void *plain, size_t size, struct chunk_place *place,
		     uint8_t digest[XXH128_SIZE], GError **error)
{
	struct chunk_place added;

	if (!sealed_builder_is_open(writer->builder) && !pack_begin(writer, error))
		return false;
	sealed_builder_add(writer->builder, plain, size, &added);
	added.pack = writer->row;
	if (digest)
		sealed_builder_digest(writer->builder, digest);
	if (sealed_builder_is_full(writer->builder) && !pack_put(writer, error))
		return false;
	*place = added;
	return true;
}

bool pack_writer_end(PackWriter *writer, GError **error)
{
	return !sealed_builder_is_open(writer->builder) || pack_put(writer, error);
}

bool pack_writer_finish(PackWriter *writer, GError **error)
{
	return pack_writer_end(writer, error) && put_wait(writer, error);
}

/* Reading. */

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
