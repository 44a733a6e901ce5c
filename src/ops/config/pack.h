#ifndef ODR_OPS_CONFIG_PACK_H
#define ODR_OPS_CONFIG_PACK_H

#include "collect/collect.h"
#include "repo/layer.h"

/*
 * The items of a configuration on their way into packs. Most are small: what is left of each behind its full
 * chunks shares a chunk with others, so that a capture is a few chunks, and compresses well.
 */
typedef struct config_pack ConfigPack;
/* digest_seed is that of content. */
ConfigPack *config_pack_new(PackWriter *packs, uint64_t digest_seed);
void config_pack_free(ConfigPack *pack);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ConfigPack, config_pack_free)

/* What collectors write to. */
struct collect_sink config_pack_sink(ConfigPack *pack);
/* The index, which is an entry of its own. */
bool config_pack_index(ConfigPack *pack, const CollectIndex *index, GError **error);
/* The last chunk goes out; entries (struct layer_entry, owned by pack) ascend by path, places are known. */
bool config_pack_finish(ConfigPack *pack, const GPtrArray **entries, GError **error);

#endif
