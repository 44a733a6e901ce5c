#ifndef ODR_CLI_SITE_CONFIG_CHOICE_H
#define ODR_CLI_SITE_CONFIG_CHOICE_H

#include "collect/index.h"

#define CONFIG_TEXT_MAX ((uint64_t)64 << 20) /* of an item that is shown or compared */

/* The item that somebody means: by its path, by the path of the file it was, or by the end of either where
 * only one has it. NOT_FOUND, or USAGE with those that could be meant. */
bool config_choose(const CollectIndex *index, const char *name, const struct collect_item **item,
		   GError **error);

#endif
