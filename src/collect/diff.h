#ifndef ODR_COLLECT_DIFF_H
#define ODR_COLLECT_DIFF_H

#include "collect/index.h"

/* What changed from one captured configuration to another. Pure. */
enum collect_change_kind {
	COLLECT_ADDED,
	COLLECT_REMOVED,
	COLLECT_CHANGED,    /* content, or where a link leads */
	COLLECT_ATTRIBUTES, /* mode or owner only */
};
const char *collect_change_name(enum collect_change_kind kind);
struct collect_change {
	enum collect_change_kind kind;
	const struct collect_item *before, *after; /* of the indexes; NULL where there is none */
	bool attributes;			   /* mode or owner changed, too */
};
/* struct collect_change, ascending by path. Times of modification do not count. */
GPtrArray *collect_diff_items(const CollectIndex *before, const CollectIndex *after);

/* A collector whose state is another one. */
struct collect_state_change {
	const char *name;
	const char *before, *after; /* names of states; NULL: it was not asked for */
};
GArray *collect_diff_states(const CollectIndex *before, const CollectIndex *after);

/* What changed in a table: a row that came or went or is another (fact NULL), or a fact of one. NULL: there is
 * none. */
struct collect_row_change {
	char *row, *fact;
	json_t *before, *after;
};
/* For people: text as it is, an object as "name value, name value"; g_free. */
char *collect_value_text(const json_t *value);
/* Ascending by row and fact. Both must be JSON objects, else CORRUPT. */
bool collect_diff_tables(const char *before, size_t before_size, const char *after,
			 size_t after_size, GPtrArray **changes, GError **error);

#endif
