#ifndef ODR_STORE_ALTERATION_H
#define ODR_STORE_ALTERATION_H

#include "store/store.h"

/* What readers found to be altered in a store, and saw through: one for each object, as long as there are
 * not too many. Each is also warned of when it is found. */
#define STORE_ALTERATIONS_MAX 10000

struct store_alteration {
	char *name;
	bool hidden; /* behind a delete marker; otherwise replaced by something that is no good */
	char *what;  /* a sentence without a full stop */
	usec_t found_at; /* by this host's clock */
};
void store_alteration_free(struct store_alteration *alteration);

/* Takes those that were found since the last call: struct store_alteration. */
GPtrArray *store_alterations_take(Store *store);

/* For readers. version: the good one. why: what is wrong with what lies before it; NULL: hidden. */
void store_alteration_note(Store *store, const char *name, const struct store_object *version,
			   const char *why);

#endif
