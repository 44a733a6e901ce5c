#ifndef ODR_STORE_DIAGNOSE_STEPS_H
#define ODR_STORE_DIAGNOSE_STEPS_H

#include "store/diagnose.h"

/* What the drivers' diagnoses are made of. */
#define STORE_PROBE_FREE   "free"
#define STORE_PROBE_LOCKED "locked"
struct diagnose {
	Store *store;
	const struct store_inquiry *inquiry;
	StoreDiagnosis *out;
	char *probe;		 /* name of the probe */
	bool probe_stored;	 /* and not removed */
	char probe_version[128]; /* "": none */
};

/* advice may be NULL; saw by format. */
struct store_step *diagnose_add(struct diagnose *diagnose, const char *name,
				enum store_step_state state, const char *advice,
				const char *saw_format, ...) G_GNUC_PRINTF(5, 6);
/* Says for each of names that has no step yet that it was not looked at, and why. */
void diagnose_skip(struct diagnose *diagnose, const char *const *names, const char *why);

/* A proof that was asked for, where there is nothing to prove. */
void diagnose_no_proof(struct diagnose *diagnose, const char *why);

enum store_right { STORE_RIGHT_PUT, STORE_RIGHT_READ, STORE_RIGHT_LIST, STORE_RIGHT_REMOVE };
/* The step of a right, judged by the role. known UNKNOWN: cause says why. */
void diagnose_right(struct diagnose *diagnose, enum store_right right, enum store_known known,
		    const char *saw);

/* The steps that every driver can be asked for. They go through the store's own interface. */
void diagnose_put(struct diagnose *diagnose);
void diagnose_read(struct diagnose *diagnose);
void diagnose_list(struct diagnose *diagnose);
void diagnose_remove(struct diagnose *diagnose);
/* YES; NO where the store refuses; else UNKNOWN. */
enum store_known diagnose_known(bool done, const GError *cause);

#endif
