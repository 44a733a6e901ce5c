#ifndef ODR_CLI_VIEWS_MARK_H
#define ODR_CLI_VIEWS_MARK_H

#include "base/json.h"
#include "catalog/catalog.h"

/* How marks are shown: struct catalog_mark, oldest first, of one service. */
void mark_list_print(const GPtrArray *marks);
json_t *mark_list_json(const char *service, const GPtrArray *marks); /* new reference */

/* The marks of a service: of its repositories, through the catalog; what cannot be asked is a warning. */
struct context;
bool mark_list_read(struct context *context, GPtrArray **marks, GError **error);

#endif
