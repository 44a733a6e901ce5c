/*
 * A layer's root: a sealed object of kind SEAL_LAYER, whose chunks hold records back to back, one for
 * each chunk of entries (layer_entry.c), in their order:
 *
 *   u32 pack (row of the table) · u32 chunk · u64 offset · u32 sealed size · u32 plain size · u16 length
 *   and text of the first entry's path
 *
 * Neither records nor entries go over the end of a chunk. A layer without entries has a root without
 * chunks. An entry is never longer than a chunk: that is room for a relation segment of 1 GiB of which
 * every second page has changed.
 */
#include "repo/layer.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/task.h"
#include "repo/layer_entry.h"
#include "repo/layout.h"
#include "repo/sealed_object.h"

#include <string.h>

#define ROOT_MAX   ((size_t)30 << 20) /* plain bytes of records */
#define ROOT_SLACK ((size_t)1 << 20)
#define MERGE_MAX  ((uint64_t)4 << 20)	/* fetched at once */
#define MERGE_GAP  ((uint64_t)64 << 10) /* read along rather than asked for apart */

/* Writing. */

struct layer_writer {
	PackWriter *packs;
	GByteArray *chunk; /* entries to be stored */
	GString *first;	   /* path of the first of them */
	GString *last;	   /* path of the last of them */
	GByteArray *root;  /* records */
	GArray *ends;	   /* size_t: where a chunk of the root ends */
};

LayerWriter *layer_writer_new(PackWriter *packs)
{
	LayerWriter *writer = g_new0(LayerWriter, 1);

	writer->packs = packs;
	writer->chunk = g_byte_array_new();
	writer->first = g_string_new(NULL);
	writer->last = g_string_new(NULL);
	writer->root = g_byte_array_new();
	writer->ends = g_array_new(FALSE, FALSE, sizeof(size_t));
	return writer;
}

void layer_writer_free(LayerWriter *writer)
{
	if (!writer)
		return;
	g_byte_array_unref(writer->chunk);
	g_string_free(writer->first, TRUE);
	g_string_free(writer->last, TRUE);
	g_byte_array_unref(writer->root);
	g_array_unref(writer->ends);
	g_free(writer);
}

static bool add_record(LayerWriter *writer, const struct chunk_place *place, GError **error)
{
	GByteArray *root = writer->root;
	size_t before = root->len;
	guint ends = writer->ends->len;
	size_t begin = ends ? g_array_index(writer->ends, size_t, ends - 1) : 0;

	bytes_put_u32(root, place->pack);
	bytes_put_u32(root, place->chunk);
	bytes_put_u64(root, place->offset);
	bytes_put_u32(root, place->sealed_size);
	bytes_put_u32(root, place->plain_size);
	bytes_put_u16(root, (uint16_t)writer->first->len);
	bytes_put(root, writer->first->str, writer->first->len);
	if (root->len - begin > CHUNK_MAX)
		g_array_append_val(writer->ends, before);
	if (root->len > ROOT_MAX)
		return odr_fail(error, ODR_ERROR_REFUSED, "a layer cannot have so many entries");
	return true;
}

/* Stores the first size bytes of the entries that wait. */
static bool store_entries(LayerWriter *writer, size_t size, GError **error)
{
	struct chunk_place place;

	if (!pack_writer_add(writer->packs, writer->chunk->data, size, &place, NULL, error) ||
	    !add_record(writer, &place, error))
		return false;
	g_byte_array_remove_range(writer->chunk, 0, (guint)size);
	return true;
}

bool layer_writer_add(LayerWriter *writer, const struct layer_entry *entry, GError **error)
{
	guint before = writer->chunk->len;

	if (!layer_entry_check(entry, TABLE_ROWS_MAX, error))
		return false;
	if (strcmp(writer->last->str, entry->path) >= 0)
		return odr_fail(error, ODR_ERROR_FAILED,
				"entry '%s' is given after '%s', not in the order of paths",
				entry->path, writer->last->str);

	layer_entry_encode(entry, writer->chunk);
	if (writer->chunk->len - before > CHUNK_MAX) {
		g_byte_array_set_size(writer->chunk, before);
		return odr_fail(error, ODR_ERROR_REFUSED, "file '%s' is in too many pieces (%u)",
				entry->path, entry->extents ? entry->extents->len : 0);
	}
	if (writer->chunk->len > CHUNK_MAX) {
		if (!store_entries(writer, before, error))
			return false;
		before = 0;
	}
	if (before == 0)
		g_string_assign(writer->first, entry->path);
	g_string_assign(writer->last, entry->path);
	return true;
}

static void add_root_chunks(const LayerWriter *writer, SealedBuilder *builder)
{
	struct chunk_place place;
	size_t begin = 0;

	for (guint i = 0; i < writer->ends->len; i++) {
		size_t end = g_array_index(writer->ends, size_t, i);

		sealed_builder_add(builder, writer->root->data + begin, end - begin, &place);
		begin = end;
	}
	if (writer->root->len > begin)
		sealed_builder_add(builder, writer->root->data + begin, writer->root->len - begin,
				   &place);
}

