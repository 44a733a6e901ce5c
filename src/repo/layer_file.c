/*
 * The bytes of a layer file:
 *
 *   "ODRLFILE" · blocks · index · u64 offset of the index · u64 number of entries · u64 digest · "ODRLFEND"
 *
 *   block    entries back to back (layer_entry.c) · for each of them i64 time of change
 *   index    for each block u64 offset · u32 size of its entries · u32 number of entries · u64 digest ·
 *            u16 length and text of the first entry's path
 *
 * Digests are XXH3-64 without a seed, of a block, and of the index: they find what a disk did.
 */
#include "repo/layer_file.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC	   "ODRLFILE"
#define END	   "ODRLFEND"
#define MAGIC_SIZE 8
#define TAIL_SIZE  32
#define BLOCK_SIZE ((guint)64 << 10)
/* One entry is never longer than a chunk. */
#define BLOCK_MAX ((uint64_t)CHUNK_MAX + 2 * BLOCK_SIZE)
#define INDEX_MAX ((uint64_t)64 << 20)

struct layer_file_writer {
	char *path, *aside;
	int fd;
	uint64_t offset;
	GByteArray *block;
	GArray *times; /* int64_t */
	GByteArray *index;
	char *first; /* path of the first entry of the block */
	uint64_t count;
};

