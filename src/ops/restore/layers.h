#ifndef ODR_OPS_RESTORE_LAYERS_H
#define ODR_OPS_RESTORE_LAYERS_H

#include "repo/layer_file.h"
#include "repo/manifest.h"

/*
 * The layers of several captures, several of them at a time: a capture may have 32, and each takes three requests.
 * What they hold goes to files, in memory are only those that are being read.
 */
struct restore_layer {
	LayerFile *file;     /* its entries */
	Table *table;	     /* its packs */
	uint32_t first_pack; /* number of its first pack among those of all layers */
};
struct restore_layers_settings {
	Repo *repo;
	const Identity *identity;
	const char *part;   /* of the captures */
	const char *folder; /* for the files */
};
typedef struct restore_layers RestoreLayers;
RestoreLayers *restore_layers_new(const struct restore_layers_settings *settings);
void restore_layers_free(RestoreLayers *layers);
/* What is there already is not read again. Without tombstones these are left out. */
void restore_layers_add(RestoreLayers *layers, const Manifest *manifest, bool tombstones);
/* Of struct restore_layer, in the order in which they were added; NULL: error says why. Owned by layers. */
const GArray *restore_layers_read(RestoreLayers *layers, GError **error);

#endif
