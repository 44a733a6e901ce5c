/*
 * Writes the golden repository, its keys, and what is expected of it, into a new folder:
 *
 *   tests/golden/make DIR
 *
 * Keys and ids are drawn anew, so the bytes differ each time; the content is always the same. What is
 * committed stays: another run is for another version of the format, beside this one.
 */
#include "golden.h"

#include "base/file.h"
#include "crypto/secret.h"
#include "repo/anchor.h"
#include "repo/manifest.h"
#include "repo/wal_object.h"

#define SEGMENT_SIZE (64u << 20)
#define SYSTEM	     7300000000000000001u
#define GENERATION   "20261204-00112233445566ff"
#define LOCK_UNTIL   (1796428800 * USEC_PER_SEC)
#define STARTED	     (1795302301 * USEC_PER_SEC)

struct golden {
	const char *folder;
	OwnerKey *owner;
	Identity *identity, *wal_identity;
	Bundle *bundle;
	GPtrArray *recipients, *repos;
	GHashTable *content; /* path → GByteArray, of the sets so far */
	GHashTable *entries; /* path → struct layer_entry */
	GString *expected;
	Manifest *last;
};

static void must(bool done, GError *error)
{
	if (!done)
		g_error("%s", error ? error->message : "failed");
}

static void write_text(const struct golden *golden, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(golden->folder, name, NULL);
	GError *error = NULL;

	must(g_file_set_contents(path, text, -1, &error), error);
}

/* Keys. */

static void make_keys(struct golden *golden)
{
	struct key_service *service;

	golden->owner = owner_key_new("golden");
	golden->identity = identity_new(golden->owner, "safe", RECIPIENT_SCOPE_ALL);
	golden->wal_identity = identity_new(golden->owner, "standby", RECIPIENT_SCOPE_WAL);
	golden->recipients = g_ptr_array_new();
	g_ptr_array_add(golden->recipients, &golden->identity->recipient);
	g_ptr_array_add(golden->recipients, &golden->wal_identity->recipient);
	golden->bundle = bundle_new(golden->owner, KEY_ROLE_WRITER, STARTED, 0, golden->recipients);
	service = &golden->owner->service;

	g_autofree char *owner = owner_key_print(golden->owner, NULL);
	g_autofree char *identity = identity_print(golden->identity, NULL);
	g_autofree char *protected = identity_print(golden->identity, GOLDEN_PASSPHRASE);
	g_autofree char *wal = identity_print(golden->wal_identity, NULL);
	g_autofree char *recipient = recipient_print(&golden->identity->recipient, service);
	g_autofree char *bundle = bundle_print(golden->bundle);

	write_text(golden, "owner", owner);
	write_text(golden, "identity", identity);
	write_text(golden, "identity-protected", protected);
	write_text(golden, "identity-wal", wal);
	write_text(golden, "identity.pub", recipient);
	write_text(golden, "bundle", bundle);
}

static void make_repository(struct golden *golden)
{
	g_autofree char *root = g_build_filename(golden->folder, "repository", NULL);
	struct store_settings settings = {
		.name = "golden", .type = "posix", .path = root, .create = true};
	GError *error = NULL;
	Store *store = store_open(&settings, &error);

	must(store && repo_init(store, 0, &error), error);
	golden->repos = g_ptr_array_new();
	g_ptr_array_add(golden->repos, repo_new(store, &golden->owner->service));
}

/* Content. */

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

/* Entries. */

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

static void expect_set(struct golden *golden, const char *set_id)
{
	g_autoptr(GList) paths =
		g_list_sort(g_hash_table_get_keys(golden->entries), (GCompareFunc)strcmp);

	for (GList *path = paths; path; path = path->next)
		golden_expect_entry(golden->expected, set_id,
				    g_hash_table_lookup(golden->entries, path->data),
				    g_hash_table_lookup(golden->content, path->data));
}

/* WAL. */

static char *make_wal(struct golden *golden, const char *file, const void *content, size_t size)
{
	Repo *repo = golden->repos->pdata[0];
	bool history = g_str_has_suffix(file, ".history");
	struct wal_object_request request = {
		.bundle = golden->bundle,
		.file = file,
		.content = content,
		.size = size,
		.system_identifier = history ? 0 : SYSTEM,
		.major = history ? 0 : 15,
		.compress_level = 1,
	};
	char *first = NULL;
	GError *error = NULL;

	wal_object_digest(golden->owner->digest_secret, content, size, request.digest);
	for (request.piece = 1; request.piece <= wal_object_pieces(size); request.piece++) {
		struct wal_object object;

		must(wal_object_seal(&request, &object, &error), error);

		struct iovec part = {object.bytes->data, object.bytes->len};

		must(repo_put(repo, object.local, &part, 1, 0, NULL, &error), error);
		if (!first)
			first = g_strdup(object.local);
		wal_object_clear(&object);
	}
	g_string_append_printf(golden->expected, "wal %s", file);
	golden_expect_content(golden->expected, content, size);
	return first;
}

