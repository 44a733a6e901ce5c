#include "repo/wal_held.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

#define WAL_OBJECT_MAX (WAL_PIECE_SIZE + ((uint64_t)1 << 20)) /* a piece that does not compress */

void wal_held_free(struct wal_held *held)
{
	if (!held)
		return;
	g_free(held->file);
	g_ptr_array_unref(held->locals);
	g_ptr_array_unref(held->listed);
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
	held->listed = g_ptr_array_new_full(pieces, g_free);
	g_ptr_array_set_size(held->listed, pieces);
	return held;
}

struct wal_gathering {
	GPtrArray *held;
	GHashTable *by_first; /* name of the first piece → struct wal_held, not owned */
	char *first, *last;
};

WalGathering *wal_gathering_new(const char *first, const char *last)
{
	WalGathering *gathering = g_new0(WalGathering, 1);

	gathering->held = g_ptr_array_new_with_free_func((GDestroyNotify)wal_held_free);
	gathering->by_first = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	gathering->first = g_strdup(first);
	gathering->last = g_strdup(last);
	return gathering;
}

static bool is_wanted(const WalGathering *gathering, const char *file)
{
	return !gathering->first ||
	       (strcmp(gathering->first, file) <= 0 && strcmp(file, gathering->last) <= 0);
}