LayerFileWriter *layer_file_create(const char *path, GError **error)
{
	g_autoptr(LayerFileWriter) writer = g_new0(LayerFileWriter, 1);

	writer->path = g_strdup(path);
	writer->aside = g_strconcat(path, ".new", NULL);
	writer->block = g_byte_array_new();
	writer->times = g_array_new(false, false, sizeof(int64_t));
	writer->index = g_byte_array_new();
	writer->offset = MAGIC_SIZE;
	writer->fd =
		open(writer->aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (writer->fd < 0) {
		odr_fail_errno(error, errno, "cannot create '%s'", writer->aside);
		return NULL;
	}
	if (!file_pwrite(writer->fd, MAGIC, MAGIC_SIZE, 0, error)) {
		odr_context(error, "cannot write '%s'", writer->aside);
		return NULL;
	}
	return g_steal_pointer(&writer);
}

void layer_file_writer_free(LayerFileWriter *writer)
{
	if (!writer)
		return;
	if (writer->fd >= 0) {
		close(writer->fd);
		unlink(writer->aside);
	}
	g_free(writer->path);
	g_free(writer->aside);
	g_free(writer->first);
	g_byte_array_unref(writer->block);
	g_array_unref(writer->times);
	g_byte_array_unref(writer->index);
	g_free(writer);
}

static bool writer_put(LayerFileWriter *writer, const GByteArray *bytes, GError **error)
{
	if (!fault_point("file.write", writer->aside, error) ||
	    !file_pwrite(writer->fd, bytes->data, bytes->len, (off_t)writer->offset, error))
		return odr_context(error, "cannot write '%s'", writer->aside);
	writer->offset += bytes->len;
	return true;
}

static bool end_block(LayerFileWriter *writer, GError **error)
{
	GByteArray *index = writer->index;
	guint size = writer->block->len;

	if (size == 0)
		return true;
	for (guint i = 0; i < writer->times->len; i++)
		bytes_put_u64(writer->block, (uint64_t)g_array_index(writer->times, int64_t, i));
	bytes_put_u64(index, writer->offset);
	bytes_put_u32(index, size);
	bytes_put_u32(index, writer->times->len);
	bytes_put_u64(index, xxh64(0, writer->block->data, writer->block->len));
	bytes_put_u16(index, (uint16_t)strlen(writer->first));
	bytes_put(index, writer->first, strlen(writer->first));
	if (!writer_put(writer, writer->block, error))
		return false;
	g_byte_array_set_size(writer->block, 0);
	g_array_set_size(writer->times, 0);
	return true;
}

bool layer_file_add(LayerFileWriter *writer, const struct layer_entry *entry, int64_t ctime_ns,
		    GError **error)
{
	if (writer->block->len == 0) {
		g_free(writer->first);
		writer->first = g_strdup(entry->path);
	}
	layer_entry_encode(entry, writer->block);
	g_array_append_val(writer->times, ctime_ns);
	writer->count++;
	return writer->block->len < BLOCK_SIZE || end_block(writer, error);
}

static bool end_index(LayerFileWriter *writer, GError **error)
{
	g_autoptr(GByteArray) tail = g_byte_array_new();
	uint64_t digest = xxh64(0, writer->index->data, writer->index->len);

	bytes_put_u64(tail, writer->offset);
	bytes_put_u64(tail, writer->count);
	bytes_put_u64(tail, digest);
	bytes_put(tail, END, MAGIC_SIZE);
	return writer_put(writer, writer->index, error) && writer_put(writer, tail, error);
}

bool layer_file_commit(LayerFileWriter *writer, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(writer->path);

	if (!end_block(writer, error) || !end_index(writer, error) ||
	    !fault_point("file.fsync", writer->aside, error))
		return false;
	if (fsync(writer->fd) != 0)
		return odr_fail_errno(error, errno, "cannot sync '%s'", writer->aside);
	if (!fault_point("file.rename", writer->path, error))
		return false;
	if (rename(writer->aside, writer->path) != 0)
		return odr_fail_errno(error, errno, "cannot put '%s' in place", writer->path);
	close(writer->fd);
	writer->fd = -1;
	return file_sync_dir(folder, error);
}

/* Reading. */

struct block {
	uint64_t offset, digest;
	uint32_t size, count; /* of the entries */
	char *first;
};

struct layer_file {
	char *path;
	int fd;
	GArray *blocks; /* struct block */
	uint64_t count;
};

static void block_clear(void *data)
{
	g_free(((struct block *)data)->first);
}

void layer_file_free(LayerFile *file)
{
	if (!file)
		return;
	if (file->fd >= 0)
		close(file->fd);
	g_array_unref(file->blocks);
	g_free(file->path);
	g_free(file);
}

uint64_t layer_file_count(const LayerFile *file)
{
	return file->count;
}

static bool damaged(const LayerFile *file, GError **error)
{
	return odr_fail(error, ODR_ERROR_CORRUPT, "'%s' is damaged", file->path);
}

/* Exactly these bytes, or CORRUPT; g_free. */
static uint8_t *read_at(const LayerFile *file, uint64_t offset, size_t size, GError **error)
{
	g_autofree uint8_t *bytes = g_malloc(size + 1);
	ssize_t got = file_pread(file->fd, bytes, size, (off_t)offset, error);

	if (got < 0) {
		odr_context(error, "cannot read '%s'", file->path);
		return NULL;
	}
	if ((size_t)got != size) {
		damaged(file, error);
		return NULL;
	}
	return g_steal_pointer(&bytes);
}

static bool parse_index(LayerFile *file, const uint8_t *bytes, size_t size, uint64_t end)
{
	struct bytes_reader reader;
	uint64_t count = 0, offset = MAGIC_SIZE;

	bytes_reader_init(&reader, bytes, size);
	while (bytes_reader_left(&reader) > 0) {
		struct block block = {.offset = bytes_get_u64(&reader),
				      .size = bytes_get_u32(&reader),
				      .count = bytes_get_u32(&reader)};

		block.digest = bytes_get_u64(&reader);
		size_t length = bytes_get_u16(&reader);
		const uint8_t *first = bytes_get(&reader, length);
		uint64_t whole = block.size + (uint64_t)block.count * sizeof(int64_t);

		if (!bytes_reader_ok(&reader) || block.offset != offset || block.count == 0 ||
		    whole > BLOCK_MAX * 2 || whole > end - offset)
			return false;
		offset += whole;
		count += block.count;
		block.first = g_strndup((const char *)first, length);
		g_array_append_val(file->blocks, block);
	}
	return count == file->count && offset == end;
}

static bool read_index(LayerFile *file, uint64_t size, GError **error)
{
	g_autofree uint8_t *tail = NULL;
	g_autofree uint8_t *index = NULL;
	uint64_t offset, index_size;

	if (size < MAGIC_SIZE + TAIL_SIZE)
		return damaged(file, error);
	tail = read_at(file, size - TAIL_SIZE, TAIL_SIZE, error);
	if (!tail)
		return false;
	offset = bytes_u64(tail);
	file->count = bytes_u64(tail + 8);
	if (memcmp(tail + 24, END, MAGIC_SIZE) != 0 || offset < MAGIC_SIZE ||
	    offset > size - TAIL_SIZE)
		return damaged(file, error);
	index_size = size - TAIL_SIZE - offset;
	if (index_size > INDEX_MAX)
		return damaged(file, error);
	index = read_at(file, offset, index_size, error);
	if (!index)
		return false;
	return (xxh64(0, index, index_size) == bytes_u64(tail + 16) &&
		parse_index(file, index, index_size, offset)) ||
	       damaged(file, error);
}

LayerFile *layer_file_open(const char *path, GError **error)
{
	g_autoptr(LayerFile) file = g_new0(LayerFile, 1);
	struct stat status;

	file->path = g_strdup(path);
	file->blocks = g_array_new(false, false, sizeof(struct block));
	g_array_set_clear_func(file->blocks, block_clear);
	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (file->fd < 0 || fstat(file->fd, &status) != 0) {
		odr_fail_errno(error, errno, "cannot open '%s'", path);
		return NULL;
	}
	if (!read_index(file, (uint64_t)status.st_size, error))
		return NULL;
	return g_steal_pointer(&file);
}

struct layer_cursor {
	const LayerFile *file;
	guint block;	/* the one that is in memory, or is to be */
	uint8_t *bytes; /* of it; NULL: not read */
	GArray *starts; /* uint32_t: where its entries begin */
	guint at;
};

int local_entry_compare(const struct local_entry *entry, const char *path, size_t length)
{
	int order = memcmp(entry->path, path, MIN(entry->length, length));

	return order ? order : (entry->length > length) - (entry->length < length);
}

bool local_entry_decode(const struct local_entry *local, struct layer_entry **entry, GError **error)
{
	g_autoptr(GPtrArray) entries = NULL;

	if (!layer_entries_parse(local->bytes, local->size, TABLE_ROWS_MAX, &entries, error))
		return false;
	if (entries->len != 1)
		return odr_fail(error, ODR_ERROR_CORRUPT, "an entry is damaged");
	*entry = g_ptr_array_steal_index(entries, 0);
	return true;
}

LayerCursor *layer_cursor_new(const LayerFile *file)
{
	LayerCursor *cursor = g_new0(LayerCursor, 1);

	cursor->file = file;
	cursor->starts = g_array_new(false, false, sizeof(uint32_t));
	return cursor;
}

void layer_cursor_free(LayerCursor *cursor)
{
	if (!cursor)
		return;
	g_free(cursor->bytes);
	g_array_unref(cursor->starts);
	g_free(cursor);
}

static const struct block *block_at(const LayerCursor *cursor)
{
	return &g_array_index(cursor->file->blocks, struct block, cursor->block);
}

/* Where the entries of the block begin, by the lengths they state. */
static bool find_starts(LayerCursor *cursor)
{
	const struct block *block = block_at(cursor);
	uint32_t offset = 0;

	g_array_set_size(cursor->starts, 0);
	while (offset < block->size) {
		uint32_t left = block->size - offset;

		if (left < sizeof(uint32_t) || bytes_u32(cursor->bytes + offset) > left - 4)
			return false;
		g_array_append_val(cursor->starts, offset);
		offset += 4 + bytes_u32(cursor->bytes + offset);
	}
	return cursor->starts->len == block->count;
}

static bool cursor_read(LayerCursor *cursor, GError **error)
{
	const struct block *block = block_at(cursor);
	size_t size = block->size + block->count * sizeof(int64_t);
	uint8_t *bytes = read_at(cursor->file, block->offset, size, error);

	g_free(cursor->bytes);
	cursor->bytes = bytes;
	if (!bytes)
		return false;
	if (xxh64(0, bytes, size) == block->digest && find_starts(cursor))
		return true;
	g_clear_pointer(&cursor->bytes, g_free);
	return damaged(cursor->file, error);
}

/* The last block whose first path is not greater; the entry may only be in this one, or be none. */
static guint block_of(const LayerFile *file, const char *path)
{
	guint low = 0, high = file->blocks->len;

	while (low + 1 < high) {
		guint middle = low + (high - low) / 2;

		if (strcmp(g_array_index(file->blocks, struct block, middle).first, path) <= 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* layer_entry.c: u32 length · u8 kind · u16 flags · varint length and text of the path. */
static bool view(const LayerCursor *cursor, guint number, struct local_entry *entry, GError **error)
{
	const struct block *block = block_at(cursor);
	const uint8_t *bytes = cursor->bytes + g_array_index(cursor->starts, uint32_t, number);
	struct bytes_reader reader;
	size_t length;

	bytes_reader_init(&reader, bytes + 4, bytes_u32(bytes));
	entry->bytes = bytes;
	entry->size = 4 + bytes_u32(bytes);
	entry->kind = bytes_get_u8(&reader);
	entry->flags = bytes_get_u16(&reader);
	length = bytes_get_u8(&reader);
	if (length & 0x80)
		length = (length & 0x7f) | (size_t)bytes_get_u8(&reader) << 7;
	entry->path = (const char *)bytes_get(&reader, length);
	entry->length = length;
	entry->ctime_ns =
		(int64_t)bytes_u64(cursor->bytes + block->size + number * sizeof(int64_t));
	return entry->path || damaged(cursor->file, error);
}

bool layer_cursor_seek(LayerCursor *cursor, const char *path, GError **error)
{
	const LayerFile *file = cursor->file;
	guint block = block_of(file, path), low = 0, high;
	size_t length = strlen(path);

	if (file->blocks->len == 0)
		return true;
	if (!cursor->bytes || cursor->block != block) {
		cursor->block = block;
		if (!cursor_read(cursor, error))
			return false;
	}
	high = cursor->starts->len;
	while (low < high) {
		guint middle = low + (high - low) / 2;
		struct local_entry entry;

		if (!view(cursor, middle, &entry, error))
			return false;
		if (local_entry_compare(&entry, path, length) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	cursor->at = low;
	return true;
}

bool layer_cursor_get(LayerCursor *cursor, struct local_entry *entry, GError **error)
{
	*entry = (struct local_entry){0};
	if (cursor->bytes && cursor->at >= cursor->starts->len) {
		g_clear_pointer(&cursor->bytes, g_free);
		cursor->block++;
		cursor->at = 0;
	}
	if (cursor->block >= cursor->file->blocks->len)
		return true;
	return (cursor->bytes || cursor_read(cursor, error)) &&
	       view(cursor, cursor->at, entry, error);
}

void layer_cursor_next(LayerCursor *cursor)
{
	if (cursor->bytes)
		cursor->at++;
}
