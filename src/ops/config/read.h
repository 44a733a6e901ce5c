#ifndef ODR_OPS_CONFIG_READ_H
#define ODR_OPS_CONFIG_READ_H

#include "collect/index.h"
#include "repo/manifest.h"

/* The captured configuration of a set: its index, and items on demand. One thread. */
typedef struct config_read ConfigRead;
/* NOT_FOUND: the set has no configuration. */
ConfigRead *config_read_open(Repo *repo, const Identity *identity, const Manifest *manifest,
			     GError **error);
void config_read_free(ConfigRead *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ConfigRead, config_read_free)

const CollectIndex *config_read_index(const ConfigRead *config);
/* Content of an item of the index, of at most limit bytes, against its digests. A link has none. */
bool config_read_item(ConfigRead *config, const struct collect_item *item, uint64_t limit,
		      GBytes **content, GError **error);
/* Content of an item as it comes, whatever its size. */
typedef bool (*config_read_take)(void *data, const void *bytes, size_t size, GError **error);
bool config_read_stream(ConfigRead *config, const struct collect_item *item, config_read_take take,
			void *data, GError **error);
/* The same into a new file, from its beginning; STOPPED: a signal came. */
bool config_read_file(ConfigRead *config, const struct collect_item *item, int fd, GError **error);

/* Its entry in the layer; never NULL. */
const struct layer_entry *config_read_entry(const ConfigRead *config,
					    const struct collect_item *item);

#endif
