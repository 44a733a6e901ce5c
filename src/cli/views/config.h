#ifndef ODR_CLI_VIEWS_CONFIG_H
#define ODR_CLI_VIEWS_CONFIG_H

#include "collect/index.h"

/* A captured configuration: its collectors and items. */
void config_view_print(const char *set_id, const CollectIndex *index);
/* The document; takes nothing. */
json_t *config_view_json(const char *set_id, const CollectIndex *index);
/* "0640", "odoo:odoo" (or numbers); g_free. */
char *config_view_mode(const struct collect_item *item);
char *config_view_owner(const struct collect_item *item);

#endif
