/*
 * The bytes of the file: "ODRFOLD1", then for each tree
 *
 *   u32 size of what follows · u64 digest of it: u16 length and text of the name · looks: u8 length and
 *   text of the name · u8 1 unsure · u64 inode · i64 time of modification · i64 time of change
 *
 * Digests are XXH3-64 without a seed. There is at least one tree behind the magic, and an empty one ends.
 */
#include "ops/filestore/folders.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"
#include "crypto/digest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAGIC	   "ODRFOLD1"
#define MAGIC_SIZE 8
#define TREE_MAX   ((uint32_t)4 << 20) /* 4096 + 256 folders take less than 200 KiB */

struct folders_reader {
	FILE *file; /* NULL: nothing more is known */
	char *tree; /* the one that was read and not yet asked for; NULL: none */
	GArray *looks, *none;
};

static void nothing_more(FoldersReader *reader)
{
	if (reader->file)
		fclose(reader->file);
	reader->file = NULL;
	g_clear_pointer(&reader->tree, g_free);
	g_array_set_size(reader->looks, 0);
}

FoldersReader *folders_reader_open(const char *path)
{
	FoldersReader *reader = g_new0(FoldersReader, 1);
	char magic[MAGIC_SIZE];

	reader->looks = g_array_new(false, true, sizeof(struct folder_look));
	reader->none = g_array_new(false, true, sizeof(struct folder_look));
	reader->file = path ? fopen(path, "re") : NULL;
	if (reader->file && (fread(magic, sizeof(magic), 1, reader->file) != 1 ||
			     memcmp(magic, MAGIC, sizeof(magic)) != 0))
		nothing_more(reader);
	return reader;
}

void folders_reader_free(FoldersReader *reader)
{
	if (!reader)
		return;
	nothing_more(reader);
	g_array_unref(reader->looks);
	g_array_unref(reader->none);
	g_free(reader);
}

static bool parse_look(struct bytes_reader *bytes, GArray *looks)
{
	struct folder_look look = {0};
	size_t length = bytes_get_u8(bytes);
	const uint8_t *name = bytes_get(bytes, length);

	if (!name || length >= sizeof(look.name))
		return false;
	memcpy(look.name, name, length);
	look.unsure = bytes_get_u8(bytes) != 0;
	look.inode = bytes_get_u64(bytes);
	look.mtime_ns = (int64_t)bytes_get_u64(bytes);
	look.ctime_ns = (int64_t)bytes_get_u64(bytes);
	g_array_append_val(looks, look);
	return bytes_reader_ok(bytes);
}

static bool read_tree(FoldersReader *reader)
{
	uint8_t head[12];
	struct bytes_reader bytes;

	g_array_set_size(reader->looks, 0);
	g_clear_pointer(&reader->tree, g_free);
	if (fread(head, sizeof(head), 1, reader->file) != 1 || bytes_u32(head) == 0 ||
	    bytes_u32(head) > TREE_MAX)
		return false;
	g_autofree uint8_t *content = g_malloc(bytes_u32(head));

	if (fread(content, bytes_u32(head), 1, reader->file) != 1 ||
	    xxh64(0, content, bytes_u32(head)) != bytes_u64(head + 4))
		return false;
	bytes_reader_init(&bytes, content, bytes_u32(head));
	size_t length = bytes_get_u16(&bytes);
	const uint8_t *name = bytes_get(&bytes, length);

	if (!name)
		return false;
	while (bytes_reader_left(&bytes) > 0)
		if (!parse_look(&bytes, reader->looks))
			return false;
	reader->tree = g_strndup((const char *)name, length);
	return true;
}

const GArray *folders_reader_tree(FoldersReader *reader, const char *tree)
{
	while (reader->file && (!reader->tree || strcmp(reader->tree, tree) < 0))
		if (!read_tree(reader))
			nothing_more(reader);
	return reader->tree && strcmp(reader->tree, tree) == 0 ? reader->looks : reader->none;
}