/* Its first page is as PostgreSQL 15 writes it. */
static char *make_segment(struct golden *golden, const char *file, uint64_t address)
{
	g_autofree uint8_t *content = g_malloc0(SEGMENT_SIZE);
	const uint8_t magic_and_info[] = {0x10, 0xd1, 0x02, 0x00};

	memcpy(content, magic_and_info, sizeof(magic_and_info));
	bytes_set_u32(content + 4, 1);
	bytes_set_u64(content + 8, address);
	bytes_set_u64(content + 24, SYSTEM);
	bytes_set_u32(content + 32, SEGMENT_SIZE);
	bytes_set_u32(content + 36, 8192);
	for (size_t at = 3 << 20; at < SEGMENT_SIZE; at += 11 << 20)
		memcpy(content + at, file, strlen(file));
	return make_wal(golden, file, content, SEGMENT_SIZE);
}

static void make_text_wal(struct golden *golden, const char *file, const char *text)
{
	g_free(make_wal(golden, file, text, strlen(text)));
}

static GPtrArray *make_archive(struct golden *golden)
{
	GPtrArray *objects = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(objects, make_segment(golden, "000000010000000000000001", 0x4000000));
	g_ptr_array_add(objects, make_segment(golden, "000000010000000000000002", 0x8000000));
	g_free(make_segment(golden, "000000010000000000000003.partial", 0xc000000));
	make_text_wal(golden, "000000010000000000000001.00000028.backup",
		      "START WAL LOCATION: 0/4000028 (file 000000010000000000000001)\n");
	make_text_wal(golden, "00000002.history", "1\t0/C000000\tno recovery target specified\n");
	return objects;
}

/* Sets. */

static struct set_part *make_part(const struct layer_ref *refs, unsigned count)
{
	struct set_part *part = g_new0(struct set_part, 1);

	part->part = g_strdup(PART_DATABASE);
	part->kind = g_strdup(count > 1 ? "incremental" : "full");
	part->generation = g_strdup(GENERATION);
	part->lock_until = LOCK_UNTIL;
	part->layers = g_array_new(FALSE, FALSE, sizeof(struct layer_ref));
	g_array_append_vals(part->layers, refs, count);
	part->files = 9;
	part->bytes = 2800000;
	part->stored = 123456;
	return part;
}

static struct set_wal *make_set_wal(const GPtrArray *objects)
{
	struct set_wal *wal = g_new0(struct set_wal, 1);

	wal->timeline = 1;
	wal->segment_size = SEGMENT_SIZE;
	wal->start = 0x4000028;
	wal->stop = 0x8000100;
	wal_segment_name(1, wal->start, SEGMENT_SIZE, wal->first);
	wal_segment_name(1, wal->stop - 1, SEGMENT_SIZE, wal->last);
	wal->objects = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < objects->len; i++)
		g_ptr_array_add(wal->objects, g_strdup(objects->pdata[i]));
	return wal;
}

static void make_set(struct golden *golden, const char *set_id, const struct layer_ref *refs,
		     unsigned count, const GPtrArray *objects)
{
	Manifest *manifest = manifest_new(), *stored;
	g_autofree char *local = layout_set(set_id);
	json_t *database = json_object();
	GError *error = NULL;

	manifest->set_id = g_strdup(set_id);
	manifest->sequence = count;
	if (golden->last) {
		manifest->previous_set = g_strdup(golden->last->set_id);
		memcpy(manifest->previous_sha256, golden->last->sha256, SHA256_SIZE);
		manifest->previous_retain_until = golden->last->retain_until;
	}
	manifest->created = set_id_time(set_id);
	manifest->retain_until = manifest->created + 7 * USEC_PER_DAY;
	manifest->program = g_strdup("odrbackup 0.1.0");
	g_ptr_array_add(manifest->parts, make_part(refs, count));
	manifest->wal = make_set_wal(objects);
	manifest->started = manifest->created - USEC_PER_SEC;
	manifest->stopped = manifest->created;
	manifest->host = g_strdup("db1");
	manifest->label = g_strdup("golden");
	manifest->pg_major = 15;
	manifest->pg_version_num = 150014;
	manifest->system_identifier = SYSTEM;
	manifest->checksums = true;
	manifest->data_directory = g_strdup("/srv/\xff/main");
	manifest->backup_label =
		g_strdup("START WAL LOCATION: 0/4000028 (file 000000010000000000000001)\n"
			 "CHECKPOINT LOCATION: 0/4000060\nBACKUP METHOD: streamed\n"
			 "BACKUP FROM: primary\nSTART TIME: 2026-11-21 23:05:00 UTC\n"
			 "LABEL: golden\nSTART TIMELINE: 1\n");
	manifest->tablespace_map = g_strdup("16385 /srv/fast disk\n");
	json_set_int(database, "oid", 5);
	json_set_string(database, "name", "shop\xfe");
	json_array_append_new(manifest->databases, database);
	json_set_int(manifest->server, "max_connections", 100);
	damage_add(manifest->damaged, "pgdata/pg_tblspc/16385/PG_15_202209061/5/16386",
		   "1 page with a wrong checksum, block 1");

	GBytes *object = manifest_seal(manifest, golden->bundle, 1, &error);

	must(object != NULL, error);

	struct iovec part = {(void *)g_bytes_get_data(object, NULL), g_bytes_get_size(object)};

	must(repo_put(golden->repos->pdata[0], local, &part, 1, 0, NULL, &error) &&
		     manifest_parse(&golden->owner->service, golden->identity, set_id,
				    part.iov_base, part.iov_len, &stored, &error),
	     error);
	golden->last = stored;
	expect_set(golden, set_id);
}

