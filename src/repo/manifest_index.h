#ifndef ODR_REPO_MANIFEST_INDEX_H
#define ODR_REPO_MANIFEST_INDEX_H

#include "repo/manifest.h"

/*
 * The sets of a repository by their names, which begin with the time at which they were begun; of them only what is asked
 * for is read. There may be one for each minute of a month, and a restore needs a few.
 */
typedef struct manifest_index ManifestIndex;
/* identity and troubles as of manifest_list; both must outlive it. */
ManifestIndex *manifest_index_open(Repo *repo, const Identity *identity, GPtrArray *troubles,
				   GError **error);
void manifest_index_free(ManifestIndex *index); /* with the manifests */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ManifestIndex, manifest_index_free)

/* By their names, so that what was begun first comes first. */
guint manifest_index_count(const ManifestIndex *index);
const char *manifest_index_set(const ManifestIndex *index, guint position);
usec_t manifest_index_stored(const ManifestIndex *index, guint position); /* as listed */
/* NULL: not read, or no set, which troubles tell. */
const Manifest *manifest_index_manifest(const ManifestIndex *index, guint position);
/* All that were read, in the order of manifest_list; valid until more are read. */
const GPtrArray *manifest_index_manifests(const ManifestIndex *index);

/* One of them becomes the caller's. */
Manifest *manifest_index_take(ManifestIndex *index, const Manifest *manifest);

/* positions: guint. What was read before is not read again. */
bool manifest_index_read(ManifestIndex *index, const GArray *positions, GError **error);
bool manifest_index_read_all(ManifestIndex *index, GError **error);

#endif
