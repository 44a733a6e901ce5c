#ifndef ODR_REPO_ENTRY_LIST_H
#define ODR_REPO_ENTRY_LIST_H

#include "repo/layer.h"

/*
 * The entries of a whole part, in order of path: too many for memory, and read several times. They are kept
 * encoded, in blocks of about 64 KiB, of which a reader has one in memory; a long list goes to a file
 * without a name. Blocks may be read in any order, from several threads.
 */
typedef struct entry_list EntryList;
EntryList *entry_list_new(const char *folder); /* of the file; made when it is needed */
void entry_list_free(EntryList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EntryList, entry_list_free)

bool entry_list_add(EntryList *list, const struct layer_entry *entry, GError **error);
uint64_t entry_list_count(const EntryList *list);

/* When the last entry was added: */
size_t entry_list_blocks(const EntryList *list);
struct entry_block {
	uint64_t first;	    /* number of its first entry in the list */
	GPtrArray *entries; /* struct layer_entry, owned */
};
bool entry_list_block(const EntryList *list, size_t number, struct entry_block *block,
		      GError **error);
void entry_block_clear(struct entry_block *block);
/* Calls each for every entry in order, which is freed afterwards unless stolen. */
bool entry_list_each(const EntryList *list, layer_each each, void *data, GError **error);

#endif
