/* The files of the golden sets, and their layers. */
#include "make.h"

static void append_noise(GByteArray *content, size_t size, uint32_t seed)
{
	for (size_t i = 0; i < size; i++) {
		uint8_t byte;

		seed = seed * 1664525 + 1013904223;
		byte = seed >> 24;
		g_byte_array_append(content, &byte, 1);
	}
}

static void append_zeros(GByteArray *content, size_t size)
{
	guint length = content->len;

	g_byte_array_set_size(content, length + (guint)size);
	memset(content->data + length, 0, size);
}

static void append_lines(GByteArray *content, size_t size)
{
	for (unsigned i = 0; size > 0; i++) {
		g_autofree char *line = g_strdup_printf("line %u of the golden file\n", i % 97);
		size_t length = MIN(strlen(line), size);

		g_byte_array_append(content, (const uint8_t *)line, (guint)length);
		size -= length;
	}
}

static GByteArray *text_content(const char *text)
{
	return g_byte_array_append(g_byte_array_new(), (const uint8_t *)text, strlen(text));
}

static struct layer_entry *entry_new(enum entry_kind kind, const char *path, unsigned mode)
{
	struct layer_entry *entry = g_new0(struct layer_entry, 1);

	entry->kind = kind;
	entry->path = g_strdup(path);
	entry->mode = mode;
	entry->uid = 101;
	entry->gid = 104;
	entry->owner = g_strdup("postgres");
	entry->group = g_strdup("");
	entry->mtime_ns = 1795300000123456789;
	return entry;
}

static void set_digests(const struct golden *golden, struct layer_entry *entry,
			const GByteArray *content)
{
	uint64_t seed = digest_seed(golden->owner->digest_secret, "content");
	g_autoptr(GByteArray) blocks = g_byte_array_new();
	uint8_t digest[XXH128_SIZE];

	for (size_t at = 0; at < content->len; at += CONTENT_BLOCK_SIZE) {
		xxh128(seed, content->data + at, MIN(CONTENT_BLOCK_SIZE, content->len - at),
		       digest);
		g_byte_array_append(blocks, digest, sizeof(digest));
	}
	content_digest_join(seed, blocks->data, blocks->len / XXH128_SIZE, entry->digest);
	entry->size = content->len;
	entry->flags |= ENTRY_CRC32C;
	entry->crc32c = crc32c_value(crc32c_update(crc32c_init(), content->data, content->len));
}

#define PAGE ((size_t)8192)

static bool is_zero_page(const GByteArray *content, size_t at)
{
	static const uint8_t zeros[8192];

	return content->len - at >= PAGE && memcmp(content->data + at, zeros, PAGE) == 0;
}

static void add_extent(struct layer_entry *entry, const struct extent *extent)
{
	struct extent *last = entry->extents->len ? &g_array_index(entry->extents, struct extent,
								   entry->extents->len - 1)
						  : NULL;

	if (last && last->kind == extent->kind &&
	    (extent->kind != EXTENT_DATA ||
	     (last->place.pack == extent->place.pack && last->place.chunk == extent->place.chunk)))
		last->length += extent->length;
	else
		g_array_append_val(entry->extents, *extent);
}

/* Pages of zeros become no data; the rest is packed together. inherit: pages equal to those of before. */
static void store_content(struct golden *golden, PackWriter *writer, struct layer_entry *entry,
			  const GByteArray *content, const GByteArray *before)
{
	g_autoptr(GByteArray) data = g_byte_array_new();
	struct chunk_place place = {0};
	size_t packed = 0;
	GError *error = NULL;

	entry->extents = g_array_new(FALSE, TRUE, sizeof(struct extent));
	set_digests(golden, entry, content);
	for (int pass = 0; pass < 2; pass++) {
		for (size_t at = 0; at < content->len; at += PAGE) {
			size_t size = MIN(PAGE, content->len - at);
			struct extent extent = {.kind = EXTENT_DATA, .length = size};

			if (before && before->len >= at + size &&
			    memcmp(before->data + at, content->data + at, size) == 0)
				extent.kind = EXTENT_INHERITED;
			else if (is_zero_page(content, at))
				extent.kind = EXTENT_ZERO;
			if (pass == 0) {
				if (extent.kind == EXTENT_DATA)
					g_byte_array_append(data, content->data + at, (guint)size);
				continue;
			}
			if (extent.kind == EXTENT_DATA) {
				if (packed % CHUNK_MAX == 0)
					must(pack_writer_add(writer, data->data + packed,
							     MIN(CHUNK_MAX, data->len - packed),
							     &place, NULL, &error),
					     error);
				extent.place = place;
				extent.slice = packed % CHUNK_MAX;
				packed += size;
			}
			add_extent(entry, &extent);
		}
	}
}

