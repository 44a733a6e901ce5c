#include "repo/wal_object.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"

#define WAL_PIECES_MAX	    ((unsigned)(WAL_FILE_MAX / WAL_PIECE_SIZE))
#define WAL_FIELD_IGNORABLE 0x8000 /* a reader may ignore these */
#define WAL_NAME_DIGITS	    (2 * XXH128_SIZE)

unsigned wal_object_pieces(uint64_t file_size)
{
	return file_size <= WAL_PIECE_SIZE ? 1 : (file_size + WAL_PIECE_SIZE - 1) / WAL_PIECE_SIZE;
}

uint64_t wal_piece_offset(unsigned piece)
{
	return (piece - 1) * WAL_PIECE_SIZE;
}

uint64_t wal_piece_size(uint64_t file_size, unsigned piece)
{
	return MIN(WAL_PIECE_SIZE, file_size - wal_piece_offset(piece));
}

void wal_object_clear(struct wal_object *object)
{
	g_clear_pointer(&object->local, g_free);
	g_clear_pointer(&object->bytes, g_byte_array_unref);
}

void wal_object_digest(const uint8_t digest_secret[KEY_SIZE], const void *content, uint64_t size,
		       uint8_t digest[XXH128_SIZE])
{
	xxh128(digest_seed(digest_secret, "wal"), content, size, digest);
}

struct xxh128 *wal_object_digest_new(const uint8_t digest_secret[KEY_SIZE])
{
	return xxh128_new(digest_seed(digest_secret, "wal"));
}

char *wal_object_name(const char *file, const uint8_t digest[XXH128_SIZE], unsigned piece,
		      unsigned pieces)
{
	g_autofree char *local = layout_wal(file, digest);

	if (pieces == 1)
		return g_steal_pointer(&local);
	return g_strdup_printf("%s.%uof%u", local, piece, pieces);
}

static bool parse_count(const char **at, unsigned *count)
{
	unsigned value = 0;

	if (**at < '1' || **at > '9')
		return false;
	for (; g_ascii_isdigit(**at); (*at)++) {
		value = 10 * value + (**at - '0');
		if (value > WAL_PIECES_MAX)
			return false;
	}
	*count = value;
	return true;
}

/* ".<k>of<n>", as wal_object_name writes it. */
static bool parse_piece(const char *text, unsigned *piece, unsigned *pieces)
{
	if (*text++ != '.' || !parse_count(&text, piece) || !g_str_has_prefix(text, "of"))
		return false;
	text += strlen("of");
	return parse_count(&text, pieces) && *text == '\0' && *pieces > 1 && *piece <= *pieces;
}

bool wal_object_name_parse(const char *local, char **file, uint8_t digest[XXH128_SIZE],
			   unsigned *piece, unsigned *pieces)
{
	const char *dash = strrchr(local, '-');
	unsigned k = 1, n = 1;

	if (!dash || strlen(dash + 1) < WAL_NAME_DIGITS)
		return false;

	const char *end = dash + 1 + WAL_NAME_DIGITS;
	g_autofree char *whole = g_strndup(local, end - local);

	if ((*end != '\0' && !parse_piece(end, &k, &n)) || !layout_parse_wal(whole, file, digest))
		return false;
	*piece = k;
	*pieces = n;
	return true;
}

static GByteArray *public_part(const struct wal_object_request *request, unsigned pieces)
{
	GByteArray *fields = g_byte_array_new();
	g_autoptr(GByteArray) value = g_byte_array_new();

	bytes_put_field(fields, WAL_FIELD_FILE, request->file, strlen(request->file));
	bytes_put_u64(value, request->size);
	bytes_put_field(fields, WAL_FIELD_SIZE, value->data, value->len);
	g_byte_array_set_size(value, 0);
	bytes_put_u64(value, request->system_identifier);
	bytes_put_field(fields, WAL_FIELD_SYSTEM, value->data, value->len);
	g_byte_array_set_size(value, 0);
	bytes_put_u32(value, request->major);
	bytes_put_field(fields, WAL_FIELD_MAJOR, value->data, value->len);
	g_byte_array_set_size(value, 0);
	bytes_put_u32(value, request->piece);
	bytes_put_u32(value, pieces);
	bytes_put_u64(value, wal_piece_offset(request->piece));
	bytes_put_field(fields, WAL_FIELD_PIECE, value->data, value->len);
	return fields;
}

