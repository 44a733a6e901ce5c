#ifndef ODR_CLI_VIEWS_DIFF_H
#define ODR_CLI_VIEWS_DIFF_H

#include "ops/config/read.h"

/* What changed between two sets: of database and filestore in summary, of the configuration item by item. */
struct set_difference {
	const Manifest *before, *after;
	ConfigRead *config_before, *config_after; /* NULL: the set has none, or it is not wanted */
	const char *part;			  /* only this one; NULL: all */
	bool brief;				  /* names, not contents */
};
bool diff_view_print(const struct set_difference *difference, GError **error);
/* *document: new reference. */
bool diff_view_json(const struct set_difference *difference, json_t **document, GError **error);

/* diff_detail.c: what changed within an item. Nothing is set where there is no more to say: links, what is not
 * text, what came or went. */
struct diff_detail {
	char *text;	 /* hunks */
	GPtrArray *rows; /* struct collect_row_change */
	bool too_large;
};
struct collect_change;
bool diff_detail_read(const struct set_difference *difference, const struct collect_change *change,
		      struct diff_detail *detail, GError **error);
void diff_detail_clear(struct diff_detail *detail);

#endif