static bool put_root(const LayerWriter *writer, struct layer_ref *ref, GError **error)
{
	const struct pack_sink_settings *settings = pack_writer_settings(writer->packs);
	g_autoptr(SealedBuilder) builder = sealed_builder_new(&(struct sealed_builder_settings){
		.limit = writer->root->len + ROOT_SLACK,
		.compress_level = settings->compress_level,
		.digest_seed = settings->digest_seed,
	});
	struct seal_request request = {
		.kind = SEAL_LAYER,
		.service_id = settings->service_id,
		.recipients = settings->recipients,
	};
	struct pack_row row;

	if (!sealed_builder_begin(builder, &request, error))
		return false;
	add_root_chunks(writer, builder);

	const void *bytes = sealed_builder_end(builder, &row);
	struct iovec part = {(void *)bytes, row.size};
	g_autofree char *local = layout_pack(settings->generation, row.name);

	if (!repos_put(settings->repos, local, &part, 1, settings->lock_until, error))
		return false;
	memcpy(ref->root, row.name, SHA256_SIZE);
	ref->root_size = row.size;
	return true;
}

bool layer_writer_finish(LayerWriter *writer, struct layer_ref *ref, GError **error)
{
	if (writer->chunk->len > 0 && !store_entries(writer, writer->chunk->len, error))
		return false;

	/* The root refers to packs: they come first. */
	return pack_writer_finish(writer->packs, error) && put_root(writer, ref, error);
}

/* Reading. */

struct record {
	struct chunk_place place;
	char *first;
};

static void record_clear(struct record *record)
{
	g_free(record->first);
}

struct layer_reader {
	Repo *repo;
	const Identity *identity;
	const Table *table;
	layer_each each;
	void *data;
	PackReader *pack; /* of row pack_row, or NULL */
	uint32_t pack_row;
	uint8_t *plain;
	GString *last; /* path of the entry before */
};

static bool parse_record(struct bytes_reader *reader, const Table *table, struct record *record,
			 GError **error)
{
	struct chunk_place *place = &record->place;

	place->pack = bytes_get_u32(reader);
	place->chunk = bytes_get_u32(reader);
	place->offset = bytes_get_u64(reader);
	place->sealed_size = bytes_get_u32(reader);
	place->plain_size = bytes_get_u32(reader);

	size_t length = bytes_get_u16(reader);
	const uint8_t *first = bytes_get(reader, length);

	if (!bytes_reader_ok(reader) || place->pack >= table->rows->len)
		return odr_fail(error, ODR_ERROR_CORRUPT, "its root is damaged");
	record->first = g_strndup((const char *)first, length);
	return chunk_place_check(
		place, g_array_index(table->rows, struct pack_row, place->pack).size, error);
}

static bool parse_records(const struct sealed_chunk *chunk, const Table *table, GArray *records,
			  GError **error)
{
	struct bytes_reader reader;

	bytes_reader_init(&reader, chunk->plain, chunk->size);
	while (bytes_reader_left(&reader) > 0) {
		g_array_set_size(records, records->len + 1);
		if (!parse_record(&reader, table,
				  &g_array_index(records, struct record, records->len - 1), error))
			return false;
	}
	return true;
}

/* How many of the records, from the first of them, one fetch serves; *span is its size. */
static guint merge_records(const struct record *records, guint count, size_t *span)
{
	const struct chunk_place *start = &records[0].place;
	uint64_t end = start->offset + start->sealed_size;
	guint merged = 1;

	for (; merged < count; merged++) {
		const struct chunk_place *place = &records[merged].place;

		if (place->pack != start->pack || place->offset < end ||
		    place->offset - end > MERGE_GAP ||
		    place->offset + place->sealed_size - start->offset > MERGE_MAX)
			break;
		end = place->offset + place->sealed_size;
	}
	*span = end - start->offset;
	return merged;
}

static bool reader_fetch(struct layer_reader *reader, const struct chunk_place *place, size_t span,
			 GError **error)
{
	if (!reader->pack || reader->pack_row != place->pack) {
		g_clear_pointer(&reader->pack, pack_reader_free);
		reader->pack = pack_reader_open(
			reader->repo, reader->identity, reader->table->generation,
			&g_array_index(reader->table->rows, struct pack_row, place->pack), error);
		reader->pack_row = place->pack;
	}
	return reader->pack && pack_reader_fetch(reader->pack, place->offset, span, error);
}

static bool give_entries(struct layer_reader *reader, const struct record *record,
			 GPtrArray *entries, GError **error)
{
	const struct layer_entry *first = entries->len ? entries->pdata[0] : NULL;

	if (!first || strcmp(first->path, record->first) != 0 ||
	    strcmp(reader->last->str, first->path) >= 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "its chunks are not those of its root");

	const struct layer_entry *last = entries->pdata[entries->len - 1];

	g_string_assign(reader->last, last->path);
	for (guint i = 0; i < entries->len; i++)
		if (!reader->each(reader->data, (struct layer_entry **)&entries->pdata[i], error))
			return false;
	return true;
}

