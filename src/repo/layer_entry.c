/*
 * The bytes of a layer's entries. Integers are little-endian; a varint is unsigned LEB128 in its
 * shortest form; a text is a varint length and that many bytes without NUL.
 *
 *   entry    u32 length of what follows · u8 kind (enum entry_kind) · u16 flags (enum entry_flags, of
 *            files only) · text path (1 … 4096)
 *            a tombstone ends here; others go on:
 *            varint mode (at most 07777) · varint uid · varint gid · text owner · text group (0 … 255
 *            each) · i64 mtime in nanoseconds since 1970
 *            symbolic links: text target (1 … 4096)
 *            files: varint size · 16 bytes digest · with ENTRY_CRC32C u32 · with ENTRY_SHA1 20 bytes ·
 *            varint number of extents · extents
 *   extent   u8: bits 0–1 kind (enum extent_kind); the others as below · varint length, at least 1
 *            PAGES  0x04  the length counts pages of 8192 bytes
 *            data extents only:
 *            SAME   0x08  the chunk of the entry's data extent before; no place follows
 *            NEXT   0x10  the chunk right behind that one: same pack, next number, next byte
 *            PLAIN  0x20  the chunk's plain size is the extent's length
 *            SLICE  0x40  a slice follows; else it is where that extent's slice ended (SAME), or 0
 *            place, unless SAME: [varint pack · varint chunk · varint offset, unless NEXT] · varint
 *            sealed size · [varint plain size, unless PLAIN]
 *            slice, with SLICE: varint
 *
 * Extents cover the file without gaps, in order. Entries stand in ascending order of path, compared as
 * unsigned bytes. What a reader does not know, it refuses.
 */
#include "repo/layer.h"

#include "base/bytes.h"
#include "base/error.h"
#include "repo/layer_entry.h"
#include "repo/sealed_object.h"

#include <assert.h>
#include <string.h>

#define PAGE_SHIFT  13
#define OWNER_MAX   255
#define MODE_MAX    07777
#define KNOWN_FLAGS (ENTRY_PATCH | ENTRY_DAMAGED | ENTRY_PAGED | ENTRY_CRC32C | ENTRY_SHA1)

enum extent_bits {
	EXTENT_KIND = 0x03,
	EXTENT_PAGES = 0x04,
	EXTENT_SAME = 0x08,
	EXTENT_NEXT = 0x10,
	EXTENT_PLAIN = 0x20,
	EXTENT_SLICE = 0x40,
	EXTENT_DATA_BITS = EXTENT_SAME | EXTENT_NEXT | EXTENT_PLAIN | EXTENT_SLICE,
	EXTENT_ALL_BITS = EXTENT_KIND | EXTENT_PAGES | EXTENT_DATA_BITS,
};

void layer_entry_free(struct layer_entry *entry)
{
	if (!entry)
		return;
	g_free(entry->path);
	g_free(entry->owner);
	g_free(entry->group);
	g_free(entry->link);
	g_clear_pointer(&entry->extents, g_array_unref);
	g_free(entry);
}

/* What an entry must be. */

/* NULL when the path may be made below a folder, else what is wrong with it. */
static const char *path_trouble(const char *path)
{
	if (strlen(path) > ENTRY_PATH_MAX)
		return "its path is too long";
	for (;;) {
		size_t length = strcspn(path, "/");

		if (length == 0)
			return "its path is absolute, empty or has an empty component";
		if (path[0] == '.' && (length == 1 || (length == 2 && path[1] == '.')))
			return "its path has a component '.' or '..'";
		if (!path[length])
			return NULL;
		path += length + 1;
	}
}

static bool extent_check(const struct layer_entry *entry, const struct extent *extent,
			 uint32_t table_rows, GError **error)
{
	if (extent->kind == EXTENT_INHERITED && !(entry->flags & ENTRY_PATCH))
		return odr_fail(error, ODR_ERROR_CORRUPT, "it inherits and is no patch");
	if (extent->kind != EXTENT_DATA)
		return true;
	if (!chunk_place_check(&extent->place, STORE_OBJECT_MAX, error))
		return false;
	if (extent->place.pack >= table_rows)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it refers to pack %u of %u",
				extent->place.pack, table_rows);
	if (extent->slice > extent->place.plain_size ||
	    extent->length > extent->place.plain_size - extent->slice)
		return odr_fail(error, ODR_ERROR_CORRUPT, "a slice goes beyond its chunk");
	return true;
}

