#ifndef ODR_TEST_REPO_ENTRIES_H
#define ODR_TEST_REPO_ENTRIES_H

#include "base/bytes.h"
#include "fixture.h"
#include "repo/layer.h"

/* Entries of a layer with all that they can have. */

#define ROWS	100 /* of the table, where there is none */
#define PAGE	((uint64_t)8192)
#define SEGMENT ((uint64_t)1 << 30)

static inline struct layer_entry *entry_new(const char *path, enum entry_kind kind)
{
	struct layer_entry *entry = g_new0(struct layer_entry, 1);

	entry->path = g_strdup(path);
	entry->kind = kind;
	entry->mode = 0640;
	entry->uid = 26;
	entry->gid = UINT32_MAX;
	entry->owner = g_strdup("postgres");
	entry->group = g_strdup("");
	entry->mtime_ns = -1234567890123;
	return entry;
}

static inline struct layer_entry *file_new(const char *path)
{
	struct layer_entry *entry = entry_new(path, ENTRY_FILE);

	random_bytes(entry->digest, sizeof(entry->digest));
	entry->extents = g_array_new(FALSE, TRUE, sizeof(struct extent));
	return entry;
}

static inline void add_extent(struct layer_entry *entry, const struct extent *extent)
{
	g_array_append_vals(entry->extents, extent, 1);
	entry->size += extent->length;
}

static inline void add_data(struct layer_entry *entry, uint64_t length,
			    const struct chunk_place *place, uint32_t slice)
{
	struct extent extent = {
		.kind = EXTENT_DATA, .length = length, .place = *place, .slice = slice};

	add_extent(entry, &extent);
}

static inline void add_other(struct layer_entry *entry, enum extent_kind kind, uint64_t length)
{
	add_extent(entry, &(struct extent){.kind = kind, .length = length});
}

static const struct chunk_place whole = {
	.pack = 3, .chunk = 7, .offset = 5000, .sealed_size = 4000, .plain_size = CHUNK_MAX};
static const struct chunk_place behind = {
	.pack = 3, .chunk = 8, .offset = 9000, .sealed_size = 40017, .plain_size = 50000};
static const struct chunk_place elsewhere = {.pack = ROWS - 1,
					     .chunk = 32766,
					     .offset = STORE_OBJECT_MAX - 18,
					     .sealed_size = 18,
					     .plain_size = 1};

static inline void assert_same_place(const struct chunk_place *a, const struct chunk_place *b)
{
	g_assert_cmpuint(a->pack, ==, b->pack);
	g_assert_cmpuint(a->chunk, ==, b->chunk);
	g_assert_cmpuint(a->offset, ==, b->offset);
	g_assert_cmpuint(a->sealed_size, ==, b->sealed_size);
	g_assert_cmpuint(a->plain_size, ==, b->plain_size);
}

static inline void assert_same_extents(const struct layer_entry *a, const struct layer_entry *b)
{
	g_assert_cmpuint(a->extents->len, ==, b->extents->len);
	for (guint i = 0; i < a->extents->len; i++) {
		const struct extent *x = &g_array_index(a->extents, struct extent, i);
		const struct extent *y = &g_array_index(b->extents, struct extent, i);

		g_assert_cmpint(x->kind, ==, y->kind);
		g_assert_cmpuint(x->length, ==, y->length);
		g_assert_cmpuint(x->slice, ==, y->slice);
		assert_same_place(&x->place, &y->place);
	}
}

static inline void assert_same(const struct layer_entry *a, const struct layer_entry *b)
{
	g_assert_cmpstr(a->path, ==, b->path);
	g_assert_cmpint(a->kind, ==, b->kind);
	if (a->kind == ENTRY_TOMBSTONE)
		return;
	g_assert_cmpuint(a->flags, ==, b->flags);
	g_assert_cmpuint(a->mode, ==, b->mode);
	g_assert_cmpuint(a->uid, ==, b->uid);
	g_assert_cmpuint(a->gid, ==, b->gid);
	g_assert_cmpstr(a->owner, ==, b->owner);
	g_assert_cmpstr(a->group, ==, b->group);
	g_assert_cmpint(a->mtime_ns, ==, b->mtime_ns);
	g_assert_cmpstr(a->link, ==, b->link);
	if (a->kind != ENTRY_FILE)
		return;
	g_assert_cmpuint(a->size, ==, b->size);
	g_assert_cmpmem(a->digest, XXH128_SIZE, b->digest, XXH128_SIZE);
	g_assert_cmpuint(a->crc32c, ==, b->crc32c);
	g_assert_cmpmem(a->sha1, SHA1_SIZE, b->sha1, SHA1_SIZE);
	assert_same_extents(a, b);
}

static inline GPtrArray *entries_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)layer_entry_free);
}

/* One of every sort, in order. */
static inline GPtrArray *entries_sample(void)
{
	GPtrArray *entries = entries_new();
	struct layer_entry *file;

	g_ptr_array_add(entries, entry_new("pgdata", ENTRY_DIRECTORY));
	g_ptr_array_add(entries, file_new("pgdata/PG_VERSION"));
	file = file_new("pgdata/base/1/1259");
	file->flags = ENTRY_PAGED | ENTRY_CRC32C | ENTRY_DAMAGED;
	file->crc32c = 0xdeadbeef;
	add_data(file, CHUNK_MAX, &whole, 0);
	add_data(file, 50000, &behind, 0);
	add_other(file, EXTENT_ZERO, 12345);
	add_data(file, 1, &elsewhere, 0);
	g_ptr_array_add(entries, file);
	file = file_new("pgdata/base/1/1260");
	file->flags = ENTRY_PAGED | ENTRY_PATCH | ENTRY_SHA1;
	random_bytes(file->sha1, sizeof(file->sha1));
	add_other(file, EXTENT_INHERITED, 7 * PAGE);
	add_data(file, PAGE, &whole, 2 * PAGE);
	add_other(file, EXTENT_INHERITED, PAGE);
	add_data(file, PAGE, &whole, 3 * PAGE);
	add_data(file, PAGE, &whole, 0);
	add_data(file, 100, &behind, 49900);
	g_ptr_array_add(entries, file);
	g_ptr_array_add(entries, entry_new("pgdata/base/1/1261", ENTRY_TOMBSTONE));
	file = entry_new("pgdata/pg_wal", ENTRY_SYMLINK);
	file->link = g_strdup("/srv/wal/../wal");
	g_ptr_array_add(entries, file);
	g_ptr_array_add(entries, entry_new("pgdata/\xc3\xa4\xff", ENTRY_DIRECTORY));
	return entries;
}

#endif
