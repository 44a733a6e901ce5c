#ifndef ODR_OPS_MATERIALIZE_H
#define ODR_OPS_MATERIALIZE_H

#include "repo/layer.h"

/*
 * From packs into files, by workers: one pack at a time, ranges merged, each chunk opened once. Every
 * file's content digest is checked. Nothing is fsynced here, but writeback is begun.
 */
struct materialize_file {
	const struct layer_entry *entry; /* a file; borrowed */
	char *path;			 /* where it goes; its folder exists */
	guint table;			 /* of its extents, in settings->tables */
};
void materialize_file_free(struct materialize_file *file);

struct materialize_settings {
	Repo *repo;
	const Identity *identity;
	const GPtrArray *tables; /* Table */
	uint64_t digest_seed;
	unsigned workers;
	bool set_owner; /* running as root: chown to the entry's owner */
	/* Several times a second in the calling thread, or NULL. */
	void (*tick)(void *data, uint64_t bytes_done);
	void *tick_data;
};
/* files: struct materialize_file; none of them exists yet. */
bool materialize(const struct materialize_settings *settings, const GPtrArray *files,
		 GError **error);

/* Which of the files are on disk already with the same content: kept[i] is set (delta). */
bool materialize_compare(const struct materialize_settings *settings, const GPtrArray *files,
			 bool *kept, GError **error);

#endif