static bool extents_check(const struct layer_entry *entry, uint32_t table_rows, GError **error)
{
	guint count = entry->extents ? entry->extents->len : 0;
	uint64_t covered = 0;

	if (entry->size > INT64_MAX)
		return odr_fail(error, ODR_ERROR_CORRUPT, "its size is impossible");
	for (guint i = 0; i < count; i++) {
		const struct extent *extent = &g_array_index(entry->extents, struct extent, i);

		if (extent->length == 0 || extent->length > entry->size - covered)
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"its extents do not cover exactly its size");
		if (!extent_check(entry, extent, table_rows, error))
			return false;
		covered += extent->length;
	}
	if (covered != entry->size)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"its extents do not cover exactly its size");
	return true;
}

static bool text_fits(const char *text, size_t least, size_t most)
{
	size_t length = text ? strlen(text) : 0;

	return length >= least && length <= most;
}

static bool entry_check(const struct layer_entry *entry, uint32_t table_rows, GError **error)
{
	const char *trouble = path_trouble(entry->path);

	if (trouble)
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s", trouble);
	if (!text_fits(entry->owner, 0, OWNER_MAX) || !text_fits(entry->group, 0, OWNER_MAX))
		return odr_fail(error, ODR_ERROR_CORRUPT, "its owner's name is too long");
	if (entry->kind == ENTRY_SYMLINK && !text_fits(entry->link, 1, ENTRY_PATH_MAX))
		return odr_fail(error, ODR_ERROR_CORRUPT, "its target is empty or too long");
	if (entry->kind != ENTRY_FILE)
		return true;
	return extents_check(entry, table_rows, error);
}

bool layer_entry_check(const struct layer_entry *entry, uint32_t table_rows, GError **error)
{
	if (entry_check(entry, table_rows, error))
		return true;

	g_autofree char *path = g_strescape(entry->path, NULL);

	return odr_context(error, "entry '%s'", path);
}

/* Encoding. */

static void put_varint(GByteArray *out, uint64_t value)
{
	while (value >= 0x80) {
		bytes_put_u8(out, (uint8_t)(value | 0x80));
		value >>= 7;
	}
	bytes_put_u8(out, (uint8_t)value);
}

static void put_text(GByteArray *out, const char *text)
{
	size_t length = text ? strlen(text) : 0;

	put_varint(out, length);
	bytes_put(out, text, length);
}

static bool same_chunk(const struct chunk_place *a, const struct chunk_place *b)
{
	return a->pack == b->pack && a->chunk == b->chunk && a->offset == b->offset &&
	       a->sealed_size == b->sealed_size && a->plain_size == b->plain_size;
}

static bool next_chunk(const struct chunk_place *before, const struct chunk_place *place)
{
	return place->pack == before->pack && place->chunk == before->chunk + 1 &&
	       place->offset == before->offset + before->sealed_size;
}

/* before: the data extent before in this entry, or NULL. */
static uint8_t data_bits(const struct extent *extent, const struct extent *before)
{
	uint32_t expected = 0;
	uint8_t bits = 0;

	if (before && same_chunk(&before->place, &extent->place)) {
		bits = EXTENT_SAME;
		expected = before->slice + (uint32_t)before->length;
	} else {
		if (before && next_chunk(&before->place, &extent->place))
			bits |= EXTENT_NEXT;
		if (extent->place.plain_size == extent->length)
			bits |= EXTENT_PLAIN;
	}
	if (extent->slice != expected)
		bits |= EXTENT_SLICE;
	return bits;
}

static void put_place(GByteArray *out, const struct chunk_place *place, uint8_t bits)
{
	if (!(bits & EXTENT_NEXT)) {
		put_varint(out, place->pack);
		put_varint(out, place->chunk);
		put_varint(out, place->offset);
	}
	put_varint(out, place->sealed_size);
	if (!(bits & EXTENT_PLAIN))
		put_varint(out, place->plain_size);
}

static void put_extent(GByteArray *out, const struct extent *extent, const struct extent *before)
{
	bool pages = (extent->length & ((1U << PAGE_SHIFT) - 1)) == 0;
	uint8_t bits = (uint8_t)extent->kind | (pages ? EXTENT_PAGES : 0);

	if (extent->kind == EXTENT_DATA)
		bits |= data_bits(extent, before);
	bytes_put_u8(out, bits);
	put_varint(out, pages ? extent->length >> PAGE_SHIFT : extent->length);
	if (extent->kind == EXTENT_DATA && !(bits & EXTENT_SAME))
		put_place(out, &extent->place, bits);
	if (bits & EXTENT_SLICE)
		put_varint(out, extent->slice);
}

