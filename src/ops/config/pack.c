#include "ops/config/pack.h"

#include "base/clock.h"
#include "base/error.h"

#include <string.h>
#include <unistd.h>

/* An extent that waits for the place of the shared chunk. */
struct waiting {
	struct layer_entry *entry;
	guint extent;
};

struct config_pack {
	PackWriter *packs;
	uint64_t seed;
	GPtrArray *entries; /* struct layer_entry */
	/* The chunk that items share. */
	uint8_t *shared;
	size_t shared_size;
	GArray *waiting; /* struct waiting */
	/* The item that is being written: its extents and digests so far, and a block that is not full. */
	GArray *extents;
	GByteArray *digests;
	uint8_t *block;
	size_t block_size;
};

ConfigPack *config_pack_new(PackWriter *packs, uint64_t digest_seed)
{
	ConfigPack *pack = g_new0(ConfigPack, 1);

	pack->packs = packs;
	pack->seed = digest_seed;
	pack->entries = g_ptr_array_new_with_free_func((GDestroyNotify)layer_entry_free);
	pack->shared = g_malloc(CHUNK_MAX);
	pack->waiting = g_array_new(false, false, sizeof(struct waiting));
	pack->digests = g_byte_array_new();
	pack->block = g_malloc(CONTENT_BLOCK_SIZE);
	return pack;
}

void config_pack_free(ConfigPack *pack)
{
	if (!pack)
		return;
	g_ptr_array_unref(pack->entries);
	g_clear_pointer(&pack->extents, g_array_unref);
	g_byte_array_unref(pack->digests);
	g_array_unref(pack->waiting);
	g_free(pack->shared);
	g_free(pack->block);
	g_free(pack);
}

static bool flush_shared(ConfigPack *pack, GError **error)
{
	struct chunk_place place;

	if (pack->shared_size == 0)
		return true;
	if (!pack_writer_add(pack->packs, pack->shared, pack->shared_size, &place, NULL, error))
		return false;
	for (guint i = 0; i < pack->waiting->len; i++) {
		const struct waiting *waiting = &g_array_index(pack->waiting, struct waiting, i);

		g_array_index(waiting->entry->extents, struct extent, waiting->extent).place =
			place;
	}
	g_array_set_size(pack->waiting, 0);
	pack->shared_size = 0;
	return true;
}

/* ---- items ----------------------------------------------------------------------------------- */

static bool item_begin(void *data, GError **error)
{
	ConfigPack *pack = data;

	(void)error;
	pack->extents = g_array_new(false, true, sizeof(struct extent));
	g_byte_array_set_size(pack->digests, 0);
	pack->block_size = 0;
	return true;
}

static void digest_block(ConfigPack *pack)
{
	uint8_t digest[XXH128_SIZE];

	xxh128(pack->seed, pack->block, pack->block_size, digest);
	g_byte_array_append(pack->digests, digest, sizeof(digest));
}

/* A full block is a chunk of its own. */
static bool put_block(ConfigPack *pack, GError **error)
{
	struct extent extent = {.kind = EXTENT_DATA, .length = pack->block_size};

	digest_block(pack);
	if (!pack_writer_add(pack->packs, pack->block, pack->block_size, &extent.place, NULL,
			     error))
		return false;
	g_array_append_val(pack->extents, extent);
	pack->block_size = 0;
	return true;
}

static bool item_write(void *data, const void *bytes, size_t size, GError **error)
{
	ConfigPack *pack = data;
	const uint8_t *from = bytes;

	while (size > 0) {
		size_t part = MIN(size, CONTENT_BLOCK_SIZE - pack->block_size);

		memcpy(pack->block + pack->block_size, from, part);
		pack->block_size += part;
		from += part;
		size -= part;
		if (pack->block_size == CONTENT_BLOCK_SIZE && !put_block(pack, error))
			return false;
	}
	return true;
}

static void item_drop(void *data)
{
	ConfigPack *pack = data;

	g_clear_pointer(&pack->extents, g_array_unref);
}

/* What is left behind full blocks, into the shared chunk. */
static bool share_block(ConfigPack *pack, struct layer_entry *entry, GError **error)
{
	struct extent extent = {.kind = EXTENT_DATA, .length = pack->block_size};
	struct waiting waiting = {entry, entry->extents->len};

	if (pack->block_size > 0 || pack->digests->len == 0)
		digest_block(pack);
	if (pack->block_size == 0)
		return true;
	if (pack->block_size > CHUNK_MAX - pack->shared_size && !flush_shared(pack, error))
		return false;
	extent.slice = (uint32_t)pack->shared_size;
	memcpy(pack->shared + pack->shared_size, pack->block, pack->block_size);
	pack->shared_size += pack->block_size;
	g_array_append_val(entry->extents, extent);
	g_array_append_val(pack->waiting, waiting);
	return true;
}

static struct layer_entry *entry_of(const struct collect_item *item)
{
	struct layer_entry *entry = g_new0(struct layer_entry, 1);

	entry->path = g_strdup(item->path);
	entry->kind = item->form == COLLECT_FORM_LINK ? ENTRY_SYMLINK : ENTRY_FILE;
	entry->mode = item->mode;
	entry->uid = item->uid;
	entry->gid = item->gid;
	entry->owner = g_strdup(item->owner);
	entry->group = g_strdup(item->group);
	entry->mtime_ns = item->mtime_ns;
	entry->link = g_strdup(item->link);
	return entry;
}

static bool item_end(void *data, const struct collect_item *item, GError **error)
{
	ConfigPack *pack = data;
	struct layer_entry *entry = entry_of(item);

	g_ptr_array_add(pack->entries, entry);
	if (entry->kind == ENTRY_SYMLINK) {
		item_drop(pack);
		return true;
	}
	entry->size = item->size;
	entry->extents = g_steal_pointer(&pack->extents);
	if (!share_block(pack, entry, error))
		return false;
	content_digest_join(pack->seed, pack->digests->data, pack->digests->len / XXH128_SIZE,
			    entry->digest);
	return true;
}

struct collect_sink config_pack_sink(ConfigPack *pack)
{
	return (struct collect_sink){.begin = item_begin,
				     .write = item_write,
				     .end = item_end,
				     .drop = item_drop,
				     .data = pack};
}

/* ---- all of them ----------------------------------------------------------------------------- */

bool config_pack_index(ConfigPack *pack, const CollectIndex *index, GError **error)
{
	g_autofree char *text = collect_index_print(index);
	struct collect_item item = {.path = (char *)COLLECT_INDEX,
				    .form = COLLECT_FORM_TEXT,
				    .mode = 0600,
				    .uid = (uint32_t)geteuid(),
				    .gid = (uint32_t)getegid(),
				    .owner = (char *)"",
				    .group = (char *)"",
				    .mtime_ns = index->taken * 1000,
				    .size = strlen(text)};

	if (item.size > COLLECT_INDEX_MAX)
		return odr_fail(error, ODR_ERROR_NO_SPACE,
				"the configuration has too many items: its index would be larger "
				"than 32 MiB");
	return item_begin(pack, error) && item_write(pack, text, item.size, error) &&
	       item_end(pack, &item, error);
}

static gint by_path(gconstpointer a, gconstpointer b)
{
	const struct layer_entry *x = *(struct layer_entry *const *)a;
	const struct layer_entry *y = *(struct layer_entry *const *)b;

	return strcmp(x->path, y->path);
}

bool config_pack_finish(ConfigPack *pack, const GPtrArray **entries, GError **error)
{
	if (!flush_shared(pack, error))
		return false;
	g_ptr_array_sort(pack->entries, by_path);
	*entries = pack->entries;
	return true;
}
