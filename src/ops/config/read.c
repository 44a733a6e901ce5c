#include "ops/config/read.h"

#include "base/error.h"
#include "base/file.h"
#include "base/stop.h"
#include "repo/pack.h"

#include <string.h>

struct config_read {
	Repo *repo;
	const Identity *identity;
	const struct set_part *part;
	Table *table;
	GHashTable *entries; /* path → struct layer_entry */
	PackReader *reader;  /* of the pack that was read last */
	uint32_t pack;
	struct chunk_place chunk; /* what is in plain; plain_size 0: nothing */
	uint8_t *plain;
	CollectIndex *index;
};

void config_read_free(ConfigRead *config)
{
	if (!config)
		return;
	g_clear_pointer(&config->table, table_free);
	g_hash_table_unref(config->entries);
	g_clear_pointer(&config->reader, pack_reader_free);
	g_clear_pointer(&config->index, collect_index_free);
	g_free(config->plain);
	g_free(config);
}

static bool take_entry(void *data, struct layer_entry **entry, GError **error)
{
	ConfigRead *config = data;

	(void)error;
	g_hash_table_insert(config->entries, (*entry)->path, *entry);
	*entry = NULL;
	return true;
}

static bool read_layer(ConfigRead *config, GError **error)
{
	const struct layer_ref *ref = &g_array_index(config->part->layers, struct layer_ref, 0);

	if (config->part->layers->len != 1)
		return odr_fail(error, ODR_ERROR_CORRUPT, "a configuration has one layer, not %u",
				config->part->layers->len);
	return layer_load(&(struct layer_source){config->repo, config->identity,
						 config->part->generation, ref},
			  &config->table, take_entry, config, error);
}

/* ---- content --------------------------------------------------------------------------------- */

/* The chunk of this place, opened. */
static bool open_chunk_at(ConfigRead *config, const struct chunk_place *place, GError **error)
{
	const struct pack_row *row;

	if (config->chunk.plain_size && memcmp(&config->chunk, place, sizeof(*place)) == 0)
		return true;
	config->chunk.plain_size = 0;
	if (!config->reader || config->pack != place->pack) {
		g_clear_pointer(&config->reader, pack_reader_free);
		row = &g_array_index(config->table->rows, struct pack_row, place->pack);
		config->reader = pack_reader_open(config->repo, config->identity,
						  config->table->generation, row, error);
		config->pack = place->pack;
	}
	if (!config->reader || !pack_reader_chunk(config->reader, place, config->plain, error))
		return false;
	config->chunk = *place;
	return true;
}

/* A file on its way: what it must be. */
struct check {
	struct sha256 *sha256;
	GByteArray *blocks; /* digests */
	uint8_t *block;
	size_t block_size;
	uint64_t seed;
};

static void check_block(struct check *check)
{
	uint8_t digest[XXH128_SIZE];

	xxh128(check->seed, check->block, check->block_size, digest);
	g_byte_array_append(check->blocks, digest, sizeof(digest));
	check->block_size = 0;
}

static void check_bytes(struct check *check, const uint8_t *bytes, size_t size)
{
	sha256_update(check->sha256, bytes, size);
	while (size > 0) {
		size_t part = MIN(size, CONTENT_BLOCK_SIZE - check->block_size);

		memcpy(check->block + check->block_size, bytes, part);
		check->block_size += part;
		bytes += part;
		size -= part;
		if (check->block_size == CONTENT_BLOCK_SIZE)
			check_block(check);
	}
}

static bool check_ends(struct check *check, const struct layer_entry *entry,
		       const struct collect_item *item, GError **error)
{
	uint8_t digest[XXH128_SIZE], sha256[SHA256_SIZE];

	if (check->block_size > 0)
		check_block(check);
	content_digest_join(check->seed, check->blocks->data, check->blocks->len / XXH128_SIZE,
			    digest);
	sha256_final(check->sha256, sha256);
	if (memcmp(digest, entry->digest, sizeof(digest)) != 0 ||
	    (item && memcmp(sha256, item->sha256, sizeof(sha256)) != 0))
		return odr_fail(error, ODR_ERROR_CORRUPT, "'%s' is not what was captured",
				entry->path);
	return true;
}

static bool read_extent(ConfigRead *config, const struct extent *extent, struct check *check,
			config_read_take take, void *data, GError **error)
{
	static const uint8_t zeros[65536];
	uint64_t left = extent->length;

	if (extent->kind == EXTENT_DATA) {
		if (!open_chunk_at(config, &extent->place, error))
			return false;
		check_bytes(check, config->plain + extent->slice, (size_t)left);
		return take(data, config->plain + extent->slice, (size_t)left, error);
	}
	if (extent->kind != EXTENT_ZERO)
		return odr_fail(error, ODR_ERROR_CORRUPT, "the configuration has a patch");
	while (left > 0) {
		size_t part = (size_t)MIN(left, sizeof(zeros));

		check_bytes(check, zeros, part);
		if (!take(data, zeros, part, error))
			return false;
		left -= part;
	}
	return true;
}

