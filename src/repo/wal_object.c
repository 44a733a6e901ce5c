#include "repo/wal_object.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bytes.h"
#include "base/error.h"
#include "repo/signed_object.h"

#define WAL_PIECES_MAX	    ((unsigned)(WAL_FILE_MAX / WAL_PIECE_SIZE))
#define WAL_OBJECT_MAX	    (WAL_PIECE_SIZE + ((uint64_t)1 << 20)) /* a piece that does not compress */
#define WAL_FIELD_IGNORABLE 0x8000				   /* a reader may ignore these */
#define HUGE_PAGE	    ((size_t)2 << 20)
#define WAL_NAME_DIGITS	    (2 * XXH128_SIZE)

unsigned wal_object_pieces(uint64_t file_size)
{
	return file_size <= WAL_PIECE_SIZE ? 1 : (file_size + WAL_PIECE_SIZE - 1) / WAL_PIECE_SIZE;
}

static uint64_t piece_offset(unsigned piece)
{
	return (piece - 1) * WAL_PIECE_SIZE;
}

static uint64_t piece_size(uint64_t file_size, unsigned piece)
{
	return MIN(WAL_PIECE_SIZE, file_size - piece_offset(piece));
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

static char *wal_object_name(const char *file, const uint8_t digest[XXH128_SIZE], unsigned piece,
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
	bytes_put_u64(value, piece_offset(request->piece));
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
		.content = (const uint8_t *)request->content + piece_offset(request->piece),
		.size = piece_size(request->size, request->piece),
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
	    facts->offset != piece_offset(piece))
		return odr_fail(error, ODR_ERROR_CORRUPT, "its size and pieces do not agree");
	return true;
}

/* object and facts refer to what the checks found good. */
static bool object_check(const struct key_service *service, const char *local, const void *bytes,
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

	return object_check(service, local, object, size, &checked, facts, error);
}

void wal_held_free(struct wal_held *held)
{
	if (!held)
		return;
	g_free(held->file);
	g_ptr_array_unref(held->locals);
	g_free(held);
}

static struct wal_held *wal_held_new(const char *file, const uint8_t digest[XXH128_SIZE],
				     unsigned pieces)
{
	struct wal_held *held = g_new0(struct wal_held, 1);

	held->file = g_strdup(file);
	memcpy(held->digest, digest, XXH128_SIZE);
	held->locals = g_ptr_array_new_full(pieces, g_free);
	g_ptr_array_set_size(held->locals, pieces);
	return held;
}

struct gathering {
	GPtrArray *held;
	GHashTable *by_first; /* name of the first piece → struct wal_held, not owned */
	const char *file;     /* only this one, or NULL */
};

static bool gather(void *data, const struct store_object *object)
{
	struct gathering *gathering = data;
	g_autofree char *file = NULL;
	uint8_t digest[XXH128_SIZE];
	unsigned piece, pieces;

	/* Names that are none of ours prove nothing: a reader would never ask for them. */
	if (!wal_object_name_parse(object->name, &file, digest, &piece, &pieces) ||
	    (gathering->file && strcmp(file, gathering->file) != 0))
		return true;

	g_autofree char *first = wal_object_name(file, digest, 1, pieces);
	struct wal_held *held = g_hash_table_lookup(gathering->by_first, first);

	if (!held) {
		held = wal_held_new(file, digest, pieces);
		g_ptr_array_add(gathering->held, held);
		g_hash_table_insert(gathering->by_first, g_steal_pointer(&first), held);
	}
	if (held->locals->pdata[piece - 1])
		return true;
	held->locals->pdata[piece - 1] = g_strdup(object->name);
	held->object_size += object->size;
	held->stored_at = MAX(held->stored_at, object->stored_at);
	return true;
}

static int compare_held(const void *a, const void *b)
{
	const struct wal_held *one = *(struct wal_held *const *)a;
	const struct wal_held *two = *(struct wal_held *const *)b;
	int order = strcmp(one->file, two->file);

	if (order != 0)
		return order;
	if (one->stored_at != two->stored_at)
		return one->stored_at < two->stored_at ? -1 : 1;
	return memcmp(one->digest, two->digest, XXH128_SIZE);
}

static bool gather_all(Repo *repo, const char *prefix, const char *file, GPtrArray **held,
		       GError **error)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)wal_held_free);
	g_autoptr(GHashTable) by_first =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct gathering gathering = {.held = found, .by_first = by_first, .file = file};

	if (!repo_list(repo, prefix, gather, &gathering, error))
		return false;
	for (guint i = 0; i < found->len; i++) {
		struct wal_held *one = found->pdata[i];

		one->complete = !g_ptr_array_find(one->locals, NULL, NULL);
	}
	g_ptr_array_sort(found, compare_held);
	*held = g_steal_pointer(&found);
	return true;
}

