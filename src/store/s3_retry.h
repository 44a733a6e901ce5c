#ifndef ODR_STORE_S3_RETRY_H
#define ODR_STORE_S3_RETRY_H

#include "base/clock.h"
#include "base/error.h"

/* What an answer of the store means, and whether to ask again: the only place that decides it. */
enum s3_reaction {
	S3_FAIL,	/* asking again changes nothing */
	S3_RETRY,	/* busy or broken for now: until the deadline */
	S3_RETRY_ONCE,	/* damaged on the way, perhaps */
	S3_CREDENTIALS, /* read them anew, once */
	S3_CLOCK,	/* go by the store's clock, once */
	S3_MD5,		/* it wants Content-MD5, once */
};
struct s3_meaning {
	enum s3_reaction reaction;
	enum odr_error error;
	const char *advice; /* for people; may be NULL */
};
/* code: that of the <Error>, or "". */
const struct s3_meaning *s3_meaning(unsigned status, const char *code, const char *message);

/* How long to wait before attempt number attempt (1: the first repetition): full jitter below 0.2 s,
 * doubled each time, up to 20 s; never less than the store asked for. random is in [0, 1). */
usec_t s3_pause(unsigned attempt, double random, usec_t asked);
/* The same, drawn. */
usec_t s3_pause_drawn(unsigned attempt, usec_t asked);

/*
 * What all operations of a store may repeat together, so that trouble does not multiply requests: of what is
 * answered a tenth, beside what one outage of retry_for takes. While nothing at all is answered, repetitions
 * beyond the first few come one a second, however many operations wait.
 */
struct s3_budget {
	usec_t retry_for;
	uint64_t answered, repeated;
	unsigned in_vain; /* repetitions since something was answered */
	usec_t slot;	  /* when the last of them is due */
};
/* An answer came, good or not, that is no reason to ask again. */
void s3_budget_answered(struct s3_budget *budget);
/* Whether to repeat, and how long to wait from now, 20 s at most. */
bool s3_budget_repeat(struct s3_budget *budget, usec_t now, usec_t *wait);

#endif