/* A mark and its anchor: one figure that nothing changed, one that changed, one that could not be taken. */

static void put_object(const struct golden *golden, const char *local, GBytes *object,
		       GError *error)
{
	struct iovec part;

	must(object != NULL, error);
	part.iov_base = (void *)g_bytes_get_data(object, &part.iov_len);
	must(repo_put(golden->repos->pdata[0], local, &part, 1, 0, NULL, &error), error);
}

static void add_figure(Anchor *anchor, const char *query, enum anchor_basis basis,
		       const char *before, const char *after)
{
	struct anchor_figure *figure = anchor_figure_new(
		"shop", query, "4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce");

	figure->basis = basis;
	figure->before = before ? json_loads(before, 0, NULL) : NULL;
	figure->after = after ? json_loads(after, 0, NULL) : NULL;
	figure->problem = before ? NULL : g_strdup("it did not end within 1 min");
	g_ptr_array_add(anchor->figures, figure);
}

static void make_anchor(struct golden *golden)
{
	Mark *mark = g_new0(Mark, 1);
	GError *error = NULL;

	mark->made = STARTED + USEC_PER_DAY;
	mark->timeline = 1;
	mark->lsn = 0xc0000a0;
	mark->program = g_strdup("odrbackup 0.1.0");
	mark->name = g_strdup("month-end");
	mark->host = g_strdup("db1");
	mark->system_identifier = SYSTEM;

	GBytes *object = mark_seal(mark, golden->bundle, &error);
	Anchor *anchor = anchor_of_mark(mark);

	put_object(golden, layout_mark(mark->id), object, error);
	add_figure(anchor, "builtin/trial-balance.sql", ANCHOR_IDENTICAL,
		   "{\"columns\":[\"metric\",\"key\",\"n\",\"value\"],\"rows\":["
		   "[\"balance\",\"1000\",\"2\",\"12.50\"],[\"balance\",null,\"0\",\"0\"]]}",
		   NULL);
	add_figure(anchor, "weekly/orders.sql", ANCHOR_DIFFERENT,
		   "{\"columns\":[\"n\"],\"rows\":[[\"41\"]]}",
		   "{\"columns\":[\"n\"],\"rows\":[[\"42\"]]}");
	add_figure(anchor, "weekly/slow.sql", ANCHOR_UNKNOWN, NULL, NULL);
	object = anchor_seal(anchor, golden->bundle, &error);
	put_object(golden, layout_anchor(anchor->id), object, error);
}

int main(int argc, char **argv)
{
	struct golden golden = {.expected = g_string_new(NULL)};
	struct layer_ref refs[2];
	GError *error = NULL;

	if (argc != 2 || !g_path_is_absolute(argv[1])) {
		g_printerr("usage: make DIR (absolute)\n");
		return 2;
	}
	must(crypto_init(&error) && file_make_dirs(argv[1], 0755, &error), error);
	golden.folder = argv[1];
	golden.content = g_hash_table_new(g_str_hash, g_str_equal);
	golden.entries = g_hash_table_new(g_str_hash, g_str_equal);
	make_keys(&golden);
	make_repository(&golden);

	g_autoptr(GPtrArray) objects = make_archive(&golden);

	refs[0] = make_layer(&golden, full_layer);
	make_set(&golden, GOLDEN_FULL, refs, 1, objects);
	refs[1] = make_layer(&golden, later_layer);
	make_set(&golden, GOLDEN_LATER, refs, 2, objects);
	make_anchor(&golden);
	write_text(&golden, "expected", golden.expected->str);
	return 0; /* what it allocated goes with it */
}