bool wal_find(Repo *repo, const char *file, GPtrArray **held, GError **error)
{
	if (wal_file_kind(file, NULL) == WAL_FILE_UNKNOWN)
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' is not the name of a WAL file", file);

	g_autofree char *prefix = layout_wal_prefix(file);

	if (!gather_all(repo, prefix, file, held, error))
		return odr_context(error, "cannot look for WAL file %s", file);
	return true;
}

bool wal_list(Repo *repo, GPtrArray **held, GError **error)
{
	if (!gather_all(repo, "wal/", NULL, held, error))
		return odr_context(error, "cannot list WAL");
	return true;
}

/* A file that is being fetched piece by piece. */
struct fetching {
	Repo *repo;
	const Identity *identity;
	const struct wal_held *held;
	unsigned threads;
	struct wal_facts facts; /* of the first piece */
	uint8_t *content;
};

/* g_free. Small pages of a segment would take as long to get as its content. */
static uint8_t *content_new(uint64_t size)
{
	void *content = NULL;

	if (size < HUGE_PAGE)
		return g_try_malloc(MAX(size, 1));
	if (posix_memalign(&content, HUGE_PAGE, size) != 0)
		return NULL;
	madvise(content, size, MADV_HUGEPAGE); /* advice: it may be refused */
	return content;
}

/* The first piece says how large the file is; the others must agree with it. */
static bool fetching_accept(struct fetching *fetching, struct wal_facts *facts, GError **error)
{
	struct wal_facts *first = &fetching->facts;

	if (facts->piece > 1) {
		if (facts->size != first->size || facts->major != first->major ||
		    facts->system_identifier != first->system_identifier)
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"piece %u is not of the same file as piece 1",
					facts->piece);
		return true;
	}
	fetching->content = content_new(facts->size);
	if (!fetching->content)
		return odr_fail(error, ODR_ERROR_SYSTEM,
				"no memory for %" G_GUINT64_FORMAT " bytes", facts->size);
	*first = *facts;
	facts->file = NULL;
	return true;
}

static bool fetch_piece(struct fetching *fetching, const char *local, GError **error)
{
	__attribute__((cleanup(wal_facts_clear))) struct wal_facts facts = {0};
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(SignedReader) reader = NULL;
	struct signed_object object;
	const void *data;
	uint64_t wanted;
	uint64_t offset;
	size_t size;

	if (!repo_get(fetching->repo, local, WAL_OBJECT_MAX, &bytes, error))
		return false;
	data = g_bytes_get_data(bytes, &size);
	if (!object_check(&fetching->repo->service, local, data, size, &object, &facts, error))
		return false;
	if (!repo_accepts(fetching->repo, &facts.writer, fetching->held->stored_at, error))
		return odr_context(error, "WAL object '%s'", local);
	wanted = piece_size(facts.size, facts.piece);
	offset = facts.offset;
	reader = signed_reader_new(&object, fetching->identity, error);
	if (!reader)
		return odr_context(error, "WAL object '%s'", local);
	if (signed_reader_size(reader) != wanted)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"WAL object '%s' holds %" G_GUINT64_FORMAT
				" bytes instead of %" G_GUINT64_FORMAT,
				local, signed_reader_size(reader), wanted);
	if (!fetching_accept(fetching, &facts, error) ||
	    !signed_reader_read(reader, fetching->threads, fetching->content + offset, error))
		return odr_context(error, "WAL object '%s'", local);
	return true;
}

static bool fetch_pieces(struct fetching *fetching, GError **error)
{
	const GPtrArray *locals = fetching->held->locals;
	uint8_t digest[XXH128_SIZE];

	for (guint i = 0; i < locals->len; i++) {
		g_autoptr(GError) cause = NULL;

		if (!locals->pdata[i])
			return odr_fail(error, ODR_ERROR_CORRUPT, "piece %u of %u is missing",
					i + 1, locals->len);
		if (fetch_piece(fetching, locals->pdata[i], &cause))
			continue;
		if (odr_error_is(cause, ODR_ERROR_NOT_FOUND))
			return odr_fail(error, ODR_ERROR_TRANSIENT,
					"it was listed a moment ago: %s", cause->message);
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	wal_object_digest(fetching->identity->digest_secret, fetching->content,
			  fetching->facts.size, digest);
	if (memcmp(digest, fetching->held->digest, sizeof(digest)) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"its content does not have the digest of its name");
	return true;
}

bool wal_fetch(Repo *repo, const Identity *identity, const struct wal_held *held, unsigned threads,
	       GByteArray **content, struct wal_facts *facts, GError **error)
{
	struct fetching fetching = {
		.repo = repo, .identity = identity, .held = held, .threads = threads};

	if (!fetch_pieces(&fetching, error)) {
		wal_facts_clear(&fetching.facts);
		g_free(fetching.content);
		return odr_context(error, "cannot read WAL file %s", held->file);
	}
	*content = g_byte_array_new_take(fetching.content, fetching.facts.size);
	if (facts)
		*facts = fetching.facts;
	else
		wal_facts_clear(&fetching.facts);
	return true;
}
