#include "repo/signed_object.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/pool.h"
#include "stream/compress.h"

#define TRAILER_MAGIC "ODREND01"
#define SLOT_SIZE     (compress_bound(CHUNK_MAX) + SEAL_OVERHEAD)

/* A row of the footer. */
struct chunk_row {
	uint64_t offset; /* in the object */
	uint32_t sealed_size, plain_size;
	uint8_t digest[XXH128_SIZE];
};

static size_t chunks_of(size_t size)
{
	return size / CHUNK_MAX + (size % CHUNK_MAX != 0);
}

static size_t footer_size(size_t chunks)
{
	return 4 + chunks * SEAL_FOOTER_ROW + SEAL_OVERHEAD;
}

struct sealing {
	const struct signed_request *request;
	const Sealer *sealer;
	uint64_t seed;
	uint8_t *bytes; /* the object */
	size_t header_size;
	bool alone; /* one worker: every chunk goes right behind the one before */
	struct chunk_row *rows;
};

static bool sealing_begin(void *shared, unsigned worker, void **context, GError **error)
{
	const struct sealing *sealing = shared;

	*context = compressor_new(sealing->request->compress_level);
	return true;
}

static bool sealing_end(void *shared, void *context, bool finished, GError **error)
{
	compressor_free(context);
	return true;
}

/* Where a chunk may be written: with several workers each has room of its own. */
static uint64_t sealing_place(const struct sealing *sealing, size_t number)
{
	if (sealing->alone && number > 0)
		return sealing->rows[number - 1].offset + sealing->rows[number - 1].sealed_size;
	return sealing->header_size + number * SLOT_SIZE;
}

static bool sealing_run(void *shared, void *context, size_t number, GError **error)
{
	struct sealing *sealing = shared;
	struct chunk_row *row = &sealing->rows[number];
	const uint8_t *plain = (const uint8_t *)sealing->request->content + number * CHUNK_MAX;
	size_t size = MIN(CHUNK_MAX, sealing->request->size - number * CHUNK_MAX);
	uint64_t offset = sealing_place(sealing, number);
	uint8_t *place = sealing->bytes + offset;
	size_t packed = compress_chunk(context, plain, size, place, compress_bound(size));

	seal_chunk(sealing->sealer, number, place, packed, place);
	row->offset = offset;
	row->sealed_size = packed + SEAL_OVERHEAD;
	row->plain_size = size;
	xxh128(sealing->seed, plain, size, row->digest);
	return true;
}

/* Moves the chunks together, in order. Returns where they end. */
static size_t sealing_close_gaps(struct sealing *sealing, size_t chunks)
{
	size_t end = sealing->header_size;

	for (size_t i = 0; i < chunks; i++) {
		struct chunk_row *row = &sealing->rows[i];

		if (row->offset != end)
			memmove(sealing->bytes + end, sealing->bytes + row->offset,
				row->sealed_size);
		row->offset = end;
		end += row->sealed_size;
	}
	return end;
}

/* Footer and trailer at `at`. Returns where they end. */
static size_t sealing_put_footer(const struct sealing *sealing, size_t chunks, size_t at)
{
	g_autoptr(GByteArray) footer = g_byte_array_sized_new(footer_size(chunks));
	g_autoptr(GByteArray) trailer = g_byte_array_sized_new(SEAL_TRAILER_SIZE);

	bytes_put_u32(footer, chunks);
	for (size_t i = 0; i < chunks; i++) {
		bytes_put_u64(footer, sealing->rows[i].offset);
		bytes_put_u32(footer, sealing->rows[i].sealed_size);
		bytes_put_u32(footer, sealing->rows[i].plain_size);
		bytes_put(footer, sealing->rows[i].digest, XXH128_SIZE);
	}
	seal_chunk(sealing->sealer, SEAL_FOOTER_NUMBER, footer->data, footer->len,
		   sealing->bytes + at);
	at += footer_size(chunks);

	bytes_put_u32(trailer, footer_size(chunks));
	bytes_put_u32(trailer, chunks);
	bytes_put(trailer, TRAILER_MAGIC, strlen(TRAILER_MAGIC));
	memcpy(sealing->bytes + at, trailer->data, trailer->len);
	return at + trailer->len;
}

