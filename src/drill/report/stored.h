#ifndef ODR_DRILL_REPORT_STORED_H
#define ODR_DRILL_REPORT_STORED_H

#include "drill/evidence/audit.h"

/*
 * Where records and checkpoints were stored, as the receipts beside them say, and how far the audit chain goes. Signatures
 * are not looked at here: that is what odrbackup evidence verify is for, and reports say so.
 */
struct stored_copy {
	char *repository, *name, *version, *mode; /* version, mode may be NULL */
	usec_t stored_at, locked_until;		  /* 0: not said; not locked */
	bool same;				  /* what was stored is what is here */
};
void stored_copy_free(void *copy);
/* Copies of one file that a receipt names: struct stored_copy. NULL: there is no receipt, or it is none. */
GPtrArray *stored_copies(const char *receipt, const char *file, const char *sha256);

struct stored_chain {
	bool known;		/* false: there is no chain, or it has a */
	char *trouble;		/* why it cannot be read; NULL: it can */
	struct audit_head head; /* of the last good line */
	bool broken;
	char *checkpoint;   /* id of the newest; NULL: there is none */
	uint64_t signed_to; /* line */
	usec_t signed_at;   /* as it says itself */
	bool disagrees; /* that line is another, or not there: the chain was cut, made anew, or removed */
	GPtrArray *copies; /* struct stored_copy of it; NULL: it was not stored */
};
/* What cannot be read is its trouble. */
void stored_chain_read(const char *state, struct stored_chain *chain);
void stored_chain_clear(struct stored_chain *chain);

#endif