static bool read_entries(struct layer_reader *reader, const struct record *record, GError **error)
{
	g_autoptr(GPtrArray) entries = NULL;

	return pack_reader_chunk(reader->pack, &record->place, reader->plain, error) &&
	       layer_entries_parse(reader->plain, record->place.plain_size,
				   reader->table->rows->len, &entries, error) &&
	       give_entries(reader, record, entries, error);
}

static bool read_records(struct layer_reader *reader, const GArray *records, GError **error)
{
	const struct record *record = (const struct record *)records->data;
	guint left = records->len;

	while (left > 0) {
		size_t span;
		guint merged = merge_records(record, left, &span);

		if (!reader_fetch(reader, &record->place, span, error))
			return false;
		for (left -= merged; merged > 0; merged--, record++)
			if (!read_entries(reader, record, error))
				return false;
	}
	return true;
}

static bool read_root(struct layer_reader *reader, const struct layer_ref *ref, GBytes *content,
		      GError **error)
{
	gsize size;
	const void *bytes = g_bytes_get_data(content, &size);

	if (size != ref->root_size)
		return odr_fail(error, ODR_ERROR_CORRUPT, "its root does not have its size");

	g_autoptr(SealedObject) root =
		sealed_object_open(bytes, size, SEAL_LAYER, reader->identity, error);

	if (!root)
		return false;
	for (uint32_t i = 0; i < sealed_object_chunks(root); i++) {
		g_autoptr(GArray) records = g_array_new(FALSE, TRUE, sizeof(struct record));
		struct sealed_chunk chunk;

		g_array_set_clear_func(records, (GDestroyNotify)record_clear);
		if (!sealed_object_chunk(root, i, &chunk, error) ||
		    !parse_records(&chunk, reader->table, records, error) ||
		    !read_records(reader, records, error))
			return false;
	}
	return true;
}

/* The object that is a layer's root. */
struct root {
	Repo *repo;
	const struct layer_ref *ref;
	char *local;
	GBytes *content; /* NULL: not read */
};
typedef struct root Root;

static void root_clear(Root *root)
{
	g_clear_pointer(&root->content, g_bytes_unref);
	g_free(root->local);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Root, root_clear)

static Root root_of(Repo *repo, const char *generation, const struct layer_ref *ref)
{
	return (Root){.repo = repo, .ref = ref, .local = layout_pack(generation, ref->root)};
}

static bool root_get(void *data, GError **error)
{
	Root *root = data;

	return repo_get_named(root->repo, root->local, root->ref->root, &root->content, error);
}

static bool root_failed(const Root *root, GError **error)
{
	g_autofree char *where = repo_where(root->repo, root->local);

	return odr_context(error, "cannot read layer %s", where);
}

static bool root_read(const Root *root, const Identity *identity, const Table *table,
		      layer_each each, void *data, GError **error)
{
	g_autofree uint8_t *plain = g_malloc(CHUNK_MAX);
	g_autoptr(GString) last = g_string_new(NULL);
	struct layer_reader reader = {
		.repo = root->repo,
		.identity = identity,
		.table = table,
		.each = each,
		.data = data,
		.plain = plain,
		.last = last,
	};
	bool done = read_root(&reader, root->ref, root->content, error);

	pack_reader_free(reader.pack);
	return done || root_failed(root, error);
}

bool layer_read(Repo *repo, const Identity *identity, const struct layer_ref *ref,
		const Table *table, layer_each each, void *data, GError **error)
{
	g_auto(Root) root = root_of(repo, table->generation, ref);

	if (!root_get(&root, error))
		return root_failed(&root, error);
	return root_read(&root, identity, table, each, data, error);
}

static bool check_generation(const Table *table, const char *generation, GError **error)
{
	return strcmp(table->generation, generation) == 0 ||
	       odr_fail(error, ODR_ERROR_CORRUPT, "a table belongs to another generation");
}

bool layer_load(const struct layer_source *source, Table **table, layer_each each, void *data,
		GError **error)
{
	g_auto(Root) root = root_of(source->repo, source->generation, source->ref);
	struct task *getting = task_start(root_get, &root, error);
	g_autoptr(GError) trouble = NULL;
	g_autoptr(Table) loaded = NULL;
	bool done = getting && table_load(source->repo, source->ref->table, &loaded, error) &&
		    check_generation(loaded, source->generation, error);

	if (!task_wait(getting, &trouble) && done) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		return root_failed(&root, error);
	}
	if (!done || !root_read(&root, source->identity, loaded, each, data, error))
		return false;
	*table = g_steal_pointer(&loaded);
	return true;
}
