#include "repo/entry_list.h"

#include "base/error.h"
#include "base/spool.h"

#define BLOCK_SIZE ((guint)64 << 10)

struct place {
	uint64_t offset, first;
};

struct entry_list {
	Spool *spool;
	GByteArray *last; /* the block that is being filled */
	GArray *places;	  /* struct place: of the others, and of this one */
	uint64_t count;
};

EntryList *entry_list_new(const char *folder)
{
	EntryList *list = g_new0(EntryList, 1);

	list->spool = spool_new(folder);
	list->last = g_byte_array_new();
	list->places = g_array_new(false, false, sizeof(struct place));
	return list;
}

void entry_list_free(EntryList *list)
{
	if (!list)
		return;
	spool_free(list->spool);
	g_byte_array_unref(list->last);
	g_array_unref(list->places);
	g_free(list);
}

bool entry_list_add(EntryList *list, const struct layer_entry *entry, GError **error)
{
	if (list->last->len == 0) {
		struct place place = {spool_size(list->spool), list->count};

		g_array_append_val(list->places, place);
	}
	layer_entry_encode(entry, list->last);
	list->count++;
	if (list->last->len < BLOCK_SIZE)
		return true;
	if (!spool_append(list->spool, list->last->data, list->last->len, error))
		return false;
	g_byte_array_set_size(list->last, 0);
	return true;
}

uint64_t entry_list_count(const EntryList *list)
{
	return list->count;
}

size_t entry_list_blocks(const EntryList *list)
{
	return list->places->len;
}

static bool parse_block(const void *bytes, size_t size, uint64_t first, struct entry_block *block,
			GError **error)
{
	struct entry_block parsed = {.first = first};

	if (!layer_entries_parse(bytes, size, UINT32_MAX, &parsed.entries, error))
		return false;
	*block = parsed;
	return true;
}

bool entry_list_block(const EntryList *list, size_t number, struct entry_block *block,
		      GError **error)
{
	const struct place *place = &g_array_index(list->places, struct place, number);
	uint64_t size = spool_size(list->spool) - place->offset;

	if (number + 1 < list->places->len)
		size = place[1].offset - place->offset;
	else if (list->last->len > 0)
		return parse_block(list->last->data, list->last->len, place->first, block, error);

	g_autofree uint8_t *bytes = g_malloc(size);

	return spool_read(list->spool, place->offset, bytes, size, error) &&
	       parse_block(bytes, size, place->first, block, error);
}

void entry_block_clear(struct entry_block *block)
{
	g_clear_pointer(&block->entries, g_ptr_array_unref);
}

static bool each_of_block(const struct entry_block *block, layer_each each, void *data,
			  GError **error)
{
	for (guint i = 0; i < block->entries->len; i++)
		if (!each(data, (struct layer_entry **)&block->entries->pdata[i], error))
			return false;
	return true;
}

bool entry_list_each(const EntryList *list, layer_each each, void *data, GError **error)
{
	for (size_t i = 0; i < list->places->len; i++) {
		struct entry_block block;
		bool done;

		if (!entry_list_block(list, i, &block, error))
			return false;
		done = each_of_block(&block, each, data, error);
		entry_block_clear(&block);
		if (!done)
			return false;
	}
	return true;
}
