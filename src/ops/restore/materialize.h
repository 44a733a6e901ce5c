#ifndef ODR_OPS_RESTORE_MATERIALIZE_H
#define ODR_OPS_RESTORE_MATERIALIZE_H

#include "repo/entry_list.h"

/*
 * From packs into files, by workers: one pack at a time, ranges merged, each chunk opened once; what comes
 * next is fetched meanwhile. Every file's content digest is checked. Nothing is fsynced here, but writeback is begun.
 *
 * All files are added first, then written. However many they are, memory is only that of the workers:
 * what is to be written, by pack and offset, goes to files without names where it is long.
 */
struct materialize_settings {
	Repo *repo;
	const Identity *identity;
	const GPtrArray *tables; /* Table: the packs of the entries, numbered through all of them */
	uint64_t digest_seed;
	unsigned workers;
	bool set_owner;	   /* running as root: chown to the entry's owner */
	const char *spool; /* folder for what is long */
	/* Several times a second in the calling thread, or NULL. */
	void (*tick)(void *data, uint64_t bytes_done);
	void *tick_data;
};
typedef struct materializer Materializer;
Materializer *materializer_new(
	const struct materialize_settings *settings); /* borrows what is named */
void materializer_free(Materializer *all);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Materializer, materializer_free)
/* A file that does not exist yet, in a folder that does. CORRUPT: no file can be like this entry. */
bool materializer_add(Materializer *all, const struct layer_entry *entry, const char *path,
		      GError **error);
bool materializer_run(Materializer *all, GError **error);

/* Which files of a list are on disk already with the same content (delta). */
struct materialize_comparison {
	const struct materialize_settings *settings;
	const EntryList *entries;
	/* Where a file belongs (g_free), or NULL: nowhere. Called by the workers. */
	char *(*path_of)(const void *data, const struct layer_entry *entry);
	const void *data;
};
/* kept: one for each entry of the list; it is set for files that are as they should be. Their
 * attributes are made right. */
bool materialize_compare(const struct materialize_comparison *comparison, bool *kept,
			 GError **error);

#endif