static void put_content(GByteArray *out, const struct layer_entry *entry)
{
	guint count = entry->extents ? entry->extents->len : 0;
	const struct extent *before = NULL;

	put_varint(out, entry->size);
	bytes_put(out, entry->digest, XXH128_SIZE);
	if (entry->flags & ENTRY_CRC32C)
		bytes_put_u32(out, entry->crc32c);
	if (entry->flags & ENTRY_SHA1)
		bytes_put(out, entry->sha1, SHA1_SIZE);
	put_varint(out, count);
	for (guint i = 0; i < count; i++) {
		const struct extent *extent = &g_array_index(entry->extents, struct extent, i);

		put_extent(out, extent, before);
		if (extent->kind == EXTENT_DATA)
			before = extent;
	}
}

void layer_entry_encode(const struct layer_entry *entry, GByteArray *out)
{
	guint start = out->len;

	assert((entry->flags & ~KNOWN_FLAGS) == 0);
	bytes_put_u32(out, 0);
	bytes_put_u8(out, (uint8_t)entry->kind);
	bytes_put_u16(out, entry->kind == ENTRY_FILE ? (uint16_t)entry->flags : 0);
	put_text(out, entry->path);
	if (entry->kind != ENTRY_TOMBSTONE) {
		put_varint(out, entry->mode & MODE_MAX);
		put_varint(out, entry->uid);
		put_varint(out, entry->gid);
		put_text(out, entry->owner);
		put_text(out, entry->group);
		bytes_put_u64(out, (uint64_t)entry->mtime_ns);
	}
	if (entry->kind == ENTRY_SYMLINK)
		put_text(out, entry->link);
	if (entry->kind == ENTRY_FILE)
		put_content(out, entry);
	bytes_set_u32(out->data + start, out->len - start - 4);
}

/* Decoding. A reader that met damage stays failed, and is asked once per entry. */

static uint64_t get_varint(struct bytes_reader *reader, uint64_t limit)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = bytes_get_u8(reader);
		uint64_t bits = byte & 0x7f;

		if (bits << shift >> shift != bits || (byte == 0 && shift > 0))
			break;
		value |= bits << shift;
		if (byte & 0x80)
			continue;
		if (value > limit)
			break;
		return value;
	}
	bytes_reader_fail(reader);
	return 0;
}

static char *get_text(struct bytes_reader *reader, size_t least, size_t most)
{
	size_t length = get_varint(reader, most);
	const uint8_t *text = bytes_get(reader, length);

	if (length < least || (length > 0 && text && memchr(text, 0, length)))
		bytes_reader_fail(reader);
	return bytes_reader_ok(reader) ? g_strndup((const char *)text, length) : NULL;
}

static void get_bytes(struct bytes_reader *reader, void *to, size_t size)
{
	const uint8_t *bytes = bytes_get(reader, size);

	if (bytes)
		memcpy(to, bytes, size);
}

static void get_place(struct bytes_reader *reader, struct extent *extent,
		      const struct extent *before, uint8_t bits)
{
	struct chunk_place *place = &extent->place;

	if (bits & EXTENT_NEXT) {
		place->pack = before->place.pack;
		place->chunk = before->place.chunk + 1;
		place->offset = before->place.offset + before->place.sealed_size;
	} else {
		place->pack = (uint32_t)get_varint(reader, UINT32_MAX);
		place->chunk = (uint32_t)get_varint(reader, SEALED_CHUNKS_MAX - 1);
		place->offset = get_varint(reader, STORE_OBJECT_MAX);
	}
	place->sealed_size = (uint32_t)get_varint(reader, UINT32_MAX);
	if (!(bits & EXTENT_PLAIN))
		place->plain_size = (uint32_t)get_varint(reader, CHUNK_MAX);
	else if (extent->length <= CHUNK_MAX)
		place->plain_size = (uint32_t)extent->length;
	else
		bytes_reader_fail(reader);
}

static void get_extent(struct bytes_reader *reader, struct extent *extent,
		       const struct extent *before)
{
	uint8_t bits = bytes_get_u8(reader);
	uint64_t length = get_varint(reader, INT64_MAX >> (bits & EXTENT_PAGES ? PAGE_SHIFT : 0));
	uint8_t data = bits & EXTENT_DATA_BITS;

	extent->kind = bits & EXTENT_KIND;
	extent->length = bits & EXTENT_PAGES ? length << PAGE_SHIFT : length;
	if ((bits & ~EXTENT_ALL_BITS) || extent->kind == 0 ||
	    (data && extent->kind != EXTENT_DATA) ||
	    (data & (EXTENT_SAME | EXTENT_NEXT) && !before) ||
	    (data & EXTENT_SAME && data & (EXTENT_NEXT | EXTENT_PLAIN)))
		bytes_reader_fail(reader);
	if (!bytes_reader_ok(reader) || extent->kind != EXTENT_DATA)
		return;

	if (data & EXTENT_SAME) {
		extent->place = before->place;
		extent->slice = before->slice + (uint32_t)before->length;
	} else {
		get_place(reader, extent, before, data);
	}
	if (data & EXTENT_SLICE)
		extent->slice = (uint32_t)get_varint(reader, CHUNK_MAX);
}