bool signed_object_seal(const struct signed_request *request, GByteArray **object, GError **error)
{
	const Bundle *bundle = request->bundle;
	size_t chunks = chunks_of(request->size);
	g_autoptr(Sealer) sealer =
		sealer_new(&(struct seal_request){.kind = request->kind,
						  .service_id = bundle->service.id,
						  .recipients = bundle->recipients,
						  .public_part = request->public_part,
						  .public_size = request->public_size},
			   error);
	size_t header_size, end;
	const uint8_t *header;

	if (!sealer)
		return false;
	header = sealer_header(sealer, &header_size);

	size_t room = header_size + chunks * SLOT_SIZE + footer_size(chunks) + SEAL_TRAILER_SIZE +
		      SIGNATURE_BLOCK_SIZE;
	g_autoptr(GByteArray) bytes = g_byte_array_set_size(g_byte_array_new(), room);
	g_autofree struct chunk_row *rows = g_new0(struct chunk_row, MAX(chunks, 1));
	unsigned workers = MIN(MAX(request->threads, 1), MAX(chunks, 1));
	struct sealing sealing = {
		.request = request,
		.sealer = sealer,
		.seed = digest_seed(bundle->digest_secret, "content"),
		.bytes = bytes->data,
		.header_size = header_size,
		.alone = workers == 1,
		.rows = rows,
	};
	struct pool_work work = {
		.workers = workers,
		.jobs = chunks,
		.shared = &sealing,
		.begin = sealing_begin,
		.run = sealing_run,
		.end = sealing_end,
	};
	uint8_t digest[SHA256_SIZE];

	memcpy(bytes->data, header, header_size);
	if (!pool_run(&work, error))
		return false;
	end = sealing_close_gaps(&sealing, chunks);
	end = sealing_put_footer(&sealing, chunks, end);
	sha256(bytes->data, end, digest);
	sign_object(bundle, request->local, digest, bytes->data + end);
	g_byte_array_set_size(bytes, end + SIGNATURE_BLOCK_SIZE);
	*object = g_steal_pointer(&bytes);
	return true;
}

GBytes *signed_object_seal_text(const struct signed_request *request, const char *public_text,
				const char *sealed_text, GError **error)
{
	struct signed_request texts = *request;
	GByteArray *object;

	texts.public_part = public_text;
	texts.public_size = strlen(public_text);
	texts.content = sealed_text;
	texts.size = strlen(sealed_text);
	return signed_object_seal(&texts, &object, error) ? g_byte_array_free_to_bytes(object)
							  : NULL;
}

static bool trailer_parse(struct signed_object *object, GError **error)
{
	const uint8_t *trailer = object->bytes + object->size - SEAL_TRAILER_SIZE;
	size_t room;

	if (object->size < object->header.size + SEAL_TRAILER_SIZE ||
	    memcmp(trailer + 8, TRAILER_MAGIC, strlen(TRAILER_MAGIC)) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"it does not end as a sealed object does");
	room = object->size - object->header.size - SEAL_TRAILER_SIZE;
	object->chunks = bytes_u32(trailer + 4);
	if (bytes_u32(trailer) != footer_size(object->chunks) || footer_size(object->chunks) > room)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it has no room for its footer");
	object->footer_offset = object->size - SEAL_TRAILER_SIZE - footer_size(object->chunks);
	return true;
}