/* Two small files in one chunk. */
static void store_together(struct golden *golden, PackWriter *writer, struct layer_entry **entries,
			   GByteArray **contents)
{
	g_autoptr(GByteArray) both = g_byte_array_new();
	struct extent extent = {.kind = EXTENT_DATA};
	GError *error = NULL;

	for (int i = 0; i < 2; i++)
		g_byte_array_append(both, contents[i]->data, contents[i]->len);
	must(pack_writer_add(writer, both->data, both->len, &extent.place, NULL, &error), error);
	for (int i = 0; i < 2; i++) {
		set_digests(golden, entries[i], contents[i]);
		entries[i]->extents = g_array_new(FALSE, TRUE, sizeof(struct extent));
		extent.length = contents[i]->len;
		g_array_append_val(entries[i]->extents, extent);
		extent.slice += contents[i]->len;
	}
}

static void keep(struct golden *golden, GPtrArray *layer, struct layer_entry *entry,
		 GByteArray *content)
{
	g_ptr_array_add(layer, entry);
	g_hash_table_replace(golden->entries, entry->path, entry);
	if (content)
		g_hash_table_replace(golden->content, entry->path, content);
}

static void keep_file(struct golden *golden, PackWriter *writer, GPtrArray *layer, const char *path,
		      uint32_t flags, GByteArray *content)
{
	struct layer_entry *entry = entry_new(ENTRY_FILE, path, 0600);

	entry->flags = flags;
	store_content(golden, writer, entry, content,
		      flags & ENTRY_PATCH ? g_hash_table_lookup(golden->content, path) : NULL);
	keep(golden, layer, entry, content);
}

static void keep_plain(struct golden *golden, GPtrArray *layer)
{
	static const char *const folders[] = {"pgdata/base",
					      "pgdata/base/1",
					      "pgdata/global",
					      "pgdata/pg_tblspc",
					      "pgdata/pg_tblspc/16385/PG_15_202209061",
					      "pgdata/pg_tblspc/16385/PG_15_202209061/5",
					      "pgdata/pg_wal",
					      "pgdata"};
	struct layer_entry *tablespace = entry_new(ENTRY_SYMLINK, "pgdata/pg_tblspc/16385", 0777);
	struct layer_entry *log = entry_new(ENTRY_SYMLINK, "pgdata/log", 0777);

	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++)
		keep(golden, layer, entry_new(ENTRY_DIRECTORY, folders[i], 0700), NULL);
	tablespace->link = g_strdup("/srv/fast disk");
	log->link = g_strdup("/var/log/postgresql");
	keep(golden, layer, tablespace, NULL);
	keep(golden, layer, log, NULL);
}