void wal_gathering_add(WalGathering *gathering, const struct store_object *object)
{
	g_autofree char *file = NULL;
	uint8_t digest[XXH128_SIZE];
	unsigned piece, pieces;

	/* Names that are none of ours prove nothing: a reader would never ask for them. */
	if (!wal_object_name_parse(object->name, &file, digest, &piece, &pieces) ||
	    !is_wanted(gathering, file))
		return;

	g_autofree char *first = wal_object_name(file, digest, 1, pieces);
	struct wal_held *held = g_hash_table_lookup(gathering->by_first, first);

	if (!held) {
		held = wal_held_new(file, digest, pieces);
		g_ptr_array_add(gathering->held, held);
		g_hash_table_insert(gathering->by_first, g_steal_pointer(&first), held);
	}
	if (held->locals->pdata[piece - 1])
		return;
	held->locals->pdata[piece - 1] = g_strdup(object->name);
	held->listed->pdata[piece - 1] = g_memdup2(object, sizeof(*object));
	((struct store_object *)held->listed->pdata[piece - 1])->name = NULL;
	held->object_size += object->size;
	held->stored_at = MAX(held->stored_at, object->stored_at);
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

GPtrArray *wal_gathering_end(WalGathering *gathering)
{
	GPtrArray *held = gathering->held;

	for (guint i = 0; i < held->len; i++) {
		struct wal_held *one = held->pdata[i];

		one->complete = !g_ptr_array_find(one->locals, NULL, NULL);
	}
	g_ptr_array_sort(held, compare_held);
	g_hash_table_unref(gathering->by_first);
	g_free(gathering->first);
	g_free(gathering->last);
	g_free(gathering);
	return held;
}

static bool gather(void *data, const struct store_object *object)
{
	wal_gathering_add(data, object);
	return true;
}

/* Takes the gathering. */
static bool gather_listed(Repo *repo, const char *prefix, WalGathering *gathering, GPtrArray **held,
			  GError **error)
{
	bool good = repo_list(repo, prefix, gather, gathering, error);
	g_autoptr(GPtrArray) gathered = wal_gathering_end(gathering);

	if (good)
		*held = g_steal_pointer(&gathered);
	return good;
}

static bool check_file(const char *file, GError **error)
{
	return wal_file_kind(file, NULL) != WAL_FILE_UNKNOWN ||
	       odr_fail(error, ODR_ERROR_USAGE, "'%s' is not the name of a WAL file", file);
}

bool wal_find(Repo *repo, const char *file, GPtrArray **held, GError **error)
{
	if (!check_file(file, error))
		return false;

	g_autofree char *prefix = layout_wal_prefix(file);

	if (!gather_listed(repo, prefix, wal_gathering_new(file, file), held, error))
		return odr_context(error, "cannot look for WAL file %s", file);
	return true;
}

bool wal_find_between(Repo *repo, const char *first, const char *last, GPtrArray **held,
		      GError **error)
{
	if (!check_file(first, error) || !check_file(last, error))
		return false;

	g_autofree char *prefix = layout_wal_prefix(first);
	g_autofree char *other = layout_wal_prefix(last);
	size_t common = 0;

	while (prefix[common] && prefix[common] == other[common])
		common++;
	prefix[common] = '\0';
	if (!gather_listed(repo, prefix, wal_gathering_new(first, last), held, error))
		return odr_context(error, "cannot look for WAL from %s to %s", first, last);
	return true;
}

bool wal_list(Repo *repo, GPtrArray **held, GError **error)
{
	if (!gather_listed(repo, "wal/", wal_gathering_new(NULL, NULL), held, error))
		return odr_context(error, "cannot list WAL");
	return true;
}

/* A piece. */

void wal_piece_clear(struct wal_piece *piece)
{
	g_clear_pointer(&piece->content, g_bytes_unref);
	wal_facts_clear(&piece->facts);
}

struct getting {
	Repo *repo;
	const char *local;
	struct wal_piece *piece;
};

/* Of several versions that a writer signed the oldest counts. */
static bool verify(void *data, GBytes *content, const struct store_object *version, GError **error)
{
	const struct getting *getting = data;
	struct wal_piece *piece = getting->piece;

	wal_facts_clear(&piece->facts);
	return wal_object_open(&getting->repo->service, getting->local,
			       g_bytes_get_data(content, NULL), g_bytes_get_size(content),
			       &piece->object, &piece->facts, error) &&
	       (repo_accepts(getting->repo, &piece->facts.writer, version->stored_at, error) ||
		odr_context(error, "WAL object '%s'", getting->local));
}

bool wal_piece_get(Repo *repo, const struct wal_held *held, guint number, struct wal_piece *piece,
		   GError **error)
{
	struct getting getting = {repo, held->locals->pdata[number], piece};
	g_autoptr(GError) cause = NULL;

	if (repo_get_good(repo,
			  &(struct repo_wanted){.local = getting.local,
						.listed = held->listed->pdata[number],
						.oldest = true,
						.limit = WAL_OBJECT_MAX,
						.verify = verify,
						.data = &getting},
			  &piece->content, &cause))
		return true;
	if (odr_error_is(cause, ODR_ERROR_NOT_FOUND))
		return odr_fail(error, ODR_ERROR_TRANSIENT, "it was listed a moment ago: %s",
				cause->message);
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

/* A file that is being read, piece by piece. */
struct reading {
	Repo *repo;
	const struct wal_reading *how;
	struct wal_facts facts; /* of the first piece */
	uint64_t piece_offset;
	struct xxh128 *digest;
};

static bool take(void *data, const void *plain, size_t size, GError **error)
{
	struct reading *reading = data;

	xxh128_update(reading->digest, plain, size);
	return true;
}

static bool put(void *data, uint64_t offset, const void *plain, size_t size, GError **error)
{
	const struct reading *reading = data;

	return reading->how->put(reading->how->data, reading->piece_offset + offset, plain, size,
				 error);
}

/* The first piece says how large the file is; the others must agree with it. */
static bool accept_piece(struct reading *reading, struct wal_facts *facts, GError **error)
{
	struct wal_facts *first = &reading->facts;

	if (facts->piece > 1) {
		if (facts->size != first->size || facts->major != first->major ||
		    facts->system_identifier != first->system_identifier)
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"piece %u is not of the same file as piece 1",
					facts->piece);
		return true;
	}
	*first = *facts;
	facts->file = NULL;
	return !reading->how->begin || reading->how->begin(reading->how->data, first, error);
}

static bool open_piece(struct reading *reading, const struct signed_object *object,
		       struct wal_facts *facts, GError **error)
{
	const struct wal_reading *how = reading->how;
	uint64_t wanted = wal_piece_size(facts->size, facts->piece);
	g_autoptr(SignedReader) reader = NULL;

	reader = signed_reader_new(object, how->identity, error);
	if (!reader)
		return false;
	if (signed_reader_size(reader) != wanted)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"it holds %" G_GUINT64_FORMAT
				" bytes instead of %" G_GUINT64_FORMAT,
				signed_reader_size(reader), wanted);
	reading->piece_offset = facts->offset;
	return accept_piece(reading, facts, error) &&
	       signed_reader_read(reader, how->threads,
				  &(struct signed_sink){
					  .data = reading,
					  .take = take,
					  .put = how->put ? put : NULL,
				  },
				  error);
}