bool signed_object_check(const struct key_service *service, enum seal_kind kind, const char *local,
			 const void *bytes, size_t size, struct signed_object *object,
			 GError **error)
{
	struct signed_object checked = {.bytes = bytes};
	struct signature_facts facts;

	if (size < SEAL_HEADER_START + SEAL_TRAILER_SIZE + SIGNATURE_BLOCK_SIZE)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it is too short for a signed object");
	checked.size = size - SIGNATURE_BLOCK_SIZE;
	sha256(bytes, checked.size, checked.sha256);
	if (!sign_verify_block(service, KEY_ROLE_WRITER, local, checked.sha256,
			       checked.bytes + checked.size, &facts, error) ||
	    !seal_header_parse(bytes, checked.size, &checked.header, error))
		return false;
	if (checked.header.kind != kind)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it is an object of another kind (%d)",
				checked.header.kind);
	if (memcmp(checked.header.service_id, service->id, SERVICE_ID_SIZE) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it belongs to another service");
	if (!trailer_parse(&checked, error))
		return false;
	checked.writer = facts.endorsement;
	*object = checked;
	return true;
}

struct signed_reader {
	const struct signed_object *object;
	Opener *opener;
	struct chunk_row *rows;
	uint64_t size, seed;
	uint32_t plain_max, sealed_max; /* of a chunk */
};

void signed_reader_free(SignedReader *reader)
{
	if (!reader)
		return;
	opener_free(reader->opener);
	g_free(reader->rows);
	g_free(reader);
}

uint64_t signed_reader_size(const SignedReader *reader)
{
	return reader->size;
}

/* Chunks lie back to back behind the header, and all but the last are full. */
static bool row_fits(const struct signed_object *object, const struct chunk_row *row, bool last,
		     uint64_t position)
{
	return row->offset == position && row->sealed_size > SEAL_OVERHEAD &&
	       row->sealed_size <= SLOT_SIZE && position <= object->footer_offset &&
	       row->sealed_size <= object->footer_offset - position && row->plain_size > 0 &&
	       row->plain_size <= CHUNK_MAX && (last || row->plain_size == CHUNK_MAX);
}

static bool reader_parse_footer(SignedReader *reader, const uint8_t *footer, GError **error)
{
	const struct signed_object *object = reader->object;
	uint64_t position = object->header.size;
	struct bytes_reader in;

	bytes_reader_init(&in, footer, footer_size(object->chunks) - SEAL_OVERHEAD);
	if (bytes_get_u32(&in) != object->chunks)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"its footer and trailer differ in the number of chunks");
	for (uint32_t i = 0; i < object->chunks; i++) {
		struct chunk_row *row = &reader->rows[i];
		const uint8_t *digest;

		row->offset = bytes_get_u64(&in);
		row->sealed_size = bytes_get_u32(&in);
		row->plain_size = bytes_get_u32(&in);
		digest = bytes_get(&in, XXH128_SIZE);
		if (!digest || !row_fits(object, row, i + 1 == object->chunks, position))
			return odr_fail(error, ODR_ERROR_CORRUPT, "row %u of its footer is wrong",
					i);
		memcpy(row->digest, digest, XXH128_SIZE);
		position += row->sealed_size;
		reader->size += row->plain_size;
		reader->plain_max = MAX(reader->plain_max, row->plain_size);
		reader->sealed_max = MAX(reader->sealed_max, row->sealed_size);
	}
	return true;
}

SignedReader *signed_reader_new(const struct signed_object *object, const Identity *identity,
				GError **error)
{
	g_autoptr(SignedReader) reader = g_new0(SignedReader, 1);
	size_t size = footer_size(object->chunks);
	g_autofree uint8_t *footer = g_try_malloc(size);

	reader->object = object;
	reader->seed = digest_seed(identity->digest_secret, "content");
	reader->rows = g_try_new0(struct chunk_row, MAX(object->chunks, 1));
	if (!footer || !reader->rows) {
		odr_fail(error, ODR_ERROR_SYSTEM, "no memory for a footer of %zu bytes", size);
		return NULL;
	}
	reader->opener = opener_new(&object->header, identity, error);
	if (!reader->opener)
		return NULL;
	if (!open_chunk(reader->opener, SEAL_FOOTER_NUMBER, object->bytes + object->footer_offset,
			size, footer, error)) {
		odr_context(error, "its footer");
		return NULL;
	}
	if (!reader_parse_footer(reader, footer, error))
		return NULL;
	return g_steal_pointer(&reader);
}