bool wal_object_seal(const struct wal_object_request *request, struct wal_object *object,
		     GError **error)
{
	unsigned pieces = wal_object_pieces(request->size);

	assert(request->piece >= 1 && request->piece <= pieces);
	if (request->size > WAL_FILE_MAX)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"WAL file %s has %" G_GUINT64_FORMAT " bytes, more than 1 GiB",
				request->file, request->size);
	if (wal_file_kind(request->file, NULL) == WAL_FILE_UNKNOWN)
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' is not the name of a WAL file",
				request->file);

	g_autofree char *local =
		wal_object_name(request->file, request->digest, request->piece, pieces);
	g_autoptr(GByteArray) fields = public_part(request, pieces);
	struct signed_request sealed = {
		.kind = SEAL_WAL,
		.bundle = request->bundle,
		.local = local,
		.public_part = fields->data,
		.public_size = fields->len,
		.content = (const uint8_t *)request->content + wal_piece_offset(request->piece),
		.size = wal_piece_size(request->size, request->piece),
		.compress_level = request->compress_level,
		.threads = request->threads,
	};
	GByteArray *bytes;

	if (!signed_object_seal(&sealed, &bytes, error))
		return odr_context(error, "cannot seal WAL file %s", request->file);
	object->local = g_steal_pointer(&local);
	object->bytes = bytes;
	return true;
}

void wal_facts_clear(struct wal_facts *facts)
{
	g_clear_pointer(&facts->file, g_free);
}

static bool facts_take_field(struct wal_facts *facts, const struct bytes_field *field,
			     GError **error)
{
	struct bytes_reader in;

	bytes_reader_init(&in, field->data, field->size);
	switch (field->type) {
	case WAL_FIELD_FILE:
		if (field->size == 0 || memchr(field->data, '\0', field->size))
			return odr_fail(error, ODR_ERROR_CORRUPT, "its file name is not text");
		facts->file = g_strndup((const char *)field->data, field->size);
		return true;
	case WAL_FIELD_SIZE:
		facts->size = bytes_get_u64(&in);
		break;
	case WAL_FIELD_SYSTEM:
		facts->system_identifier = bytes_get_u64(&in);
		break;
	case WAL_FIELD_MAJOR:
		facts->major = bytes_get_u32(&in) & INT32_MAX;
		break;
	case WAL_FIELD_PIECE:
		facts->piece = bytes_get_u32(&in);
		facts->pieces = bytes_get_u32(&in);
		facts->offset = bytes_get_u64(&in);
		break;
	default:
		if (field->type < WAL_FIELD_IGNORABLE)
			return odr_fail(error, ODR_ERROR_REFUSED,
					"it has the field %u, which this program does not know",
					field->type);
		return true;
	}
	if (!bytes_reader_ok(&in) || bytes_reader_left(&in) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "its field %u has a wrong size",
				field->type);
	return true;
}

static bool facts_parse(struct wal_facts *facts, const void *fields, size_t size, GError **error)
{
	static const unsigned wanted = 1u << WAL_FIELD_FILE | 1u << WAL_FIELD_SIZE |
				       1u << WAL_FIELD_SYSTEM | 1u << WAL_FIELD_MAJOR |
				       1u << WAL_FIELD_PIECE;
	struct bytes_reader in;
	struct bytes_field field;
	unsigned seen = 0;

	bytes_reader_init(&in, fields, size);
	while (bytes_get_field(&in, &field)) {
		unsigned bit = field.type <= WAL_FIELD_PIECE ? 1u << field.type : 0;

		if (seen & bit)
			return odr_fail(error, ODR_ERROR_CORRUPT, "it has its field %u twice",
					field.type);
		seen |= bit;
		if (!facts_take_field(facts, &field, error))
			return false;
	}
	if (!bytes_reader_ok(&in) || seen != wanted)
		return odr_fail(error, ODR_ERROR_CORRUPT, "its public part is incomplete");
	return true;
}

static bool facts_match_name(const struct wal_facts *facts, const char *local, GError **error)
{
	g_autofree char *file = NULL;
	uint8_t digest[XXH128_SIZE];
	unsigned piece, pieces;

	if (!wal_object_name_parse(local, &file, digest, &piece, &pieces))
		return odr_fail(error, ODR_ERROR_CORRUPT, "that is not the name of a WAL object");
	if (strcmp(facts->file, file) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it holds the file '%s'", facts->file);
	if (facts->piece != piece || facts->pieces != pieces)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it holds piece %u of %u", facts->piece,
				facts->pieces);
	if (facts->size > WAL_FILE_MAX || wal_object_pieces(facts->size) != pieces ||
	    facts->offset != wal_piece_offset(piece))
		return odr_fail(error, ODR_ERROR_CORRUPT, "its size and pieces do not agree");
	return true;
}

bool wal_object_open(const struct key_service *service, const char *local, const void *bytes,
		     size_t size, struct signed_object *object, struct wal_facts *facts,
		     GError **error)
{
	__attribute__((cleanup(wal_facts_clear))) struct wal_facts found = {0};

	if (!signed_object_check(service, SEAL_WAL, local, bytes, size, object, error) ||
	    !facts_parse(&found, object->header.public_part, object->header.public_size, error) ||
	    !facts_match_name(&found, local, error))
		return odr_context(error, "WAL object '%s'", local);
	found.writer = object->writer;
	*facts = found;
	found.file = NULL;
	return true;
}

bool wal_object_check(const struct key_service *service, const char *local, const void *object,
		      size_t size, struct wal_facts *facts, GError **error)
{
	struct signed_object checked;

	return wal_object_open(service, local, object, size, &checked, facts, error);
}