static void get_content(struct bytes_reader *reader, struct layer_entry *entry)
{
	const struct extent *before = NULL;

	entry->size = get_varint(reader, INT64_MAX);
	get_bytes(reader, entry->digest, XXH128_SIZE);
	if (entry->flags & ENTRY_CRC32C)
		entry->crc32c = bytes_get_u32(reader);
	if (entry->flags & ENTRY_SHA1)
		get_bytes(reader, entry->sha1, SHA1_SIZE);

	/* An extent has two bytes at least: nobody makes us allocate for more than is there. */
	guint count = (guint)get_varint(reader, bytes_reader_left(reader) / 2);

	entry->extents = g_array_sized_new(FALSE, TRUE, sizeof(struct extent), count);
	g_array_set_size(entry->extents, count);
	for (guint i = 0; i < count && bytes_reader_ok(reader); i++) {
		struct extent *extent = &g_array_index(entry->extents, struct extent, i);

		get_extent(reader, extent, before);
		if (extent->kind == EXTENT_DATA)
			before = extent;
	}
}

static void get_entry(struct bytes_reader *reader, struct layer_entry *entry)
{
	entry->kind = bytes_get_u8(reader);
	entry->flags = bytes_get_u16(reader);
	entry->path = get_text(reader, 1, ENTRY_PATH_MAX);
	if (entry->kind < ENTRY_DIRECTORY || entry->kind > ENTRY_TOMBSTONE ||
	    (entry->flags & ~KNOWN_FLAGS) || (entry->flags && entry->kind != ENTRY_FILE))
		bytes_reader_fail(reader);
	if (entry->kind == ENTRY_TOMBSTONE)
		return;

	entry->mode = (uint32_t)get_varint(reader, MODE_MAX);
	entry->uid = (uint32_t)get_varint(reader, UINT32_MAX);
	entry->gid = (uint32_t)get_varint(reader, UINT32_MAX);
	entry->owner = get_text(reader, 0, OWNER_MAX);
	entry->group = get_text(reader, 0, OWNER_MAX);
	entry->mtime_ns = (int64_t)bytes_get_u64(reader);
	if (entry->kind == ENTRY_SYMLINK)
		entry->link = get_text(reader, 1, ENTRY_PATH_MAX);
	if (entry->kind == ENTRY_FILE)
		get_content(reader, entry);
}

/* Reads one entry and adds it to entries. */
static bool parse_entry(struct bytes_reader *reader, uint32_t table_rows, GPtrArray *entries,
			GError **error)
{
	const struct layer_entry *before = entries->len ? entries->pdata[entries->len - 1] : NULL;
	struct layer_entry *entry = g_new0(struct layer_entry, 1);
	size_t length = bytes_get_u32(reader);
	const uint8_t *bytes = bytes_get(reader, length);
	struct bytes_reader inner;

	g_ptr_array_add(entries, entry);
	bytes_reader_init(&inner, bytes, bytes ? length : 0);
	get_entry(&inner, entry);
	if (!bytes_reader_ok(reader) || !bytes_reader_ok(&inner) || bytes_reader_left(&inner) > 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "entry %u cannot be decoded",
				entries->len - 1);
	if (!layer_entry_check(entry, table_rows, error))
		return false;
	if (before && strcmp(before->path, entry->path) >= 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "entry %u is not in the order of paths",
				entries->len - 1);
	return true;
}

bool layer_entries_parse(const void *bytes, size_t size, uint32_t table_rows, GPtrArray **entries,
			 GError **error)
{
	g_autoptr(GPtrArray) parsed =
		g_ptr_array_new_with_free_func((GDestroyNotify)layer_entry_free);
	struct bytes_reader reader;

	bytes_reader_init(&reader, bytes, size);
	while (bytes_reader_left(&reader) > 0)
		if (!parse_entry(&reader, table_rows, parsed, error))
			return false;
	*entries = g_steal_pointer(&parsed);
	return true;
}
