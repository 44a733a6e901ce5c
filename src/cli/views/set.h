#ifndef ODR_CLI_VIEWS_SET_H
#define ODR_CLI_VIEWS_SET_H

#include "catalog/catalog.h"
#include "repo/manifest.h"

/* How sets are shown. sets: struct catalog_set, oldest first, of one service. */
void set_list_print(const GPtrArray *sets, bool with_repositories);
json_t *set_list_json(const char *service, const GPtrArray *sets);
/* One set, with what its sealed part says if it was opened. repositories: char *. */
void set_print(const Manifest *manifest, const GPtrArray *repositories);
json_t *set_json(const Manifest *manifest, const GPtrArray *repositories);

/* For people: the time without a fraction, "2026-11-21 23:05:01Z (5 min ago)"; g_free. */
char *time_with_age(usec_t time);

#endif
