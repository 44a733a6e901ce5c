#ifndef ODR_DRILL_EVIDENCE_PAST_H
#define ODR_DRILL_EVIDENCE_PAST_H

#include "crypto/evidence_trust.h"

/* What a check of a plan came to in earlier drills, by their signed records on this host. */
struct evidence_past {
	const char *state;
	const struct evidence_trust *trust;
	const char *plan, *check;
	const char *database; /* NULL: it has none */
	const char
		*sha256; /* of its query: with another one it was another figure; "": it has none */
	unsigned most;
};
/* Numbers (double), newest first. Records that cannot be believed count for nothing. */
GArray *evidence_past(const struct evidence_past *past);

#endif
