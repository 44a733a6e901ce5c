#ifndef ODR_REPO_LAYER_MERGE_H
#define ODR_REPO_LAYER_MERGE_H

#include "repo/layer_file.h"

/*
 * What several layers, laid over one another, show: of each path the entry of the newest layer that has
 * one, unless a tombstone, or a later entry that is no directory, took away what lay there or above. In
 * order of path. Patches are not put together: an entry that inherits is REFUSED.
 */
typedef struct layer_merge LayerMerge;
struct layer_merge_settings {
	const GPtrArray *files; /* LayerFile, oldest first; they must outlive the merge */
	/* Show tombstones of the newest layer that has the path, too: the layers lie over others that are
	 * not here. What a tombstone takes away below it must then have tombstones of its own. */
	bool tombstones;
};
LayerMerge *layer_merge_new(const struct layer_merge_settings *settings);
void layer_merge_free(LayerMerge *merge);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LayerMerge, layer_merge_free)

/* Go on at the first path that is not less than this one. Forgets what was taken away above: to be used
 * where nothing is, or where tombstones are explicit. */
bool layer_merge_seek(LayerMerge *merge, const char *path, GError **error);
struct merged_entry {
	struct local_entry local; /* the merge's until the next call; its path is NULL at the end */
	guint layer;		  /* number of its file */
};
bool layer_merge_next(LayerMerge *merge, struct merged_entry *merged, GError **error);

#endif