static bool read_piece(struct reading *reading, guint number, GError **error)
{
	__attribute__((cleanup(wal_piece_clear))) struct wal_piece piece = {0};
	const struct wal_held *held = reading->how->held;

	return wal_piece_get(reading->repo, held, number, &piece, error) &&
	       (open_piece(reading, &piece.object, &piece.facts, error) ||
		odr_context(error, "WAL object '%s'", (char *)held->locals->pdata[number]));
}

static bool read_pieces(struct reading *reading, GError **error)
{
	const GPtrArray *locals = reading->how->held->locals;
	uint8_t digest[XXH128_SIZE];

	for (guint i = 0; i < locals->len; i++) {
		if (!locals->pdata[i])
			return odr_fail(error, ODR_ERROR_CORRUPT, "piece %u of %u is missing",
					i + 1, locals->len);
		if (!read_piece(reading, i, error))
			return false;
	}
	xxh128_final(reading->digest, digest);
	if (memcmp(digest, reading->how->held->digest, sizeof(digest)) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"its content does not have the digest of its name");
	return true;
}

bool wal_read(Repo *repo, const struct wal_reading *how, struct wal_facts *facts, GError **error)
{
	struct reading reading = {
		.repo = repo,
		.how = how,
		.digest = wal_object_digest_new(how->identity->digest_secret),
	};
	bool good = read_pieces(&reading, error);

	xxh128_free(reading.digest);
	if (good && facts)
		*facts = reading.facts;
	else
		wal_facts_clear(&reading.facts);
	return good || odr_context(error, "cannot read WAL file %s", how->held->file);
}

/* A file in memory. */
struct fetching {
	uint8_t *content;
	uint64_t size;
};

static bool fetch_begin(void *data, const struct wal_facts *facts, GError **error)
{
	struct fetching *fetching = data;

	fetching->size = facts->size;
	fetching->content = memory_large(facts->size);
	return fetching->content ||
	       odr_fail(error, ODR_ERROR_SYSTEM, "no memory for %" G_GUINT64_FORMAT " bytes",
			facts->size);
}

static bool fetch_put(void *data, uint64_t offset, const void *plain, size_t size, GError **error)
{
	struct fetching *fetching = data;

	g_assert(offset <= fetching->size && size <= fetching->size - offset);
	memcpy(fetching->content + offset, plain, size);
	return true;
}

bool wal_fetch(Repo *repo, const Identity *identity, const struct wal_held *held, unsigned threads,
	       GByteArray **content, struct wal_facts *facts, GError **error)
{
	struct fetching fetching = {0};
	struct wal_reading reading = {
		.identity = identity,
		.held = held,
		.threads = threads,
		.begin = fetch_begin,
		.put = fetch_put,
		.data = &fetching,
	};

	if (!wal_read(repo, &reading, facts, error)) {
		g_free(fetching.content);
		return false;
	}
	*content = g_byte_array_new_take(fetching.content, fetching.size);
	return true;
}