struct reading {
	const SignedReader *reader;
	const struct signed_sink *sink;
};

struct reading_worker {
	struct decompressor *decompressor;
	uint8_t *
		plain; /* room for a chunk, which stays in the processor's cache until it is taken */
	uint8_t *packed; /* behind it */
};

static bool reading_begin(void *shared, unsigned number, void **context, GError **error)
{
	const struct reading *reading = shared;
	const SignedReader *reader = reading->reader;
	uint8_t *plain = memory_large((size_t)reader->plain_max + reader->sealed_max);

	if (!plain)
		return odr_fail(error, ODR_ERROR_SYSTEM, "no memory for a chunk");

	struct reading_worker *worker = g_new0(struct reading_worker, 1);

	worker->plain = plain;
	worker->packed = plain + reader->plain_max;
	worker->decompressor = decompressor_new();
	*context = worker;
	return true;
}

static bool reading_end(void *shared, void *context, bool finished, GError **error)
{
	struct reading_worker *worker = context;

	decompressor_free(worker->decompressor);
	g_free(worker->plain);
	g_free(worker);
	return true;
}

static bool reading_run(void *shared, void *context, size_t number, GError **error)
{
	const struct reading *reading = shared;
	const SignedReader *reader = reading->reader;
	const struct chunk_row *row = &reader->rows[number];
	struct reading_worker *worker = context;
	uint8_t digest[XXH128_SIZE];

	if (!open_chunk(reader->opener, number, reader->object->bytes + row->offset,
			row->sealed_size, worker->packed, error) ||
	    !decompress_chunk(worker->decompressor, worker->packed,
			      row->sealed_size - SEAL_OVERHEAD, worker->plain, row->plain_size,
			      error))
		return odr_context(error, "chunk %zu", number);
	xxh128(reader->seed, worker->plain, row->plain_size, digest);
	if (memcmp(digest, row->digest, sizeof(digest)) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "chunk %zu has a wrong digest", number);
	return !reading->sink->put ||
	       reading->sink->put(reading->sink->data, (uint64_t)number * CHUNK_MAX, worker->plain,
				  row->plain_size, error);
}

static bool reading_take(void *shared, void *context, size_t number, GError **error)
{
	const struct reading *reading = shared;
	const struct signed_sink *sink = reading->sink;
	const struct reading_worker *worker = context;

	return sink->take(sink->data, worker->plain, reading->reader->rows[number].plain_size,
			  error);
}

bool signed_reader_read(const SignedReader *reader, unsigned threads,
			const struct signed_sink *sink, GError **error)
{
	struct reading reading = {.reader = reader, .sink = sink};
	uint32_t chunks = reader->object->chunks;
	struct pool_work work = {
		.workers = MIN(MAX(threads, 1), MAX(chunks, 1)),
		.jobs = chunks,
		.shared = &reading,
		.begin = reading_begin,
		.run = reading_run,
		.in_turn = reading_take,
		.end = reading_end,
	};

	return pool_run(&work, error);
}

static bool take_text(void *text, const void *plain, size_t size, GError **error)
{
	(void)error;
	g_string_append_len(text, plain, (gssize)size);
	return true;
}

bool signed_object_text(const struct signed_object *object, const Identity *identity, size_t max,
			GString **text, GError **error)
{
	g_autoptr(SignedReader) reader = signed_reader_new(object, identity, error);
	g_autoptr(GString) read = g_string_new(NULL);

	if (!reader)
		return false;
	if (signed_reader_size(reader) > max)
		return odr_fail(error, ODR_ERROR_CORRUPT, "its sealed part is too large");
	if (!signed_reader_read(reader, 1, &(struct signed_sink){.data = read, .take = take_text},
				error))
		return false;
	*text = g_steal_pointer(&read);
	return true;
}
