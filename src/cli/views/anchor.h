#ifndef ODR_CLI_VIEWS_ANCHOR_H
#define ODR_CLI_VIEWS_ANCHOR_H

#include "repo/anchor.h"

/* How anchors are shown. */
void anchor_print(const Anchor *anchor); /* with every figure */
json_t *anchor_json(const Anchor *anchor);
void anchor_list_print(const GPtrArray *anchors); /* Anchor, oldest first */
/* "7 figures: 6 exact, 1 bounded"; g_free. */
char *anchor_summary(const Anchor *anchor);

#endif