static GPtrArray *full_layer(struct golden *golden, PackWriter *writer)
{
	GPtrArray *layer = g_ptr_array_new();
	GByteArray *sparse = g_byte_array_new(), *large = g_byte_array_new(),
		   *noise = g_byte_array_new(), *control = g_byte_array_new(),
		   *table = g_byte_array_new();
	struct layer_entry *small[] = {
		entry_new(ENTRY_FILE, "pgdata/PG_VERSION", 0600),
		entry_new(ENTRY_FILE, "outside/etc/postgresql/15/main/postgresql.conf", 0644),
	};
	GByteArray *small_content[] = {text_content("15\n"), text_content("port = 5432\n")};

	append_noise(sparse, PAGE, 1);
	append_zeros(sparse, 6 * PAGE);
	append_noise(sparse, PAGE, 2);
	append_lines(large, (5 << 19) + 77);
	append_noise(noise, 70000, 3);
	append_noise(control, 296, 4);
	append_zeros(control, 8192 - 296);
	append_lines(table, 2 * PAGE);

	keep_plain(golden, layer);
	store_together(golden, writer, small, small_content);
	for (int i = 0; i < 2; i++)
		keep(golden, layer, small[i], small_content[i]);
	keep_file(golden, writer, layer, "pgdata/base/1/1259", ENTRY_PAGED, sparse);
	keep_file(golden, writer, layer, "pgdata/base/1/1260", 0, large);
	keep_file(golden, writer, layer, "pgdata/base/1/1261", 0, noise);
	keep_file(golden, writer, layer, "pgdata/base/1/2619", ENTRY_PAGED, g_byte_array_new());
	keep_file(golden, writer, layer, "pgdata/global/pg_control", 0, control);
	keep_file(golden, writer, layer, "pgdata/n\xe9", 0, text_content("not UTF-8\n"));
	keep_file(golden, writer, layer, "pgdata/pg_tblspc/16385/PG_15_202209061/5/16386",
		  ENTRY_PAGED | ENTRY_DAMAGED, table);
	return layer;
}

/* One page changed and one is new, a file is gone, another is there. */
static GPtrArray *later_layer(struct golden *golden, PackWriter *writer)
{
	GPtrArray *layer = g_ptr_array_new();
	const GByteArray *before = g_hash_table_lookup(golden->content, "pgdata/base/1/1259");
	GByteArray *patched = g_byte_array_new(), *control = g_byte_array_new();

	g_byte_array_append(patched, before->data, (guint)(3 * PAGE));
	append_noise(patched, PAGE, 5);
	g_byte_array_append(patched, before->data + 4 * PAGE, (guint)(4 * PAGE));
	append_noise(patched, PAGE, 6);
	append_noise(control, 296, 7);
	append_zeros(control, 8192 - 296);

	keep_file(golden, writer, layer, "pgdata/base/1/1259", ENTRY_PAGED | ENTRY_PATCH, patched);
	keep_file(golden, writer, layer, "pgdata/base/1/3000", 0, text_content("new\n"));
	keep_file(golden, writer, layer, "pgdata/global/pg_control", 0, control);
	g_ptr_array_add(layer, entry_new(ENTRY_TOMBSTONE, "pgdata/n\xe9", 0));
	g_hash_table_remove(golden->entries, "pgdata/n\xe9");
	return layer;
}

static int compare_entries(const void *a, const void *b)
{
	const struct layer_entry *one = *(struct layer_entry *const *)a;
	const struct layer_entry *two = *(struct layer_entry *const *)b;

	return strcmp(one->path, two->path);
}

static struct layer_ref make_layer(struct golden *golden,
				   GPtrArray *(*fill)(struct golden *, PackWriter *))
{
	struct pack_sink *sink = pack_sink_new(&(struct pack_sink_settings){
		.repos = golden->repos,
		.recipients = golden->recipients,
		.service_id = golden->owner->service.id,
		.generation = GENERATION,
		.lock_until = LOCK_UNTIL,
		.pack_size = 64 << 10,
		.compress_level = 1,
		.digest_seed = digest_seed(golden->owner->digest_secret, "content"),
	});
	g_autoptr(PackWriter) writer = pack_writer_new(sink);
	g_autoptr(LayerWriter) layer = layer_writer_new(writer);
	g_autoptr(GPtrArray) entries = fill(golden, writer);
	struct layer_ref ref = {0};
	const Table *table;
	GError *error = NULL;

	g_ptr_array_sort(entries, compare_entries);
	for (guint i = 0; i < entries->len; i++)
		must(layer_writer_add(layer, entries->pdata[i], &error), error);
	must(layer_writer_finish(layer, &ref, &error) && pack_sink_table(sink, &table, &error) &&
		     table_store(golden->repos, table, LOCK_UNTIL, ref.table, &error),
	     error);
	pack_sink_free(sink);
	return ref;
}

struct layer_ref make_full_layer(struct golden *golden)
{
	return make_layer(golden, full_layer);
}

struct layer_ref make_later_layer(struct golden *golden)
{
	return make_layer(golden, later_layer);
}