const struct folder_look *folder_look_find(const GArray *looks, const char *name)
{
	guint low = 0, high = looks->len;

	while (low < high) {
		guint middle = low + (high - low) / 2;
		const struct folder_look *look = &g_array_index(looks, struct folder_look, middle);
		int order = strcmp(look->name, name);

		if (order == 0)
			return look;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int64_t nanoseconds(struct timespec time)
{
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

bool folder_look_same(const struct folder_look *look, const struct stat *status)
{
	return !look->unsure && look->inode == status->st_ino &&
	       look->mtime_ns == nanoseconds(status->st_mtim) &&
	       look->ctime_ns == nanoseconds(status->st_ctim);
}

struct folders_writer {
	char *path, *aside;
	FILE *file;
	GByteArray *tree;
};

FoldersWriter *folders_writer_create(const char *path, GError **error)
{
	g_autoptr(FoldersWriter) writer = g_new0(FoldersWriter, 1);

	writer->path = g_strdup(path);
	writer->aside = g_strconcat(path, ".new", NULL);
	writer->tree = g_byte_array_new();
	writer->file = fopen(writer->aside, "we");
	if (!writer->file || fwrite(MAGIC, MAGIC_SIZE, 1, writer->file) != 1) {
		odr_fail_errno(error, errno, "cannot create '%s'", writer->aside);
		return NULL;
	}
	return g_steal_pointer(&writer);
}

void folders_writer_free(FoldersWriter *writer)
{
	if (!writer)
		return;
	if (writer->file) {
		fclose(writer->file);
		unlink(writer->aside);
	}
	g_byte_array_unref(writer->tree);
	g_free(writer->path);
	g_free(writer->aside);
	g_free(writer);
}

bool folders_writer_tree(FoldersWriter *writer, const char *tree, const GArray *looks,
			 GError **error)
{
	GByteArray *bytes = writer->tree;
	uint8_t head[12];

	g_byte_array_set_size(bytes, 0);
	bytes_put_u16(bytes, (uint16_t)strlen(tree));
	bytes_put(bytes, tree, strlen(tree));
	for (guint i = 0; i < looks->len; i++) {
		const struct folder_look *look = &g_array_index(looks, struct folder_look, i);

		bytes_put_u8(bytes, (uint8_t)strlen(look->name));
		bytes_put(bytes, look->name, strlen(look->name));
		bytes_put_u8(bytes, look->unsure);
		bytes_put_u64(bytes, look->inode);
		bytes_put_u64(bytes, (uint64_t)look->mtime_ns);
		bytes_put_u64(bytes, (uint64_t)look->ctime_ns);
	}
	bytes_set_u32(head, bytes->len);
	bytes_set_u64(head + 4, xxh64(0, bytes->data, bytes->len));
	if (!fault_point("file.write", writer->aside, error))
		return false;
	if (fwrite(head, sizeof(head), 1, writer->file) != 1 ||
	    fwrite(bytes->data, bytes->len, 1, writer->file) != 1)
		return odr_fail_errno(error, errno, "cannot write '%s'", writer->aside);
	return true;
}

bool folders_writer_commit(FoldersWriter *writer, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(writer->path);
	FILE *file = g_steal_pointer(&writer->file);
	bool flushed;

	if (!fault_point("file.fsync", writer->aside, error)) {
		fclose(file);
		unlink(writer->aside);
		return false;
	}
	flushed = fflush(file) == 0 && fsync(fileno(file)) == 0;
	if (fclose(file) != 0 || !flushed) {
		odr_fail_errno(error, errno, "cannot write '%s'", writer->aside);
		unlink(writer->aside);
		return false;
	}
	if (rename(writer->aside, writer->path) != 0)
		return odr_fail_errno(error, errno, "cannot put '%s' in place", writer->path);
	return file_sync_dir(folder, error);
}
