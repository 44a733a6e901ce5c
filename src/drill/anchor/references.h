#ifndef ODR_DRILL_ANCHOR_REFERENCES_H
#define ODR_DRILL_ANCHOR_REFERENCES_H

#include "drill/check/sql.h"
#include "repo/anchor.h"

/* The figures of an anchor, as what a copy gives is judged by them. */
typedef struct anchor_references AnchorReferences;
AnchorReferences *anchor_references_new(Anchor *anchor); /* takes it */
void anchor_references_free(AnchorReferences *references);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AnchorReferences, anchor_references_free)

/* By database and digest of the query. Never NULL: where nothing is known it says why. What it gives is good until the
 * next call. */
const struct drill_reference *anchor_references_find(AnchorReferences *references,
						     const struct drill_question *question);

#endif