static bool read_entry(ConfigRead *config, const struct layer_entry *entry,
		       const struct collect_item *item, config_read_take take, void *data,
		       GError **error)
{
	struct check check = {.sha256 = sha256_new(),
			      .blocks = g_byte_array_new(),
			      .block = g_malloc(CONTENT_BLOCK_SIZE),
			      .seed = digest_seed(config->identity->digest_secret, "content")};
	bool done = true;

	for (guint i = 0; done && i < entry->extents->len; i++)
		done = read_extent(config, &g_array_index(entry->extents, struct extent, i), &check,
				   take, data, error);
	done = done && check_ends(&check, entry, item, error);
	sha256_free(check.sha256);
	g_byte_array_unref(check.blocks);
	g_free(check.block);
	return done || odr_context(error, "cannot read '%s'", entry->path);
}

static const struct layer_entry *find_entry(ConfigRead *config, const char *path, GError **error)
{
	const struct layer_entry *entry = g_hash_table_lookup(config->entries, path);

	if (!entry || entry->kind != ENTRY_FILE) {
		odr_fail(error, ODR_ERROR_CORRUPT, "the configuration has no file '%s'", path);
		return NULL;
	}
	return entry;
}

bool config_read_stream(ConfigRead *config, const struct collect_item *item, config_read_take take,
			void *data, GError **error)
{
	const struct layer_entry *entry = find_entry(config, item->path, error);

	if (entry && entry->size != item->size)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"'%s' has another size than the index says", item->path);
	return entry && read_entry(config, entry, item, take, data, error);
}

struct output {
	int fd;
	off_t offset;
};

static bool write_bytes(void *data, const void *bytes, size_t size, GError **error)
{
	struct output *output = data;

	if (!stop_check(error) || !file_pwrite(output->fd, bytes, size, output->offset, error))
		return false;
	output->offset += (off_t)size;
	return true;
}

bool config_read_file(ConfigRead *config, const struct collect_item *item, int fd, GError **error)
{
	struct output output = {.fd = fd};

	return config_read_stream(config, item, write_bytes, &output, error);
}

static bool append(void *data, const void *bytes, size_t size, GError **error)
{
	(void)error;
	g_byte_array_append(data, bytes, (guint)size);
	return true;
}

bool config_read_item(ConfigRead *config, const struct collect_item *item, uint64_t limit,
		      GBytes **content, GError **error)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	g_autofree char *most = size_format(limit);

	if (item->size > limit)
		return odr_fail(error, ODR_ERROR_REFUSED, "'%s' has more than %s", item->path,
				most);
	if (!config_read_stream(config, item, append, bytes, error))
		return false;
	*content = g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
	return true;
}

/* ---- opening --------------------------------------------------------------------------------- */

static bool read_index(ConfigRead *config, GError **error)
{
	const struct layer_entry *entry = find_entry(config, COLLECT_INDEX, error);
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	if (!entry)
		return false;
	if (entry->size > COLLECT_INDEX_MAX)
		return odr_fail(error, ODR_ERROR_CORRUPT, "the index has more than 32 MiB");
	return read_entry(config, entry, NULL, append, bytes, error) &&
	       collect_index_parse((const char *)bytes->data, bytes->len, &config->index, error);
}

/* Every item is there as the index says, and nothing else is. */
static bool check_entries(const ConfigRead *config, GError **error)
{
	const GPtrArray *items = config->index->items;

	for (guint i = 0; i < items->len; i++) {
		const struct collect_item *item = items->pdata[i];
		const struct layer_entry *entry = g_hash_table_lookup(config->entries, item->path);
		enum entry_kind kind = item->form == COLLECT_FORM_LINK ? ENTRY_SYMLINK : ENTRY_FILE;

		if (!entry || entry->kind != kind || g_strcmp0(entry->link, item->link) != 0)
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"the index has '%s', which is not there so", item->path);
	}
	if (g_hash_table_size(config->entries) != items->len + 1)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"the configuration has files that its index does not have");
	return true;
}

ConfigRead *config_read_open(Repo *repo, const Identity *identity, const Manifest *manifest,
			     GError **error)
{
	g_autoptr(ConfigRead) config = g_new0(ConfigRead, 1);

	config->repo = repo;
	config->identity = identity;
	config->part = manifest_part(manifest, PART_CONFIG);
	config->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
						(GDestroyNotify)layer_entry_free);
	config->plain = g_malloc(CHUNK_MAX);
	if (!config->part) {
		odr_fail(error, ODR_ERROR_NOT_FOUND, "set %s has no configuration",
			 manifest->set_id);
		return NULL;
	}
	if (read_layer(config, error) && read_index(config, error) && check_entries(config, error))
		return g_steal_pointer(&config);
	odr_context(error, "cannot read the configuration of set %s", manifest->set_id);
	return NULL;
}

const CollectIndex *config_read_index(const ConfigRead *config)
{
	return config->index;
}

const struct layer_entry *config_read_entry(const ConfigRead *config,
					    const struct collect_item *item)
{
	const struct layer_entry *entry = g_hash_table_lookup(config->entries, item->path);

	g_assert(entry);
	return entry;
}
