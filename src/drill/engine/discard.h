#ifndef ODR_DRILL_ENGINE_DISCARD_H
#define ODR_DRILL_ENGINE_DISCARD_H

#include "base/json.h"
#include "drill/plan/plan.h"

/* A copy that goes. */
struct discard {
	const char *directory; /* of the sandboxes */
	const char *root;      /* the sandbox; it may be gone */
	const char *folder;    /* what is sealed in it, if anything is */
	const char *key;       /* NULL, "": it is not sealed */
	enum plan_discard how;
	GPtrArray *notes; /* char *: what went wrong is added */
};
/* What does not go is added to left. What is to be attested, new reference. */
json_t *discard(const struct discard *copy, json_t *left);
const char *discard_name(enum plan_discard how);
bool discard_parse(const char *name, enum plan_discard *how);

#endif
